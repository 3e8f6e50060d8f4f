#include "pace.h"
#include <math.h>

#define PPM_PER_SAMPLE 16.0
#define LIMIT_PPM 300.0

void pace_init(struct pace *p)
{
    *p = (struct pace){.least = INFINITY};
}

void pace_arrival(struct pace *p, double lead)
{
    p->least = fmin(p->least, lead);
}

void pace_tick(struct pace *p)
{
    if (++p->ticks < PACE_TICKS || isinf(p->least))
        return;
    if (!p->known)
        p->held = p->before = p->least;
    if (fabs(p->least - p->before) > PACE_JUMP)
        p->held += p->least - p->before;
    p->known = true;
    p->ppm = fmax(-LIMIT_PPM, fmin(LIMIT_PPM, PPM_PER_SAMPLE * (p->held - p->least)));
    p->before = p->least;
    p->least = INFINITY;
    p->ticks = 0;
}
