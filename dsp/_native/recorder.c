#include "recorder.h"
#include "g711.h"
#include <errno.h>
#include <string.h>
#include <sys/file.h> /* flock */
#include <unistd.h>

#define SIDES 2
#define RATE 8000
#define PIECE 8192 /* stereo samples coded at a time */

static bool is_pcm(const struct recorder *r) { return r->format == RECORDER_PCM16; }

static uint32_t stereo_bytes(const struct recorder *r) { return is_pcm(r) ? 2 * SIDES : SIDES; }

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value);
    put16(at + 2, value >> 16);
}

/* The chunk of the format: WAVE_FORMAT_PCM 1, _ALAW 6 or _MULAW 7 (RFC 2361), the last two with cbSize 0. */
static void put_format(const struct recorder *r, uint8_t *head)
{
    static const uint8_t TAG[] = {[RECORDER_PCM16] = 1, [RECORDER_ALAW] = 6, [RECORDER_ULAW] = 7};
    memcpy(head + 12, "fmt ", 4);
    put32(head + 16, is_pcm(r) ? 16 : 18);
    put16(head + 20, TAG[r->format]);
    put16(head + 22, SIDES);
    put32(head + 24, RATE);
    put32(head + 28, RATE * stereo_bytes(r));
    put16(head + 32, stereo_bytes(r));
    put16(head + 34, 8 * stereo_bytes(r) / SIDES);
}

/* RIFF WAVE (Microsoft Multimedia Programming Interface 1.0), all but its sizes. What is not PCM has a longer
 * `fmt ` and a `fact` with the number of samples. */
static void make_head(struct recorder *r, const void *info, uint32_t info_bytes)
{
    uint8_t *head = r->head_of_file;
    uint32_t at = 36;
    memcpy(head, "RIFF....WAVE", 12);
    put_format(r, head);
    if (!is_pcm(r)) {
        put16(head + at, 0); /* cbSize: no more parameters */
        memcpy(head + at + 2, "fact\4\0\0\0", 8);
        r->fact_at = at + 10;
        at += 14;
    }
    if (info_bytes > 0)
        memcpy(head + at, info, info_bytes);
    memcpy(head + at + info_bytes, "data", 4);
    r->head_bytes = at + info_bytes + 8;
}

/* The sizes end at 4 GiB: 37 hours of PCM, 74 of a law; after that they stay, and players read on to the end. */
static int write_head(struct recorder *r, uint64_t samples)
{
    uint32_t size = r->head_bytes, most = (UINT32_MAX - size) / stereo_bytes(r);
    uint32_t told = samples < most ? (uint32_t)samples : most, bytes = told * stereo_bytes(r);
    put32(r->head_of_file + 4, bytes + size - 8);
    if (r->fact_at > 0)
        put32(r->head_of_file + r->fact_at, told);
    put32(r->head_of_file + size - 4, bytes);
    ssize_t put = pwrite(r->fd, r->head_of_file, size, 0);
    return put == size ? 0 : put < 0 ? errno : ENOSPC;
}

int recorder_open(struct recorder *r, int fd, enum recorder_format format, const void *info, uint32_t info_bytes)
{
    if (info_bytes > RECORDER_INFO)
        return E2BIG;
    r->fd = fd;
    r->format = format;
    make_head(r, info, info_bytes);
    flock(fd, LOCK_EX | LOCK_NB); /* where the file system has no locks, it is recorded all the same */
    return write_head(r, 0);
}

void recorder_silence(struct recorder *r, int side, uint64_t samples)
{
    uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed), held = r->pushed - head;
    for (uint64_t at = r->pushed - (samples < held ? samples : held); r->mask && at < r->pushed; at++)
        r->ring[at % RECORDER_RING][side] = 0;
}

void recorder_release(struct recorder *r) { atomic_store(&r->head, r->pushed); }

void recorder_push(struct recorder *r, const int16_t *left, const int16_t *right)
{
    uint64_t at = r->pushed;
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    if (at - tail + FRAME_SAMPLES > RECORDER_RING) {
        atomic_fetch_add_explicit(&r->dropped, FRAME_SAMPLES, memory_order_relaxed);
        return;
    }
    bool paused = atomic_load_explicit(&r->paused, memory_order_relaxed);
    left = paused ? NULL : left;
    right = paused ? NULL : right;
    for (int i = 0; i < FRAME_SAMPLES; i++) {
        int16_t *to = r->ring[(at + (uint64_t)i) % RECORDER_RING];
        to[0] = left != NULL ? left[i] : 0;
        to[1] = right != NULL ? right[i] : 0;
    }
    r->pushed = at += FRAME_SAMPLES;
    uint64_t held = !r->mask ? 0 : at < RECORDER_HELD ? at : RECORDER_HELD;
    atomic_store_explicit(&r->head, at - held, memory_order_release);
}

/* The bytes of `count` stereo samples in the file's format; PCM is in the ring as it is in the file. */
static const void *coded(const struct recorder *r, uint64_t first, size_t count, uint8_t *to)
{
    const int16_t *from = r->ring[first % RECORDER_RING];
    if (r->format == RECORDER_ALAW)
        g711_alaw_from_s16(to, from, SIDES * count);
    else if (r->format == RECORDER_ULAW)
        g711_ulaw_from_s16(to, from, SIDES * count);
    else
        return from;
    return to;
}

/* How many samples from `tail` on lie in one piece of the ring, and fit the buffer of what is coded. */
static size_t next_run(const struct recorder *r, uint64_t tail, uint64_t head)
{
    uint64_t run = RECORDER_RING - tail % RECORDER_RING;
    run = run < head - tail ? run : head - tail;
    return is_pcm(r) || run < PIECE ? run : PIECE;
}

/* Writes ring[tail..head) at its place in the file; 0 or errno. */
static int write_out(struct recorder *r, uint64_t tail, uint64_t head)
{
    uint8_t piece[SIDES * PIECE];
    uint32_t each = stereo_bytes(r);
    while (tail < head) {
        size_t count = next_run(r, tail, head);
        const void *bytes = coded(r, tail, count, piece);
        ssize_t put = pwrite(r->fd, bytes, count * each, (off_t)(r->head_bytes + tail * each));
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno;
        if (put < (ssize_t)each) /* the last bytes of the disk: trying again would succeed for ever */
            return ENOSPC;
        tail += (uint64_t)put / each;
        atomic_store_explicit(&r->tail, tail, memory_order_release);
    }
    return 0;
}

static void finish(struct recorder *r, int error)
{
    uint64_t samples = atomic_load(&r->tail);
    if (error != 0 && ftruncate(r->fd, (off_t)(r->head_bytes + samples * stereo_bytes(r))) == 0)
        write_head(r, samples);
    if (fsync(r->fd) < 0 && error == 0)
        error = errno;
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
        error = write_head(r, head);
    if (error == 0 && state == RECORDER_ON)
        return false;
    finish(r, error);
    return true;
}
