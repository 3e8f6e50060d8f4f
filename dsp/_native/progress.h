/* Call-progress tones in one channel: bursts (progress_burst.h) in, dial tone, busy and so on out.
 *
 * A plan holds the tones to listen for, each a cycle of elements: a sound with its times, or silence with its
 * times. A tone is found when the latest bursts and gaps are `need` of its elements in a row; of several that
 * fit, the one whose times fit best. The oldest burst may have been cut short. A tone that does not stop
 * (dial tone) is found when it has sounded for its least time.
 * `any_busy`: also busy whatever the zone: three bursts of the same one to three lines between 280 and 740 Hz,
 * 125 to 850 ms each, as even among themselves as a machine is, their gaps likewise and about as long.
 *
 * Each tone is told twice: when it is found (`ended` 0), and when it has stopped (`ended` 1).
 * Where the plan comes from and how wide its times are: dsp/progress_plan.py.
 *
 * All state is in the struct, about 6 KB; nothing allocates; any split of the samples gives the same findings.
 */
#ifndef CALLBOX_PROGRESS_H
#define CALLBOX_PROGRESS_H

#include "progress_burst.h"

#define PROGRESS_SOUNDS 12
#define PROGRESS_TONES 12
#define PROGRESS_ELEMENTS 12
#define PROGRESS_HISTORY 16 /* bursts, */
#define PROGRESS_SILENCE -1 /* sound of an element */
#define PROGRESS_ANY_BUSY -1 /* tone of a finding */

enum progress_kind { PROGRESS_DIAL, PROGRESS_BUSY, PROGRESS_CONGESTION, PROGRESS_RINGBACK, PROGRESS_SIT };

struct progress_element {
    int sound; /* number in the plan, or PROGRESS_SILENCE */
    uint32_t least_samples, most_samples, samples; /* most 0: does not stop */
    float gain; /* of its power beside the tone's other elements */
};

struct progress_tone {
    enum progress_kind kind;
    int elements, need;
    struct progress_element element[PROGRESS_ELEMENTS];
};

struct progress_plan {
    int any_busy;
    int sounds, tones;
    float share[PROGRESS_SOUNDS]; /* by which the lines of each sound may be off */
    struct progress_sound sound[PROGRESS_SOUNDS];
    struct progress_tone tone[PROGRESS_TONES]; /* of two that fit equally well, the first is found */
};

struct progress_finding {
    enum progress_kind kind;
    int tone;                          /* number in the plan, or PROGRESS_ANY_BUSY */
    int ended;                         /* 0: found, it goes on; 1: it has stopped */
    uint64_t start_sample, end_sample; /* of all its bursts so far; counted from progress_init */
    uint32_t bursts;                   /* so far, that is cycles for a tone of one burst and one gap */
};

struct progress {
    const struct progress_plan *plan;
    struct progress_burst_rx rx;
    struct progress_burst heard[PROGRESS_HISTORY]; /* the latest last */
    uint32_t bursts;                               /* how many of them there are */
    int found;                                     /* `finding` goes on: */
    float power;                                   /* its latest burst's */
    uint64_t deadline;                             /* sample by which its next burst has begun */
    struct progress_finding finding;
};

/* Keeps the plan's address: it is the caller's, and must stay as it is for as long as `progress` is used. */
void progress_init(struct progress *progress, const struct progress_plan *plan);

/* Feeds `count` samples (any number). Writes at most `max_out` findings to `out`, returns how many; there are at
 * most two in 64 samples, so 2 + count / 32 slots are always enough. Findings beyond `max_out` are lost. */
int progress_feed(struct progress *progress, const int16_t *samples, int count, struct progress_finding *out,
                  int max_out);

#endif
