/* Call-progress tones: a plan written as text, and the generator that plays it.
 *
 * A plan is elements with commas between: what sounds, then `/` and for how many milliseconds.
 *   440+480/2000   both tones; up to TONE_FREQUENCIES of them
 *   400*25/400     400 Hz, modulated by 25 Hz to a depth of 90 %
 *   425@/375       10 dB quieter (the second beep of the Australian congestion tone)
 *   0/4000         silence
 *   !950/330       once: when the plan repeats, it goes back to the first element without `!`
 *   425            without a time: for ever
 * A plan in which every element is played once ends; every other one goes on until it is no longer asked for.
 *
 * Each tone of an element has the generator's level: 0 dBm0 is a sine 3.14 dB below digital clip (G.711 A-law).
 * An element fades in and out over 2.5 ms inside its own time, unless the same tones go on in the next.
 */
#ifndef CALLBOX_TONE_H
#define CALLBOX_TONE_H

#include <stdint.h>

#define TONE_ELEMENTS 64
#define TONE_FREQUENCIES 4

struct tone_element {
    float hz[TONE_FREQUENCIES]; /* below 4000 */
    int frequencies;            /* 0 = silence */
    float modulation_hz;        /* 0 = none */
    int quiet;                  /* 10 dB lower */
    int once;                   /* left out when the plan repeats */
    uint32_t samples;           /* 0 = for ever */
};

struct tone_plan {
    struct tone_element element[TONE_ELEMENTS];
    int elements;
    int repeat_from; /* index of the first element without `!`; -1 = the plan ends */
};

struct tone_oscillator {
    double re, im;           /* where it is */
    double step_re, step_im; /* what a sample turns it by */
};

struct tone_gen {
    struct tone_plan plan;
    double amplitude; /* of a tone, in sample steps */
    int now;          /* element; == plan.elements when the plan has ended */
    uint32_t played;  /* samples of it */
    int fade_in, fade_out;
    struct tone_oscillator tone[TONE_FREQUENCIES], modulation;
};

/* 0, or -1 where the text is no plan: unknown signs, 4000 Hz and above, too many elements or frequencies. */
int tone_plan_parse(const char *spec, struct tone_plan *plan);

/* Copies the plan. */
void tone_gen_init(struct tone_gen *gen, const struct tone_plan *plan, double level_dbm0);

/* Writes `count` samples and returns how many it wrote: fewer only at the end of a plan that ends. */
int tone_gen_fill(struct tone_gen *gen, int16_t *out, int count);

#endif
