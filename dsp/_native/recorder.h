/* A stereo recording: the tick pushes frames into a ring, a writer thread apart takes them to the file.
 *
 * The file is WAV: 16-bit PCM, or one byte a sample in A-law or mu-law, which the writer makes, not the tick.
 * The head is patched after each write, so that the file is playable to its last write whatever happens; until the
 * file is closed it is locked (flock), so that nobody repairs what is still growing. A closed file is on the disk.
 * What the file tells of itself (dsp/wav_info.py) stands before the samples, from the first byte on.
 * A pause is silence of the true length on both sides. A key that was pressed is silence too, on its side, where
 * that is wished (`mask`): the last RECORDER_HELD samples are held back until it is known what they were.
 * Only the tick moves `pushed` and `head`, which are one at the end; only the writer moves `tail`, does file I/O, and closes.
 * Memory: 129 KiB a recording, in every format; the writer's stack holds 16 KiB of coded samples.
 */
#ifndef CALLBOX_RECORDER_H
#define CALLBOX_RECORDER_H

#include "mailbox.h" /* FRAME_SAMPLES */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define RECORDER_RING 32768 /* stereo samples, 4.1 s; a power of two */
#define RECORDER_HELD (20 * FRAME_SAMPLES) /* 400 ms: a shorter key is known by its end, a longer one before */
#define RECORDER_INFO 1024  /* bytes of what a file tells of itself, at most */
#define RECORDER_HEAD (64 + RECORDER_INFO)

enum recorder_state {
    RECORDER_FREE,
    RECORDER_ON,
    RECORDER_ENDING, /* the tick is done with it, the writer is not */
    RECORDER_CLOSED, /* the file is closed; `error` says whether it went wrong */
};

enum recorder_format { RECORDER_PCM16, RECORDER_ALAW, RECORDER_ULAW };

struct recorder {
    int handle;
    _Atomic int state;
    int left, right; /* port handles; -1: silence */
    int fd;
    enum recorder_format format;
    uint8_t head_of_file[RECORDER_HEAD]; /* everything before the samples; its sizes change */
    uint32_t head_bytes, fact_at;        /* where the number of samples stands, 0: nowhere */
    _Atomic bool paused;
    bool mask;
    uint64_t pushed; /* stereo samples; up to `head` they are the writer's */
    _Atomic uint64_t head, tail; /* stereo samples */
    _Atomic uint64_t dropped;    /* stereo samples that found the ring full */
    _Atomic int error;           /* errno of the writer */
    int16_t ring[RECORDER_RING][2];
};

/* Writes the first WAV head, with `info` in it: whole chunks, RECORDER_INFO bytes at most, NULL and 0 for none.
 * `fd` becomes the recorder's. 0 or errno. */
int recorder_open(struct recorder *r, int fd, enum recorder_format format, const void *info, uint32_t info_bytes);

/* The tick: one frame of each side, NULL = silence. */
void recorder_push(struct recorder *r, const int16_t *left, const int16_t *right);

/* The tick: the last samples of a side were a key; only what is held back can be silenced. */
void recorder_silence(struct recorder *r, int side, uint64_t samples);

/* Nothing is held back any more; the tick must be done with it. */
void recorder_release(struct recorder *r);

/* The writer: takes the ring to the file; closes it when the recording is ending or the disk fails.
 * True when it has closed; it is then the caller's to set RECORDER_CLOSED, after which `r` may be freed. */
bool recorder_drain(struct recorder *r);

#endif
