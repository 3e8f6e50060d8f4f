/* How the second filter of the echo canceller (echo.h) learns: the spectra and the step, for echo.c alone. */
#ifndef CALLBOX_ECHO_LEARN_H
#define CALLBOX_ECHO_LEARN_H

#include <string.h> /* memmove, memset */

#include "echo.h"

#define PART_LANES FFT_LANES
#define AUDIBLE (ECHO_BLOCK * 100.0f) /* power of a signal worth looking at, 10 steps */

/* What the learning filter believes. Found on noise, half of the packaged speech and all English prompts. */
#define FIRST_DOUBT 0.1f      /* per bin and partition: a return loss of 1 dB over 8 partitions */
#define UNEXPLAINED_KEEP 0.5f /* a block, smoothing */
#define LEAST_UNEXPLAINED 64.0f /* power in a bin of rounding: 64 samples of variance 1 */
#define WANDER 1e-5f          /* share of its power by which a tap drifts in a block */
#define YOUNG_WANDER 0.1f    /* the same where all is doubted: strong taps then stay quick, weak ones settle */
#define AGEING 0.99f          /* a block with sound in it */
#define ALIVE 1e-4f           /* a bin 40 dB below the strongest holds only leakage of a tone */
#define NARROW_BINS 16        /* two tones in a Hann window of 128 samples reach over 12 */
#define GROWN_UP 0.05f        /* youth, 300 blocks after everything was doubted */

/* ---- spectra ---- */

/* In a fixed order: every clone of a caller gives the same bits. */
FFT_INLINE float sum_of_lanes(const float *lane)
{
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

/* Adds the spectrum of the echo that `taps` make of one part's far blocks. */
FFT_INLINE void add_echo(const struct echo_part *part, const struct echo_taps *taps, float *re, float *im)
{
    for (int k = 0; k < FFT_BINS; k++) {
        float real[PART_LANES], imaginary[PART_LANES];
        for (int lane = 0; lane < PART_LANES; lane++) {
            real[lane] = part->far_re[k][lane] * taps->re[k][lane] - part->far_im[k][lane] * taps->im[k][lane];
            imaginary[lane] = part->far_re[k][lane] * taps->im[k][lane] + part->far_im[k][lane] * taps->re[k][lane];
        }
        re[k] += sum_of_lanes(real);
        im[k] += sum_of_lanes(imaginary);
    }
}

FFT_INLINE void shift(echo_bins spectra, echo_bins earlier)
{
    memmove(&spectra[0][0] + 1, &spectra[0][0], sizeof(echo_bins) - sizeof(float));
    for (int k = 0; k < FFT_BINS; k++) /* what came over from the bin before is overwritten */
        spectra[k][0] = earlier ? earlier[k][PART_LANES - 1] : 0.0f;
}

/* Makes room for the next block in lane 0, which is nothing until it is there. */
FFT_INLINE void shift_far(struct echo *ec)
{
    for (int p = ec->parts - 1; p >= 0; p--) {
        shift(ec->part[p].far_re, p ? ec->part[p - 1].far_re : NULL);
        shift(ec->part[p].far_im, p ? ec->part[p - 1].far_im : NULL);
    }
}

/* ---- learning ---- */

/* 1 / (what the doubt lets expect of the error + what it does not explain), bin by bin. */
FFT_INLINE void find_steps(struct echo *ec, const float *re, const float *im, float *step)
{
    for (int k = 0; k < FFT_BINS; k++) {
        float expected = 0.0f;
        for (int p = 0; p < ec->parts; p++) {
            const struct echo_part *part = &ec->part[p];
            float power[PART_LANES];
            for (int lane = 0; lane < PART_LANES; lane++)
                power[lane] = part->learnt.doubt[k][lane] * (part->far_re[k][lane] * part->far_re[k][lane] +
                                                             part->far_im[k][lane] * part->far_im[k][lane]);
            expected += 0.5f * sum_of_lanes(power); /* half of the 128 samples are zeros */
        }
        ec->unexplained[k] = UNEXPLAINED_KEEP * ec->unexplained[k] +
                             (1.0f - UNEXPLAINED_KEEP) * (re[k] * re[k] + im[k] * im[k]);
        step[k] = 1.0f / (expected + ec->unexplained[k] + LEAST_UNEXPLAINED);
    }
}

/* The change of one part's taps for the error, and how much less they are to be doubted. */
FFT_INLINE void find_change(struct echo_part *part, const float *re, const float *im, const float *step,
                            float wander, echo_bins change_re, echo_bins change_im)
{
    struct echo_taps *taps = &part->learnt;

    for (int k = 0; k < FFT_BINS; k++)
        for (int lane = 0; lane < PART_LANES; lane++) {
            const float far_re = part->far_re[k][lane], far_im = part->far_im[k][lane];
            const float doubt = taps->doubt[k][lane], gain = step[k] * doubt;
            const float tap_power = taps->re[k][lane] * taps->re[k][lane] + taps->im[k][lane] * taps->im[k][lane];
            change_re[k][lane] = gain * (far_re * re[k] + far_im * im[k]);
            change_im[k][lane] = gain * (far_re * im[k] - far_im * re[k]);
            taps->doubt[k][lane] =
                (1.0f - 0.5f * gain * (far_re * far_re + far_im * far_im)) * doubt * (1.0f - WANDER) +
                wander * tap_power;
        }
}

/* Leaves of the change only what 64 taps can be: the second half in time is no part of the partition. */
FFT_INLINE void keep_taps(echo_bins re, echo_bins im, const struct fft_table *table)
{
    float back_re[FFT_BINS][FFT_LANES], back_im[FFT_BINS][FFT_LANES];
    float time_re[FFT_POINTS][FFT_LANES], time_im[FFT_POINTS][FFT_LANES];

    fft_back_lanes(re, im, back_re, back_im, table);
    for (int n = 0; n < FFT_POINTS / 2; n++)
        for (int lane = 0; lane < FFT_LANES; lane++) {
            time_re[n][lane] = back_re[fft_row(n)][lane] * (1.0f / FFT_POINTS);
            time_im[n][lane] = back_im[fft_row(n)][lane] * (1.0f / FFT_POINTS);
        }
    memset(time_re[FFT_POINTS / 2], 0, sizeof time_re / 2);
    memset(time_im[FFT_POINTS / 2], 0, sizeof time_im / 2);
    fft_forward_lanes(time_re, time_im, re, im, table);
}

/* Few bins hold all of a far block: a tone or two, which say nothing of the other bins. The spectrum is that of a
 * Hann window, made of the neighbours of each bin. */
FFT_INLINE int is_narrow(const float *re, const float *im)
{
    float power[FFT_BINS - 2], most = 0.0f;
    int alive = 0;

    for (int k = 1; k < FFT_BINS - 1; k++) {
        const float real = 2.0f * re[k] - re[k - 1] - re[k + 1], imaginary = 2.0f * im[k] - im[k - 1] - im[k + 1];
        power[k - 1] = real * real + imaginary * imaginary;
        most = power[k - 1] > most ? power[k - 1] : most;
    }
    for (int k = 0; k < FFT_BINS - 2; k++)
        alive += power[k] > ALIVE * most;
    return alive < NARROW_BINS;
}

/* One step of the second filter for the spectrum of its error. */
FFT_INLINE void learn(struct echo *ec, const float *re, const float *im)
{
    const float wander = ec->narrow ? 0.0f : WANDER + YOUNG_WANDER * ec->youth;
    float step[FFT_BINS];
    echo_bins change_re, change_im;

    find_steps(ec, re, im, step);
    for (int p = 0; p < ec->parts; p++) {
        struct echo_taps *taps = &ec->part[p].learnt;
        find_change(&ec->part[p], re, im, step, wander, change_re, change_im);
        keep_taps(change_re, change_im, &ec->table);
        for (int k = 0; k < FFT_BINS; k++)
            for (int lane = 0; lane < PART_LANES; lane++) {
                taps->re[k][lane] += change_re[k][lane];
                taps->im[k][lane] += change_im[k][lane];
            }
    }
    if (ec->mean.far > AUDIBLE)
        ec->youth *= AGEING;
}

#endif
