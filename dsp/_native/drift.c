#include "drift.h"
#include <math.h>

/* Depth moves 0.008 samples a second per ppm. These put the loop at 0.063 rad/s, critically damped: a step
 * of 200 ppm moves the depth by 9 samples at most and is learnt in a minute. */
#define PPM_PER_SAMPLE 16.0
#define PPM_PER_SAMPLE_SECOND 0.5
#define LIMIT_PPM 500.0
#define LIMIT_CLOCK_PPM 400.0 /* of the learnt part, so that something is left to correct the depth with */
#define SLEW_PPM 2.5          /* a tick */
#define BLOCK_SECONDS (DRIFT_BLOCK_TICKS * 0.02)
#define SURE_ARRIVALS 3 /* a block with fewer says nothing about an excess */

static double within(double limit, double value) { return fmax(-limit, fmin(limit, value)); }

static void forget(struct drift *d)
{
    for (int i = 0; i < DRIFT_BLOCKS; i++)
        d->minimum[i] = INFINITY;
    d->block = d->ticks = d->arrivals = 0;
}

void drift_init(struct drift *d, double ppm)
{
    d->integral_ppm = d->target_ppm = within(LIMIT_CLOCK_PPM, ppm);
    d->ratio = 1.0 + d->integral_ppm * 1e-6;
    forget(d);
}

void drift_arrival(struct drift *d, double depth)
{
    d->minimum[d->block] = fmin(d->minimum[d->block], depth);
    d->arrivals++;
}

void drift_slipped(struct drift *d, double samples)
{
    for (int i = 0; i < DRIFT_BLOCKS; i++)
        d->minimum[i] += samples;
}

static void steer(struct drift *d, double depth)
{
    double error = depth - DRIFT_GUARD;
    double wanted = d->integral_ppm + PPM_PER_SAMPLE * error;
    if (fabs(wanted) < LIMIT_PPM) /* else the integral would run away while the limit holds */
        d->integral_ppm =
            within(LIMIT_CLOCK_PPM, d->integral_ppm + PPM_PER_SAMPLE_SECOND * BLOCK_SECONDS * error);
    d->target_ppm = within(LIMIT_PPM, wanted);
}

static double end_block(struct drift *d)
{
    double least = INFINITY, skip = 0.0;
    double newest = d->minimum[d->block];
    if (d->arrivals >= SURE_ARRIVALS && newest > DRIFT_GUARD + DRIFT_EXCESS) {
        skip = newest - DRIFT_GUARD;
        forget(d);
        return skip;
    }
    for (int i = 0; i < DRIFT_BLOCKS; i++)
        least = fmin(least, d->minimum[i]);
    if (isfinite(least))
        steer(d, least);
    d->block = (d->block + 1) % DRIFT_BLOCKS;
    d->minimum[d->block] = INFINITY;
    d->ticks = d->arrivals = 0;
    return 0.0;
}

double drift_tick(struct drift *d)
{
    double skip = ++d->ticks >= DRIFT_BLOCK_TICKS ? end_block(d) : 0.0;
    double ppm = (d->ratio - 1.0) * 1e6;
    d->ratio = 1.0 + 1e-6 * (ppm + within(SLEW_PPM, d->target_ppm - ppm));
    return skip;
}
