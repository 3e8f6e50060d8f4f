/* How fast to write to a modem, so that what waits there neither grows nor shrinks.
 *
 * A modem takes as many samples as it makes. So what we gave it, less what came, is what waits there and a constant.
 * The clock learnt from its input is only the beginning: that loop also runs fast or slow to put its own depth right,
 * and each chunk that came 18 ms late would leave 15 ms more waiting here, for the rest of the call.
 * Fed with the lead (given less come, as if written evenly) at each arrival; its least in 1.6 s is of the chunks that
 * came in time. It is held where it was at first, by 16 ppm a sample. A jump is no drift: samples were lost, or the
 * modem ran dry, and what it is then is held.
 */
#ifndef CALLBOX_PACE_H
#define CALLBOX_PACE_H

#include <stdbool.h>

#define PACE_TICKS 80    /* 1.6 s */
#define PACE_JUMP 40.0   /* samples from one block to the next: at 500 ppm it is 6 */

struct pace {
    double ppm;          /* to write faster than the modem's clock */
    double least, before, held; /* of the lead: in this block, in the one before, and where it is held */
    int ticks;
    bool known;          /* `before` and `held` are */
};

void pace_init(struct pace *p);
void pace_arrival(struct pace *p, double lead);
void pace_tick(struct pace *p); /* once a tick */

#endif
