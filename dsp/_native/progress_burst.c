#include "progress_burst.h"

#include "progress_lines.h" /* look, lanes */

#include <math.h>   /* fabsf, fmaxf, fminf */
#include <string.h> /* memcpy, memmove, memset */

#define LEAST_POWER 10400.0f            /* of a burst: -47 dBm0, 22826^2 sample steps being 0 dBm0 */
#define QUIET_POWER (LEAST_POWER / 6.0f) /* below it all is the same silence */
#define FALL 0.4f                       /* of the power: less ends a stretch */
#define RISE 2.5f
#define SAME_LEVEL 1.6f                 /* a dip or a click after which the power is as before ends nothing */
#define EVEN 0.15f                      /* change of the power in 16 ms by which a stretch has settled */
#define LEAST_SETTLE 3                  /* hops */
#define MOST_SETTLE 12
#define JOINED_LEVEL 6.0f               /* a burst may change by as much and go on: GSM full rate at -35 dBm0 */
#define STEADY 0.015f                   /* of a line's frequency, from spectrum to spectrum */
#define LEAST_SAMPLES 640               /* 80 ms, of a burst */
#define SETTLED_SAMPLES 184             /* from the middle of 40 ms of power to its hop: 80 are the filter's */
#define MIDDLE_SAMPLES 80               /* from the middle of the filter to its output */
#define LOOK_HOPS 19                    /* from an edge to the first spectrum wholly inside: filter and 128 ms */
#define BETWEEN_LOOKS 16                /* hops, 128 ms */

/* ---- samples to bands ---- */

/* The outputs of one hop: folds the filtered samples to 16, each of which every band's carrier turns by the same
 * angle. Four outputs side by side keep the adders busy. */
VECTOR_CLONES static void filter_hop(const float *samples, float (*out)[2 * PROGRESS_BANDS])
{
    lanes low[PROGRESS_HOP] = {{0}}, high[PROGRESS_HOP] = {{0}}, turned[PROGRESS_HOP] = {{0}};

    for (int m = 0; m < PROGRESS_TAPS; m += PROGRESS_STEP)
        for (int i = 0; i < PROGRESS_HOP; i++) {
            low[i] += LANES_AT(LOW_PASS + m) * LANES_AT(samples + m + i * PROGRESS_STEP);
            high[i] += LANES_AT(LOW_PASS + m + 8) * LANES_AT(samples + m + 8 + i * PROGRESS_STEP);
        }
    for (int p = 0; p < PROGRESS_STEP / 2; p++)
        for (int i = 0; i < PROGRESS_HOP; i++)
            turned[i] += low[i][p] * LANES_AT(CARRIER[p]) + high[i][p] * LANES_AT(CARRIER[p + 8]);
    memcpy(out, turned, sizeof turned);
}

/* Mean power of each band in a hop. */
static void hop_power(float (*out)[2 * PROGRESS_BANDS], float *power)
{
    lanes squares = {0};

    for (int i = 0; i < PROGRESS_HOP; i++)
        squares += LANES_AT(out[i]) * LANES_AT(out[i]);
    for (int band = 0; band < PROGRESS_BANDS; band++)
        power[band] = (squares[band] + squares[band + PROGRESS_BANDS]) * (1.0f / PROGRESS_HOP);
}

int progress_same_sound(const struct progress_sound *a, const struct progress_sound *b, float share)
{
    if (a->lines != b->lines)
        return 0;
    for (int i = 0; i < a->lines; i++)
        if (fabsf(a->hz[i] - b->hz[i]) > share * b->hz[i])
            return 0;
    return 1;
}

/* ---- stretches to bursts ---- */

static void end_burst(struct progress_burst_rx *rx, uint64_t end, struct progress_heard *heard)
{
    if (rx->tone && end >= rx->burst.start_sample + LEAST_SAMPLES) {
        rx->burst.end_sample = end;
        rx->burst.ripple = rx->most / rx->least;
        heard->ended = 1;
        heard->burst = rx->burst;
    }
    rx->tone = 0;
    rx->joint = 0;
}

static void begin_burst(struct progress_burst_rx *rx, uint64_t start, const struct progress_sound *sound)
{
    rx->tone = 1;
    rx->burst.start_sample = start;
    rx->burst.power = rx->stretch.level;
    rx->burst.power_before = rx->between;
    rx->burst.sound = *sound;
    rx->between = rx->stretch.level;
}

/* What a spectrum means for the burst: it goes on, ends at `end`, or begins at `start`. */
static void take_look(struct progress_burst_rx *rx, int pure, const struct progress_sound *sound, uint64_t end,
                      uint64_t start, struct progress_heard *heard)
{
    if (rx->tone && !(pure && progress_same_sound(sound, &rx->burst.sound, STEADY)))
        end_burst(rx, rx->joint ? rx->joint : end, heard);
    if (pure && !rx->tone)
        begin_burst(rx, start, sound);
    if (pure)
        rx->burst.power = fmaxf(rx->burst.power, rx->stretch.level);
    rx->joint = 0;
    rx->stretch.looked = 1;
}

/* The latest 128 ms of a stretch. */
static void look_again(struct progress_burst_rx *rx, struct progress_heard *heard)
{
    const struct progress_stretch *stretch = &rx->stretch;
    const uint64_t now = rx->hop * PROGRESS_HOP_SAMPLES - PROGRESS_TAPS / 2;
    const uint64_t from = now - PROGRESS_WINDOW * PROGRESS_STEP;
    struct progress_sound sound;
    const int pure = stretch->level >= LEAST_POWER && look(rx, (rx->hop - BETWEEN_LOOKS) * PROGRESS_HOP, &sound);

    take_look(rx, pure, &sound, from, stretch->looked ? from : stretch->start_sample, heard);
    if (rx->tone) {
        rx->burst.end_sample = now;
        heard->sounding = 1;
        if (!heard->ended)
            heard->burst = rx->burst;
    }
    rx->stretch.look_hop = rx->hop + BETWEEN_LOOKS;
}

/* A stretch that was over before a whole spectrum was in it is looked at around its middle. */
static void look_back(struct progress_burst_rx *rx, uint64_t end, struct progress_heard *heard)
{
    const struct progress_stretch *stretch = &rx->stretch;
    const uint64_t middle = ((stretch->start_sample + end) / 2 + MIDDLE_SAMPLES) / PROGRESS_STEP;
    const uint64_t first = middle - PROGRESS_WINDOW / 2, newest = (rx->hop + 1) * PROGRESS_HOP;
    struct progress_sound sound;

    if (stretch->looked || stretch->level < LEAST_POWER || end < stretch->start_sample + LEAST_SAMPLES ||
        middle < PROGRESS_WINDOW / 2 || first + PROGRESS_KEPT < newest || first + PROGRESS_WINDOW > newest)
        return;
    take_look(rx, look(rx, first, &sound), &sound, stretch->start_sample, stretch->start_sample, heard);
}

/* Where the power passed the middle between the two stretches. */
static uint64_t edge(const struct progress_burst_rx *rx, float level)
{
    const float before = rx->stretch.before, half = 0.5f * (level + before);
    float newer = rx->trail[rx->hop % PROGRESS_TRAIL], back = 0.0f;
    int64_t sample;

    for (int j = 1; j < PROGRESS_TRAIL && (uint64_t)j <= rx->hop; j++) {
        const float older = rx->trail[(rx->hop - j) % PROGRESS_TRAIL];
        back = (float)j;
        if ((older < half) == (before < half) && older != newer) {
            back -= (half - older) / (newer - older);
            break;
        }
        newer = older;
    }
    sample = (int64_t)(rx->hop * PROGRESS_HOP_SAMPLES) - SETTLED_SAMPLES - (int64_t)(back * PROGRESS_HOP_SAMPLES);
    return sample > 0 ? (uint64_t)sample : 0;
}

static void notice(struct progress_burst_rx *rx)
{
    rx->stretch.settled = 0;
    rx->stretch.noticed = rx->hop;
    rx->stretch.before = rx->stretch.level;
}

/* The new stretch's level is known. */
static void settle(struct progress_burst_rx *rx, float level, int band, struct progress_heard *heard)
{
    struct progress_stretch *stretch = &rx->stretch;
    const int as_before = level < SAME_LEVEL * stretch->before && stretch->before < SAME_LEVEL * level;
    uint64_t start;

    stretch->settled = 1;
    stretch->even_hop = rx->hop + PROGRESS_SMOOTH;
    if (as_before && band == stretch->band) { /* a dip or a click */
        stretch->level = level;
        stretch->look_hop = rx->hop + LOOK_HOPS;
        return;
    }
    start = as_before ? stretch->noticed * PROGRESS_HOP_SAMPLES : edge(rx, level) + SETTLED_SAMPLES;
    start -= start < SETTLED_SAMPLES ? start : SETTLED_SAMPLES;
    look_back(rx, start, heard);
    if (!(rx->tone && band == stretch->band && level >= LEAST_POWER && level < JOINED_LEVEL * stretch->before &&
          stretch->before < JOINED_LEVEL * level)) {
        end_burst(rx, rx->joint ? rx->joint : start, heard);
        rx->most = rx->least = level;
    } else if (!rx->joint)
        rx->joint = start;
    heard->rose = level > stretch->before;
    heard->rose_sample = start;
    stretch->level = level;
    stretch->band = band;
    stretch->start_sample = start;
    stretch->looked = 0;
    stretch->look_hop = start / PROGRESS_HOP_SAMPLES + LOOK_HOPS;
}

/* A stretch goes on. What it was 40 ms ago is beyond the slope that may be its end. */
static void go_along(struct progress_burst_rx *rx, float total)
{
    const float earlier = rx->trail[(rx->hop - PROGRESS_SMOOTH) % PROGRESS_TRAIL];

    rx->stretch.level += 0.125f * (total - rx->stretch.level);
    if (rx->hop >= rx->stretch.even_hop) {
        rx->most = fmaxf(rx->most, earlier);
        rx->least = fminf(rx->least, earlier);
    }
}

static void follow(struct progress_burst_rx *rx, const float *power, struct progress_heard *heard)
{
    struct progress_stretch *stretch = &rx->stretch;
    const uint64_t age = rx->hop - stretch->noticed;
    const float before = rx->trail[(rx->hop - 2) % PROGRESS_TRAIL];
    float total = 0.0f;
    int band = 0;

    for (int b = 0; b < PROGRESS_BANDS; b++) {
        total += power[b];
        if (power[b] > power[band])
            band = b;
    }
    total = fmaxf(total, QUIET_POWER);
    rx->trail[rx->hop % PROGRESS_TRAIL] = total;
    rx->between = fminf(rx->between, total);
    if (stretch->settled &&
        (total < FALL * stretch->level || total > RISE * stretch->level || power[band] > 2.0f * power[stretch->band]))
        notice(rx);
    else if (stretch->settled)
        go_along(rx, total);
    else if ((age >= LEAST_SETTLE && fabsf(total - before) < EVEN * total) || age >= MOST_SETTLE)
        settle(rx, total, band, heard);
    if (stretch->settled && rx->hop >= stretch->look_hop)
        look_again(rx, heard);
}

/* ---- outside ---- */

void progress_burst_init(struct progress_burst_rx *rx)
{
    memset(rx, 0, sizeof *rx);
    rx->held = PROGRESS_TAPS - PROGRESS_STEP;
    for (int i = 0; i < PROGRESS_TRAIL; i++)
        rx->trail[i] = QUIET_POWER;
    rx->most = rx->least = QUIET_POWER;
    rx->stretch.settled = 1;
    rx->stretch.level = QUIET_POWER;
    rx->stretch.look_hop = LOOK_HOPS;
}

int progress_burst_take(struct progress_burst_rx *rx, const int16_t *samples, int count,
                        struct progress_heard *heard)
{
    const int size = PROGRESS_TAPS - PROGRESS_STEP + PROGRESS_HOP_SAMPLES;
    const int run = count < size - rx->held ? count : size - rx->held;
    float power[PROGRESS_BANDS] = {0};

    for (int i = 0; i < run; i++)
        rx->samples[rx->held + i] = (float)samples[i];
    rx->held += run;
    memset(heard, 0, sizeof *heard);
    if (rx->held < size)
        return run;
    filter_hop(rx->samples, rx->kept + rx->hop * PROGRESS_HOP % PROGRESS_KEPT);
    hop_power(rx->kept + rx->hop * PROGRESS_HOP % PROGRESS_KEPT, rx->power[rx->hop % PROGRESS_SMOOTH]);
    for (int i = 0; i < PROGRESS_SMOOTH; i++)
        for (int band = 0; band < PROGRESS_BANDS; band++)
            power[band] += rx->power[i][band] * (1.0f / PROGRESS_SMOOTH);
    follow(rx, power, heard);
    rx->hop++;
    rx->held -= PROGRESS_HOP_SAMPLES;
    memmove(rx->samples, rx->samples + PROGRESS_HOP_SAMPLES, sizeof(float) * (size_t)rx->held);
    return run;
}
