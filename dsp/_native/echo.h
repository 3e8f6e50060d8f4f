/* Line echo canceller for one channel: takes out of what comes from an analogue line the echo of what we send there.
 *
 * How it works, and whose idea each part is:
 *   1. A filter of the tail's length in partitions of 64 taps makes the echo. Its first 64 taps run sample by
 *      sample, the others a block ahead by Fourier transforms, so that nothing is delayed (Gardner 1995).
 *   2. A second filter learns, once a block of 64 samples. Each of its taps, bin by bin and partition by partition,
 *      has a variance of its error, the `doubt`; doubt, far power and the power of what the filter cannot explain
 *      make the step (Kalman filter in the frequency domain: Enzner and Vary 2006; in partitions: Kuech, Mabande
 *      and Enzner 2014). Double talk is what cannot be explained, and makes the steps small without a detector.
 *   3. The first filter takes over the taps of the second when these do better on the same samples, and gives its
 *      own back when they do far worse (two echo path models: Ochiai, Araseki and Ogihara 1977).
 *   4. When the echo stays badly cancelled the second filter is made to doubt everything for half a second. If the
 *      path has changed it soon does much better; in double talk it does not and gets back what it knew.
 *   5. The residual suppressor is echo_residual.h.
 *
 * Specification (issue, ITU-T G.168): tail 64 ms (128 with twice the memory), delay 0 samples, on the eight
 * hybrids of G.168 Annex D at 6 dB return loss: 20 dB within 1 s, after 12 s 40 dB on noise and 32 dB on speech,
 * at most 6 dB lost through 5 s of double talk, no divergence on tones. Measured by tests/dsp/test_echo.py and
 * benchmarks/echo_convergence.py.
 *
 * All state is in the struct; nothing allocates; any split of the samples gives the same output.
 * Memory: echo_size(512) is 20.7 KB a channel, echo_size(1024) 37.3 KB.
 */
#ifndef CALLBOX_ECHO_H
#define CALLBOX_ECHO_H

#include <stddef.h>
#include <stdint.h>

#include "echo_fft.h"
#include "echo_residual.h"

#define ECHO_BLOCK 64       /* samples, 8 ms: the second filter learns once a block */
#define ECHO_PART_TAPS 512  /* samples, 64 ms: the tail grows by this */
#define ECHO_MOST_TAPS 1024 /* samples, 128 ms */

typedef float echo_bins[FFT_BINS][FFT_LANES]; /* eight partitions, one a lane */

struct echo_taps {
    echo_bins re, im;
    echo_bins doubt; /* variance of the error of each bin of each partition */
};

struct echo_part {
    echo_bins far_re, far_im; /* spectra of the last blocks, newest in lane 0 of part 0 */
    struct echo_taps used, learnt;
};

/* Powers of one block, or their means over blocks; of differences of samples, so that neither a DC offset nor hum
 * on the line counts. */
struct echo_powers {
    float error, trial; /* what is left by the filter in use; by the one that learns */
    float far;
    float near, echo;   /* what comes from the line; what of it the filter in use takes for echo */
};

struct echo {
    int parts;
    int filled;                        /* samples of the current block */
    float far[2 * ECHO_BLOCK];         /* the block before, then the current one */
    float near[ECHO_BLOCK], error[ECHO_BLOCK];
    float first_taps[ECHO_BLOCK];      /* of the filter in use, in time */
    float later_echo[ECHO_BLOCK];      /* of all its other taps, for the current block */
    float unexplained[FFT_BINS];       /* power */
    int narrow;                        /* the far block is a tone or two */
    float youth, used_youth;           /* 1 when everything is doubted, falls by 1 % a block of far sound */
    float last_near, last_error, last_trial;
    struct echo_powers mean, long_mean; /* over 8 blocks; over 100 */
    float residual;                    /* usual share of the echo that is left, as a ratio of powers */
    int bad_blocks;                    /* in a row; negative: wait so long before the next attempt */
    int attempt_blocks;                /* left of the attempt to learn anew, 0: none */
    int patience;                      /* blocks to wait after an attempt that failed */
    struct fft_table table;
    struct echo_suppressor suppressor;
    struct echo_part part[];
};

struct echo_status {
    float erle_db;    /* echo estimate over what is usually left of it */
    int double_talk;  /* far more is left now than usual: the near end talks, or the path has changed */
    int converged;    /* 20 dB at the least */
};

/* Bytes that echo_init needs for a tail of so many samples (rounded up to ECHO_PART_TAPS); 0: no such tail. */
size_t echo_size(int tail_samples);

/* `ec` is echo_size(tail_samples) bytes at any address that suits a float; at 64 bytes it is fastest.
 * With `suppress` the residual suppressor is in the way of the near signal, else only the filter. */
void echo_init(struct echo *ec, int tail_samples, int suppress);

/* `far` is what is sent to the line at the time `near` comes from it; `out` may be `near`. Any count. */
void echo_cancel(struct echo *ec, const int16_t *far, const int16_t *near, int16_t *out, int count);

void echo_status(const struct echo *ec, struct echo_status *status);

#endif
