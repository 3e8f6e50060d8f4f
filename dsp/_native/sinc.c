#include "sinc.h"
#include <math.h>

#define KAISER_BETA 6.0 /* about 60 dB below 3 kHz with 16 taps; measured in tests/dsp/test_engine_serial.py */

static double bessel_i0(double x)
{
    double sum = 1.0, term = 1.0;
    for (int k = 1; k < 40; k++) {
        term *= (x / (2 * k)) * (x / (2 * k));
        sum += term;
    }
    return sum;
}

static double windowed_sinc(double t)
{
    double edge = t / (SINC_TAPS / 2.0);
    if (fabs(edge) >= 1.0)
        return 0.0;
    double ideal = t == 0.0 ? 1.0 : sin(M_PI * t) / (M_PI * t);
    return ideal * bessel_i0(KAISER_BETA * sqrt(1.0 - edge * edge)) / bessel_i0(KAISER_BETA);
}

void sinc_init(struct sinc *s)
{
    for (int p = 0; p <= SINC_PHASES; p++) {
        double sum = 0.0, fraction = (double)p / SINC_PHASES;
        for (int i = 0; i < SINC_TAPS; i++)
            sum += windowed_sinc(i - SINC_BEFORE - fraction);
        for (int i = 0; i < SINC_TAPS; i++) /* the same gain at every phase, else DC would hum */
            s->tap[p][i] = (float)(windowed_sinc(i - SINC_BEFORE - fraction) / sum);
    }
}
