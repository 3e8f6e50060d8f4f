/* Reads a sampled signal between its samples: windowed sinc, 16 taps, coefficients interpolated between
 * 256 phases. For ratios within a few hundred ppm of 1, so it filters nothing away.
 */
#ifndef CALLBOX_SINC_H
#define CALLBOX_SINC_H

#define SINC_TAPS 16
#define SINC_BEFORE 7 /* samples needed before the one at or left of the point */
#define SINC_AFTER 8  /* samples needed after it */
#define SINC_PHASES 256

struct sinc {
    float tap[SINC_PHASES + 1][SINC_TAPS];
};

void sinc_init(struct sinc *s);

/* The value `fraction` (0..1) of a sample after x[SINC_BEFORE]; x holds SINC_TAPS samples. */
static inline float sinc_at(const struct sinc *s, const float *x, double fraction)
{
    float phase = (float)fraction * SINC_PHASES;
    int p = (int)phase;
    float rest = phase - (float)p, sum = 0.0f;
    const float *a = s->tap[p], *b = s->tap[p < SINC_PHASES ? p + 1 : p];
    for (int i = 0; i < SINC_TAPS; i++)
        sum += x[i] * (a[i] + rest * (b[i] - a[i]));
    return sum;
}

#endif
