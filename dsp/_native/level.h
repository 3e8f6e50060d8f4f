/* Levels of one channel: what it is now, what it was in all, peak, clipping; and the active speech level.
 *
 * `struct level`, unweighted, over 5 ms blocks:
 *   now        power through one exponential average of the time constant given (125 ms is the "fast" of
 *              sound level meters); a tone from 200 Hz up reads within 0.05 dB, ITU-T O.41's flat weighting
 *   mean       power of every sample since level_init
 *   peak       the largest sample, as sample steps
 *   clipped    samples at or beyond the largest a mu-law codec can give (32124; A-law's is 32256)
 *   silence    reads LEVEL_FLOOR_DBM0, never minus infinity
 * `struct speech_level`, ITU-T P.56 method B: the power of the speech without its pauses. What is above 15.9 dB
 *   below the answer counts, and what follows it by less than 0.2 s. The envelope is taken 1000 times a second
 *   (P.56 8.3 asks for at least 600). DC must be gone (dc.h); tells nothing (the floor) of noise-free silence.
 *
 * 0 dBm0 is a sine 3.14 dB below clip, amplitude 22826 (G.711 A-law). Any split of the samples gives the same.
 * Memory per channel: 48 and 128 bytes.
 */
#ifndef CALLBOX_LEVEL_H
#define CALLBOX_LEVEL_H

#include <stdint.h>

#define LEVEL_FLOOR_DBM0 (-90.0f)  /* a single step is -84 dBm0 */
#define LEVEL_MEAN_SQUARE 2.6051e8f /* of 0 dBm0, (sample steps)^2: 22826^2 / 2 */
#define LEVEL_BLOCK 40             /* samples, 5 ms */
#define LEVEL_CLIPPED 32124
#define SPEECH_LEVEL_BLOCK 8       /* samples, 1 ms */
#define SPEECH_LEVEL_THRESHOLDS 15 /* 1, 2, 4 ... 16384 sample steps */

struct level {
    int64_t block_sum;   /* of squares, of the block being filled */
    double sum;          /* of squares, of the blocks before */
    uint64_t samples;    /* since level_init */
    float now;           /* mean square, averaged */
    float share;         /* of a new block in it */
    int held;            /* samples of the block being filled */
    int peak;            /* sample steps, 0 to 32768 */
    uint64_t clipped;    /* samples */
};

struct speech_level {
    int64_t sum; /* of squares, (sample steps)^2: good for 12 days of full scale */
    uint64_t samples;
    float slow, envelope; /* the two averages, sample steps */
    int held, block_sum;  /* of the block being filled; the sum is of magnitudes */
    uint32_t active_ms[SPEECH_LEVEL_THRESHOLDS + 1]; /* the last is padding that lets the loop vectorise */
    uint16_t quiet_ms[SPEECH_LEVEL_THRESHOLDS + 1];  /* since the envelope was at the threshold */
};

void level_init(struct level *level, float time_constant_seconds);
void level_feed(struct level *level, const int16_t *samples, int count);
float level_now_dbm0(const struct level *level);
float level_mean_dbm0(const struct level *level);

/* The level of this mean square, (sample steps)^2; the floor at the least. */
float level_dbm0(float mean_square);

void speech_level_init(struct speech_level *level);
void speech_level_feed(struct speech_level *level, const int16_t *samples, int count);
float speech_level_dbm0(const struct speech_level *level);
/* Share of the time that was active, 0 to 1. */
float speech_level_activity(const struct speech_level *level);

#endif
