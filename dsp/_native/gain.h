/* A gain that never steps: it moves to its target evenly over one frame. */
#ifndef CALLBOX_GAIN_H
#define CALLBOX_GAIN_H

#include "mailbox.h" /* FRAME_SAMPLES */

struct gain {
    float now, target; /* amplitude factors */
};

/* Adds the frame to `sum` with the gain; unity is exact. */
static inline void gain_add(struct gain *g, const int16_t *frame, float *sum)
{
    float step = (g->target - g->now) / FRAME_SAMPLES;
    for (int i = 0; i < FRAME_SAMPLES; i++)
        sum[i] += (float)frame[i] * (g->now + step * (float)(i + 1));
    g->now = g->target;
}

#endif
