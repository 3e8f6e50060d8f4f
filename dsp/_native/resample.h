/* 8 kHz to 16 or 48 kHz and back, by a linear-phase FIR in polyphase form. Whole ratios only: for clocks that drift
 * there is serial_pcm.c.
 *
 * Specification:
 *   - up to 3.4 kHz within 0.1 dB (measured: 0.01); beyond 4.6 kHz, images and aliases at most -60 dB (-76).
 *   - Linear phase. Delay: up, 16 samples of 8 kHz; down, 15. No delay grows, whatever the pieces.
 *   - Any number of samples at a time gives what any other split gives, bit by bit, on every processor.
 *   - Full-scale sound saturates, it does not wrap. Silence in, silence out.
 * Method: Kaiser's window over a sinc with its edge at 4 kHz, a Nyquist filter: one phase of it is a plain delay, so
 * samples that were at 8 kHz are unchanged among those at 16 or 48. (Oppenheim and Schafer, Discrete-Time Signal
 * Processing, 7.5.3 for the window's figures.)
 * Figures: benchmarks/resample_quality.py. Memory: 64 bytes a channel up, 400 down; 644 of filter for all channels of
 * one ratio.
 */
#ifndef CALLBOX_RESAMPLE_H
#define CALLBOX_RESAMPLE_H

#include <stdint.h>

#define RESAMPLE_TAPS 32 /* of each phase */
#define RESAMPLE_MOST 6  /* the largest ratio */
#define RESAMPLE_UP_DELAY 16   /* samples of 8 kHz */
#define RESAMPLE_DOWN_DELAY 15

struct resample_filter {
    int ratio;
    float tap[RESAMPLE_MOST - 1][RESAMPLE_TAPS]; /* phases 1 to ratio - 1, for the newest sample first */
};

/* `ratio` 2 or 6. */
void resample_filter_init(struct resample_filter *f, int ratio);

struct upsampler {
    int16_t history[RESAMPLE_TAPS]; /* the last samples, oldest first */
};

struct downsampler {
    int16_t history[RESAMPLE_MOST * RESAMPLE_TAPS]; /* the last samples of each phase, oldest first */
    int16_t begun[RESAMPLE_MOST];                   /* of a group of `ratio` samples not yet whole */
    int held;
};

void upsampler_init(struct upsampler *u);
void downsampler_init(struct downsampler *d);

/* Gives `count * ratio` samples. */
void upsample(struct upsampler *u, const struct resample_filter *f, const int16_t *in, int count, int16_t *out);

/* Gives one sample for every `ratio` taken since the start; returns how many. `out` has room for count/ratio + 1. */
int downsample(struct downsampler *d, const struct resample_filter *f, const int16_t *in, int count, int16_t *out);

#endif
