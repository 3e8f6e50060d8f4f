#include "recorder.h"
#include "mailbox.h" /* FRAME_SAMPLES */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define HEAD_BYTES 44
#define SAMPLE_BYTES 4 /* both sides */
#define RATE 8000

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

/* RIFF WAVE, PCM (Microsoft Multimedia Programming Interface 1.0): sizes at 4 and 40. */
static int write_head(int fd, uint64_t samples)
{
    uint8_t head[HEAD_BYTES] = "RIFF....WAVEfmt \x10\0\0\0\x01\0\x02\0ratebyte\x04\0\x10\0data";
    uint64_t bytes = samples * SAMPLE_BYTES;
    if (bytes > UINT32_MAX - HEAD_BYTES)
        bytes = UINT32_MAX - HEAD_BYTES; /* 37 hours: players read on to the end */
    put32(head + 4, (uint32_t)bytes + HEAD_BYTES - 8);
    put32(head + 24, RATE);
    put32(head + 28, RATE * SAMPLE_BYTES);
    put32(head + 40, (uint32_t)bytes);
    ssize_t put = pwrite(fd, head, HEAD_BYTES, 0);
    return put == HEAD_BYTES ? 0 : put < 0 ? errno : ENOSPC;
}

int recorder_open(struct recorder *r, int fd)
{
    r->fd = fd;
    return write_head(fd, 0);
}

void recorder_push(struct recorder *r, const int16_t *left, const int16_t *right)
{
    uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    if (head - tail + FRAME_SAMPLES > RECORDER_RING) {
        atomic_fetch_add_explicit(&r->dropped, FRAME_SAMPLES, memory_order_relaxed);
        return;
    }
    for (int i = 0; i < FRAME_SAMPLES; i++) {
        int16_t *at = r->ring[(head + (uint64_t)i) % RECORDER_RING];
        at[0] = left != NULL ? left[i] : 0;
        at[1] = right != NULL ? right[i] : 0;
    }
    atomic_store_explicit(&r->head, head + FRAME_SAMPLES, memory_order_release);
}

/* Writes ring[tail..head) at its place in the file; 0 or errno. */
static int write_out(struct recorder *r, uint64_t tail, uint64_t head)
{
    while (tail < head) {
        uint64_t run = RECORDER_RING - tail % RECORDER_RING;
        size_t want = (size_t)(run < head - tail ? run : head - tail) * SAMPLE_BYTES;
        off_t at = (off_t)(HEAD_BYTES + tail * SAMPLE_BYTES);
        ssize_t put = pwrite(r->fd, r->ring[tail % RECORDER_RING], want, at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno;
        if (put < SAMPLE_BYTES) /* the last bytes of the disk: trying again would succeed for ever */
            return ENOSPC;
        tail += (uint64_t)put / SAMPLE_BYTES;
        atomic_store_explicit(&r->tail, tail, memory_order_release);
    }
    return 0;
}

static void finish(struct recorder *r, int error)
{
    uint64_t samples = atomic_load(&r->tail);
    if (error != 0 && ftruncate(r->fd, (off_t)(HEAD_BYTES + samples * SAMPLE_BYTES)) == 0)
        write_head(r->fd, samples);
    if (close(r->fd) < 0 && error == 0)
        error = errno;
    r->fd = -1;
    atomic_store(&r->error, error);
}

bool recorder_drain(struct recorder *r)
{
    int state = atomic_load_explicit(&r->state, memory_order_acquire);
    if (state != RECORDER_ON && state != RECORDER_ENDING)
        return false;
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&r->head, memory_order_acquire);
    int error = head == tail ? 0 : write_out(r, tail, head);
    if (error == 0 && head != tail)
        error = write_head(r->fd, head);
    if (error == 0 && state == RECORDER_ON)
        return false;
    finish(r, error);
    return true;
}
