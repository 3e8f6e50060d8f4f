/* Samples to bursts of tone, for call progress: where one to three steady lines sound and nothing else does.
 *
 * In this order:
 *   1. every 2 ms, four bands around 500, 1000, 1500 and 2000 Hz (+-220 Hz), each moved down to 0 Hz; hum up to
 *      its third harmonic, DC and all above 2.2 kHz are outside;
 *   2. every 8 ms, the power of the last 40 ms (a whole period of the beat of 400 and 425 Hz);
 *   3. a stretch is where that power, and the band that holds most of it, stay as they are; where it begins is
 *      where the power passes the middle between this stretch and the one before;
 *   4. every 128 ms of a stretch, a spectrum of 128 ms: its strongest lines, and their share of all the energy;
 *   5. a stretch whose spectra are lines alone, the same lines every time, is a burst.
 *
 * Figures: level from -47 dBm0 (all lines together); lines 24 Hz apart are told apart; a burst lasts 80 ms or
 * more; a burst is known 60 ms after its end.
 */
#ifndef CALLBOX_PROGRESS_BURST_H
#define CALLBOX_PROGRESS_BURST_H

#include <stdint.h>

#define PROGRESS_TAPS 192                /* of the bands' filter, 24 ms */
#define PROGRESS_STEP 16                 /* samples, 2 ms: from one output of the bands to the next */
#define PROGRESS_BANDS 4
#define PROGRESS_HOP 4                   /* outputs, 8 ms: from one look at the power to the next */
#define PROGRESS_HOP_SAMPLES (PROGRESS_STEP * PROGRESS_HOP)
#define PROGRESS_SMOOTH 5                /* hops, 40 ms */
#define PROGRESS_WINDOW 64               /* outputs, 128 ms: one spectrum */
#define PROGRESS_KEPT 128                /* outputs, 256 ms; a power of two */
#define PROGRESS_TRAIL 32                /* hops, 256 ms; a power of two */
#define PROGRESS_LINES 3

/* What sounds: lines in rising order. A modulated tone is three: carrier and side lines. */
struct progress_sound {
    int lines;
    float hz[PROGRESS_LINES];
};

struct progress_burst {
    uint64_t start_sample, end_sample; /* counted from init; end is the first sample after it */
    float power;                       /* (sample steps)^2 of a sine's amplitude */
    float ripple;                      /* strongest over weakest 40 ms of it, power */
    float power_before;                /* of the quietest 40 ms between it and the burst before */
    struct progress_sound sound;
};

/* What a hop brought. */
struct progress_heard {
    int rose;              /* something louder began... */
    uint64_t rose_sample;  /* ...here */
    int ended;             /* `burst` is over */
    int sounding;          /* `burst` sounds since its start, at least until its end_sample (not with `ended`) */
    struct progress_burst burst;
};

/* A stretch of even power. Hops and samples count from init. */
struct progress_stretch {
    int settled;           /* its level is known, and with it: */
    uint64_t start_sample;
    uint64_t noticed;      /* hop */
    uint64_t look_hop;     /* when to look at its spectrum next */
    uint64_t even_hop;     /* from when on what was 40 ms ago lies inside it */
    int looked;
    float level, before; /* power of it, and of the stretch before */
    int band;            /* holds most of it */
};

struct progress_burst_rx {
    float samples[PROGRESS_TAPS - PROGRESS_STEP + PROGRESS_HOP_SAMPLES]; /* oldest first */
    int held;                                      /* of them valid */
    uint64_t hop;                                  /* number of the next one */
    float kept[PROGRESS_KEPT][2 * PROGRESS_BANDS]; /* them, by number: real parts, then imaginary parts */
    float power[PROGRESS_SMOOTH][PROGRESS_BANDS];  /* of the last hops, by number */
    float trail[PROGRESS_TRAIL];                   /* power of 40 ms, by hop */
    struct progress_stretch stretch;
    int tone;                                      /* the stretch is a burst so far: */
    uint64_t joint;                                /* not 0: it is over since then, if a spectrum says so */
    float most, least;                             /* power of 40 ms in the burst, or what may become one */
    float between;                                 /* power of the quietest 40 ms since the last burst began */
    struct progress_burst burst;
};

void progress_burst_init(struct progress_burst_rx *rx);

/* Takes samples until a hop is complete, at most `count`; returns how many it took. `heard` is all zero where
 * there is nothing to tell. */
int progress_burst_take(struct progress_burst_rx *rx, const int16_t *samples, int count,
                        struct progress_heard *heard);

/* As many lines, each at its place within `share` of its frequency. */
int progress_same_sound(const struct progress_sound *a, const struct progress_sound *b, float share);

#endif
