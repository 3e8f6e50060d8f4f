/* Covers a missing frame: the last good one mirrored (so that it joins without a step) and fading for
 * 60 ms, then silence. What comes after a gap or a jump is cross-faded in over 2.5 ms.
 */
#ifndef CALLBOX_CONCEAL_H
#define CALLBOX_CONCEAL_H

#include "mailbox.h" /* FRAME_SAMPLES */
#include <stdbool.h>

#define CONCEAL_FRAMES 3 /* 60 ms of fading repetition, then silence */

struct conceal {
    int16_t last[FRAME_SAMPLES]; /* the last good frame */
    int missed;                  /* frames concealed since, at most CONCEAL_FRAMES */
};

void conceal_init(struct conceal *c);

/* A good frame followed another good one. */
void conceal_keep(struct conceal *c, const int16_t *frame);

/* Good sound begins at frame[from] after a gap or a jump; what is before `from` gets filled. */
void conceal_join(struct conceal *c, int16_t *frame, int from);

/* No frame: fills `out`. True while there is something to repeat, false once it is silence. */
bool conceal_lost(struct conceal *c, int16_t *out);

#endif
