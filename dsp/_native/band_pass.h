/* A short linear-phase band-pass (windowed sinc, Hamming), for detectors: everything outside is 50 dB down 320 Hz
 * beyond its edges, and what ended 5 ms ago is forgotten.
 * Included by .c files; the functions become part of them, so that vector clones compile it with their callers. */
#ifndef CALLBOX_BAND_PASS_H
#define CALLBOX_BAND_PASS_H

#include <math.h>
#include <string.h>

#define BAND_PASS_TAPS 41  /* at 8 kHz, delay 20 samples */
#define BAND_PASS_LANES 32 /* outputs worked on together: they stay in registers, and additions need not wait */

/* The edges are where it is 6 dB down. */
static inline void band_pass_design(float *taps, double low_hz, double high_hz)
{
    const double low = low_hz / 8000.0, high = high_hz / 8000.0;

    for (int tap = 0; tap < BAND_PASS_TAPS; tap++) {
        const int n = tap - BAND_PASS_TAPS / 2;
        const double window = 0.54 + 0.46 * cos(2.0 * M_PI * n / (BAND_PASS_TAPS - 1));
        const double upper = n ? sin(2.0 * M_PI * high * n) / (M_PI * n) : 2.0 * high;
        const double lower = n ? sin(2.0 * M_PI * low * n) / (M_PI * n) : 2.0 * low;
        taps[tap] = (float)(window * (upper - lower));
    }
}

/* `in` begins BAND_PASS_TAPS - 1 samples before the first output; both buffers hold `count` rounded up to lanes. */
static inline void band_pass(const float *taps, const float *in, float *out, int count)
{
    for (int from = 0; from < count; from += BAND_PASS_LANES) {
        float sum[BAND_PASS_LANES] = {0};
        for (int tap = 0; tap < BAND_PASS_TAPS; tap++)
            for (int lane = 0; lane < BAND_PASS_LANES; lane++)
                sum[lane] += taps[tap] * in[from + tap + lane];
        memcpy(out + from, sum, sizeof sum);
    }
}

#endif
