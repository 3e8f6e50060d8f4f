/* Follows the modem's clock: how many modem samples make one sample of ours, and when there is too much.
 *
 * Fed with the depth (samples received but not yet passed by the continuous reading position) just before
 * each arrival. Its minimum over 1.6 s says how late the latest chunk comes, whatever the chunk size; a
 * slow PI loop steers that minimum to the guard. Ratios stay within 500 ppm and change by 2.5 ppm a tick.
 */
#ifndef CALLBOX_DRIFT_H
#define CALLBOX_DRIFT_H

#define DRIFT_BLOCKS 4
#define DRIFT_BLOCK_TICKS 20     /* 0.4 s */
#define DRIFT_GUARD 14.0         /* samples, 1.75 ms: 1.1 ms for the sinc's right half, the rest for a late thread */
#define DRIFT_START_GUARD 32.0   /* samples, 4 ms: until the loop knows the modem's jitter and clock */
#define DRIFT_EXCESS 200.0       /* samples, 25 ms: more than this above the guard is thrown away at once */

struct drift {
    double ratio;                    /* modem samples per sample of ours, now */
    double target_ppm, integral_ppm; /* where the loop wants it; what it has learnt of the clock */
    double minimum[DRIFT_BLOCKS];    /* of the depth, in samples, one a block; INFINITY: no arrival */
    int block, ticks, arrivals;      /* current block; ticks and arrivals in it */
};

/* Starts anew; `ppm` is what is known of the clock from before, else 0. */
void drift_init(struct drift *d, double ppm);

void drift_arrival(struct drift *d, double depth);

/* The reading position was moved back by so many samples. */
void drift_slipped(struct drift *d, double samples);

/* Once a tick. Returns the samples to skip now (0 nearly always); the minima are moved along already. */
double drift_tick(struct drift *d);

#endif
