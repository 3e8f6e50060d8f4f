/* Residual suppressor of the echo canceller (echo.h): what the filter leaves of the echo is replaced by noise like
 * that of the line.
 *
 * It shuts only while what is left stays below what the filter usually leaves of an echo as loud as this one, with
 * a margin; a near talker is above it from the first millisecond. Sample by sample and without delay: it opens
 * within 1 ms, waits up to 60 ms, and shuts over 20 ms. With no echo, or before the filter is good, it is open.
 * Comfort noise has the spectrum of the quietest of the last seconds (ITU-T G.168 test 9).
 */
#ifndef CALLBOX_ECHO_RESIDUAL_H
#define CALLBOX_ECHO_RESIDUAL_H

#include <stdint.h>

#include "echo_fft.h"

struct echo_suppressor {
    int on;
    float threshold_share;             /* of the echo's envelope; 0: open whatever comes */
    float last_error, last_echo;
    float envelope;                    /* of the echo estimate's changes from sample to sample */
    int hold;                          /* samples to stay open */
    float gain;
    float smooth[FFT_BINS], floor[FFT_BINS]; /* power of what is left, its quietest */
    uint32_t random;
    float late[FFT_POINTS];            /* second half of the noise before */
    float noise[FFT_POINTS];           /* for the current block */
};

void echo_suppressor_init(struct echo_suppressor *sup, int on);

/* Once a block: the spectrum of what is left (64 samples after 64 zeros), and the usual share of the echo in it. */
void echo_suppressor_block(struct echo_suppressor *sup, const float *re, const float *im, float residual,
                           const struct fft_table *table);

/* One sample: what is left, and the echo taken out; `at` is its place in the block. */
float echo_suppressor_sample(struct echo_suppressor *sup, float error, float echo, int at);

#endif
