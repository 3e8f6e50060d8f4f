#include "resample.h"
#include "vector.h"
#include <math.h>
#include <string.h>

#define BLOCK 160 /* samples of 8 kHz at a time */
#define WINDOW (RESAMPLE_TAPS + BLOCK)

/* Kaiser's figures for 193 taps and 1.2 kHz of transition at 48 kHz: 77 dB. */
#define KAISER_BETA 7.5

static double bessel_i0(double x)
{
    double sum = 1.0, term = 1.0;
    for (int k = 1; k < 40; k++) {
        term *= (x / (2 * k)) * (x / (2 * k));
        sum += term;
    }
    return sum;
}

/* `t` in samples of 8 kHz from the middle. */
static double windowed_sinc(double t)
{
    double edge = t / (RESAMPLE_TAPS / 2.0);
    double window = bessel_i0(KAISER_BETA * sqrt(fmax(0.0, 1.0 - edge * edge))) / bessel_i0(KAISER_BETA);
    return window * sin(M_PI * t) / (M_PI * t);
}

void resample_filter_init(struct resample_filter *f, int ratio)
{
    f->ratio = ratio;
    for (int p = 1; p < ratio; p++) {
        double sum = 0.0;
        for (int k = 0; k < RESAMPLE_TAPS; k++)
            sum += windowed_sinc((double)p / ratio + k - RESAMPLE_TAPS / 2);
        for (int k = 0; k < RESAMPLE_TAPS; k++) /* the same gain in every phase, else a constant would hum */
            f->tap[p - 1][k] = (float)(windowed_sinc((double)p / ratio + k - RESAMPLE_TAPS / 2) / sum);
    }
}

void upsampler_init(struct upsampler *u) { memset(u, 0, sizeof *u); }

void downsampler_init(struct downsampler *d) { memset(d, 0, sizeof *d); }

/* Nearest whole number, saturated: 1.5 * 2^23 leaves a float's mantissa no room for a fraction. */
static inline int16_t nearest(float value)
{
    float within = value > 32767.0f ? 32767.0f : value < -32768.0f ? -32768.0f : value;
    return (int16_t)(int32_t)((within + 12582912.0f) - 12582912.0f);
}

/* sum[n] += the phase's taps times the RESAMPLE_TAPS samples up to window[RESAMPLE_TAPS + n], eight taps at a go. */
static inline void add_phase(float *restrict sum, const float *restrict tap, const float *restrict window, int count)
{
    for (int k = 0; k < RESAMPLE_TAPS; k += 8) {
        const float *t = tap + k, *w = window + RESAMPLE_TAPS - k;
        for (int n = 0; n < count; n++)
            sum[n] += t[0] * w[n] + t[1] * w[n - 1] + t[2] * w[n - 2] + t[3] * w[n - 3] + t[4] * w[n - 4] +
                      t[5] * w[n - 5] + t[6] * w[n - 6] + t[7] * w[n - 7];
    }
}

/* The history and `count` new samples, `step` apart, as one window; the history moves on. */
static inline void fill(float *restrict window, int16_t *restrict history, const int16_t *restrict in, int count,
                        int step)
{
    for (int i = 0; i < RESAMPLE_TAPS; i++)
        window[i] = history[i];
    for (int i = 0; i < count; i++)
        window[RESAMPLE_TAPS + i] = in[i * step];
    for (int i = 0; i < RESAMPLE_TAPS; i++)
        history[i] = (int16_t)window[count + i];
}

VECTOR_CLONES
static void upsample_block(struct upsampler *u, const struct resample_filter *f, const int16_t *in, int count,
                           int16_t *out)
{
    float window[WINDOW];
    fill(window, u->history, in, count, 1);
    for (int n = 0; n < count; n++)
        out[n * f->ratio] = (int16_t)window[RESAMPLE_TAPS + n - RESAMPLE_UP_DELAY];
    for (int p = 1; p < f->ratio; p++) {
        float sum[BLOCK] = {0};
        add_phase(sum, f->tap[p - 1], window, count);
        for (int n = 0; n < count; n++)
            out[n * f->ratio + p] = nearest(sum[n]);
    }
}

void upsample(struct upsampler *u, const struct resample_filter *f, const int16_t *in, int count, int16_t *out)
{
    for (int done = 0; done < count; done += BLOCK) {
        int some = count - done < BLOCK ? count - done : BLOCK;
        upsample_block(u, f, in + done, some, out + done * f->ratio);
    }
}

/* `count` groups of `ratio` samples. The newest of a group meets phase 1, the oldest the plain delay. */
VECTOR_CLONES
static void downsample_block(struct downsampler *d, const struct resample_filter *f, const int16_t *in, int count,
                             int16_t *out)
{
    float sum[BLOCK] = {0};
    for (int p = 1; p <= f->ratio; p++) {
        float window[WINDOW];
        fill(window, d->history + (p - 1) * RESAMPLE_TAPS, in + f->ratio - p, count, f->ratio);
        if (p < f->ratio)
            add_phase(sum, f->tap[p - 1], window, count);
        else
            for (int n = 0; n < count; n++)
                sum[n] += window[RESAMPLE_TAPS + n - RESAMPLE_DOWN_DELAY];
    }
    for (int n = 0; n < count; n++)
        out[n] = nearest(sum[n] / (float)f->ratio);
}

/* Completes the group that was begun, if there is enough; returns the samples used. */
static int complete(struct downsampler *d, const struct resample_filter *f, const int16_t *in, int count)
{
    int used = 0;
    while (d->held > 0 && d->held < f->ratio && used < count)
        d->begun[d->held++] = in[used++];
    return used;
}

int downsample(struct downsampler *d, const struct resample_filter *f, const int16_t *in, int count, int16_t *out)
{
    int made = 0, at = complete(d, f, in, count);
    if (d->held == f->ratio) {
        downsample_block(d, f, d->begun, 1, out);
        made = 1;
        d->held = 0;
    }
    while (count - at >= f->ratio) {
        int groups = (count - at) / f->ratio;
        groups = groups < BLOCK ? groups : BLOCK;
        downsample_block(d, f, in + at, groups, out + made);
        made += groups;
        at += groups * f->ratio;
    }
    while (at < count)
        d->begun[d->held++] = in[at++];
    return made;
}
