#include "sinc.h"
#include <math.h>

#define RATE 8000.0

/* How much an error counts, by frequency: most where speech has its power, little where a telephone band ends, next
 * to nothing beyond, but enough that the equations stay solvable and the gain there small. */
static const struct {
    double up_to_hz, weight;
} BAND[] = {{1500, 1000}, {3100, 30}, {3400, 0.3}, {RATE / 2, 1e-4}};

#define BANDS (int)(sizeof BAND / sizeof *BAND)

/* The integral of cos(w t) from 0 to `hz`. */
static double below(double hz, double t)
{
    double w = 2 * M_PI * hz / RATE;
    return t == 0.0 ? w : sin(w * t) / t;
}

/* The weighted correlation of two sines `t` samples apart: of two taps, or of a tap and the wanted delay. */
static double correlation(double t)
{
    double sum = 0.0, from_hz = 0.0;
    for (int b = 0; b < BANDS; b++) {
        sum += BAND[b].weight * (below(BAND[b].up_to_hz, t) - below(from_hz, t));
        from_hz = BAND[b].up_to_hz;
    }
    return sum;
}

/* Cholesky: the matrix of the taps' correlations as a lower triangle times its mirror. */
static void factor(double lower[SINC_TAPS][SINC_TAPS])
{
    for (int i = 0; i < SINC_TAPS; i++)
        for (int j = 0; j <= i; j++) {
            double rest = correlation(i - j);
            for (int k = 0; k < j; k++)
                rest -= lower[i][k] * lower[j][k];
            lower[i][j] = i == j ? sqrt(rest) : rest / lower[j][j];
        }
}

/* Forwards and backwards through the triangle: `x` is the right side, then the solution. */
static void solve(double lower[SINC_TAPS][SINC_TAPS], double *x)
{
    for (int i = 0; i < SINC_TAPS; i++) {
        for (int k = 0; k < i; k++)
            x[i] -= lower[i][k] * x[k];
        x[i] /= lower[i][i];
    }
    for (int i = SINC_TAPS - 1; i >= 0; i--) {
        for (int k = i + 1; k < SINC_TAPS; k++)
            x[i] -= lower[k][i] * x[k];
        x[i] /= lower[i][i];
    }
}

void sinc_init(struct sinc *s)
{
    double lower[SINC_TAPS][SINC_TAPS], tap[SINC_TAPS];
    factor(lower);
    for (int p = 0; p <= SINC_PHASES; p++) {
        double sum = 0.0, fraction = (double)p / SINC_PHASES;
        for (int i = 0; i < SINC_TAPS; i++)
            tap[i] = correlation(i - SINC_BEFORE - fraction);
        solve(lower, tap);
        for (int i = 0; i < SINC_TAPS; i++)
            sum += tap[i];
        for (int i = 0; i < SINC_TAPS; i++) /* the same gain at every phase, else DC would hum */
            s->tap[p][i] = (float)(tap[i] / sum);
    }
}
