#include "echo_residual.h"

#include <math.h>   /* fabsf, sqrtf */
#include <string.h> /* memset */

#define MARGIN 6.0f            /* 16 dB: peaks of what is left over what is usually left */
#define MOST_RESIDUAL 0.1f     /* 10 dB of cancellation: open until there is */
#define MOST_THRESHOLD 0.15f   /* of the echo's envelope: what is 16 dB below it may be a talker */
#define ENVELOPE_FALL 0.9938f  /* a sample, 20 ms */
#define HOLD_STEP 12           /* samples to stay open, for each sample above the threshold: a click soon passes */
#define HOLD 480               /* at most, 60 ms: a talker's pauses between syllables */
#define OPENING 0.3f           /* a sample, 90 % in 0.8 ms */
#define SHUTTING 0.0062f       /* a sample, 20 ms */
#define SHUT 0.001f            /* gain below which it is nothing */
#define NOTHING 0.001f         /* keeps powers out of slow denormal numbers */
#define SMOOTHING 0.15f        /* a block, 50 ms */
#define FALL 0.3f              /* a block, of the quietest towards a quieter moment */
#define RISE 1.006f            /* a block, 3 dB a second */
#define QUIETEST_TO_MEAN 1.7f  /* of noise: its mean power over what `floor` finds of it, measured */

void echo_suppressor_init(struct echo_suppressor *sup, int on)
{
    memset(sup, 0, sizeof *sup);
    sup->on = on;
    sup->gain = 1.0f;
    sup->random = 1;
}

static float random_sign(struct echo_suppressor *sup)
{
    sup->random = sup->random * 1664525u + 1013904223u; /* Knuth and Lewis, as in Numerical Recipes */
    return sup->random & 0x80000000u ? -1.0f : 1.0f;
}

/* Noise of the floor's spectrum for one block: two pieces of 128 samples overlap by half, powers add up to one. */
static void make_noise(struct echo_suppressor *sup, const struct fft_table *table)
{
    float re[FFT_BINS], im[FFT_BINS], samples[FFT_SAMPLES];

    for (int k = 0; k < FFT_BINS; k++) {
        /* 64 samples made this power; 128 have twice it, in two parts */
        const float amplitude = sqrtf(sup->floor[k] * QUIETEST_TO_MEAN);
        re[k] = amplitude * random_sign(sup);
        im[k] = k % FFT_POINTS ? amplitude * random_sign(sup) : 0.0f;
    }
    fft_back(re, im, samples, table);
    for (int n = 0; n < FFT_POINTS; n++) {
        const float share = ((float)n + 0.5f) / FFT_POINTS;
        sup->noise[n] = (sqrtf(1.0f - share) * sup->late[n] + sqrtf(share) * samples[n]) / FFT_POINTS;
        sup->late[n] = samples[FFT_POINTS + n];
    }
}

void echo_suppressor_block(struct echo_suppressor *sup, const float *re, const float *im, float residual,
                           const struct fft_table *table)
{
    if (!sup->on)
        return;
    sup->threshold_share = residual < MOST_RESIDUAL ? fminf(MARGIN * sqrtf(residual), MOST_THRESHOLD) : 0.0f;
    for (int k = 0; k < FFT_BINS; k++) {
        sup->smooth[k] += SMOOTHING * (re[k] * re[k] + im[k] * im[k] + NOTHING - sup->smooth[k]);
        sup->floor[k] = fminf(sup->floor[k] * RISE + NOTHING,
                              sup->floor[k] + FALL * (sup->smooth[k] - sup->floor[k]));
    }
    if (sup->hold < FFT_POINTS) /* else it stays open for all of the next block */
        make_noise(sup, table);
}

float echo_suppressor_sample(struct echo_suppressor *sup, float error, float echo, int at)
{
    const float change = error - sup->last_error, echo_change = echo - sup->last_echo;
    float target;

    if (!sup->on)
        return error;
    sup->last_error = error;
    sup->last_echo = echo;
    sup->envelope = sup->envelope * ENVELOPE_FALL + NOTHING;
    if (fabsf(echo_change) > sup->envelope)
        sup->envelope = fabsf(echo_change);
    if (fabsf(change) > sup->threshold_share * sup->envelope)
        sup->hold = sup->hold + HOLD_STEP < HOLD ? sup->hold + HOLD_STEP : HOLD;
    else if (sup->hold > 0)
        sup->hold--;
    target = sup->hold > 0 || sup->envelope < 1.0f ? 1.0f : 0.0f;
    sup->gain += (target - sup->gain) * (target > sup->gain ? OPENING : SHUTTING);
    if (sup->gain > 1.0f - SHUT)
        return error;
    if (sup->gain < SHUT)
        sup->gain = 0.0f;
    return error * sup->gain + sup->noise[at] * sqrtf(1.0f - sup->gain * sup->gain);
}
