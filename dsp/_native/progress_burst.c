#include "progress_burst.h"

#include "progress_table.h" /* LOW_PASS, CARRIER, HANN, TWIDDLE */
#include "vector.h"         /* VECTOR_CLONES */

#include <math.h>   /* fabsf, fmaxf, sqrtf */
#include <string.h> /* memcpy, memmove, memset */

#define BAND_HZ 500.0f                  /* from band to band, and outputs a second */
#define BIN_HZ (BAND_HZ / PROGRESS_WINDOW)
#define LEAST_POWER 10400.0f            /* of a burst: -47 dBm0, 22826^2 sample steps being 0 dBm0 */
#define QUIET_POWER (LEAST_POWER / 6.0f) /* below it all is the same silence */
#define FALL 0.4f                       /* of the power: less ends a stretch */
#define RISE 2.5f
#define SAME_LEVEL 1.6f                 /* a dip or a click after which the power is as before ends nothing */
#define EVEN 0.15f                      /* change of the power in 16 ms by which a stretch has settled */
#define LEAST_SETTLE 3                  /* hops */
#define MOST_SETTLE 12
#define JOINED_LEVEL 6.0f               /* a burst may change by as much and go on: GSM full rate at -35 dBm0 */
#define LEAST_LINE 0.09f                /* of the energy, -10 dB */
#define LEAST_BAND 0.04f                /* of the energy: a band with less is not looked at */
#define BIN_ENERGY 1.7f                 /* energy of a line over its strongest bin, Hann: 1.5 to 2.1 */
#define EDGE_BINS 6                     /* a line as near to the edge of a band is in the next one too */
#define LEAST_PURITY 0.75f              /* share of the lines in the energy: the band's noise at 5 dB */
#define STEADY 0.015f                   /* of a line's frequency, from spectrum to spectrum */
#define LEAST_SAMPLES 640               /* 80 ms, of a burst */
#define SETTLED_SAMPLES 184             /* from the middle of 40 ms of power to its hop: 80 the filter's, 104 half of it */
#define MIDDLE_SAMPLES 80               /* from the middle of the filter to its output */
#define LOOK_HOPS 19                    /* from an edge to the first spectrum wholly inside: filter and 128 ms */
#define BETWEEN_LOOKS 16                /* hops, 128 ms */

/* ---- samples to bands ---- */

/* One output: folds the filtered samples to 16, each of which every band's carrier turns by the same angle. */
static inline void filter_bands(const float *samples, float *out)
{
    float folded[PROGRESS_STEP] = {0}, turned[2 * PROGRESS_BANDS] = {0};

    for (int m = 0; m < PROGRESS_TAPS; m += PROGRESS_STEP)
        for (int p = 0; p < PROGRESS_STEP; p++)
            folded[p] += LOW_PASS[m + p] * samples[m + p];
    for (int p = 0; p < PROGRESS_STEP; p++)
        for (int lane = 0; lane < 2 * PROGRESS_BANDS; lane++)
            turned[lane] += folded[p] * CARRIER[p][lane];
    memcpy(out, turned, sizeof turned);
}

/* The outputs of one hop, and the mean power of each band. */
VECTOR_CLONES static void filter_hop(const float *samples, float (*out)[2 * PROGRESS_BANDS], float *power)
{
    for (int i = 0; i < PROGRESS_HOP; i++)
        filter_bands(samples + i * PROGRESS_STEP, out[i]);
    for (int band = 0; band < PROGRESS_BANDS; band++) {
        power[band] = 0.0f;
        for (int i = 0; i < PROGRESS_HOP; i++)
            power[band] += (out[i][band] * out[i][band] +
                            out[i][band + PROGRESS_BANDS] * out[i][band + PROGRESS_BANDS]) *
                           (1.0f / PROGRESS_HOP);
    }
}

/* ---- spectrum ---- */

/* Radix-2 decimation in frequency, in place; `bin` b is at index reversed(b). */
static void transform(float *re, float *im)
{
    for (int half = PROGRESS_WINDOW / 2, step = 1; half >= 1; half /= 2, step *= 2)
        for (int at = 0; at < PROGRESS_WINDOW; at += 2 * half)
            for (int k = 0; k < half; k++) {
                const int a = at + k, b = a + half;
                const float c = TWIDDLE[k * step][0], s = TWIDDLE[k * step][1];
                const float x = re[a] - re[b], y = im[a] - im[b];
                re[a] += re[b];
                im[a] += im[b];
                re[b] = x * c - y * s;
                im[b] = x * s + y * c;
            }
}

static int reversed(int bin)
{
    int out = 0;

    for (int bit = 1; bit < PROGRESS_WINDOW; bit *= 2)
        out = out * 2 + ((bin & bit) != 0);
    return out;
}

/* Power of a band by bin, from -250 to +242 Hz; its sum is the energy. */
static void spectrum(const struct progress_burst_rx *rx, uint64_t first, int band, float *power)
{
    float re[PROGRESS_WINDOW], im[PROGRESS_WINDOW];

    for (int k = 0; k < PROGRESS_WINDOW; k++) {
        const float *out = rx->kept[(first + k) % PROGRESS_KEPT];
        re[k] = out[band] * HANN[k];
        im[k] = out[band + PROGRESS_BANDS] * HANN[k];
    }
    transform(re, im);
    for (int k = 0; k < PROGRESS_WINDOW; k++) {
        const int from = reversed((k + PROGRESS_WINDOW / 2) % PROGRESS_WINDOW);
        power[k] = (re[from] * re[from] + im[from] * im[from]) * (1.0f / PROGRESS_WINDOW);
    }
}

static float energy(const struct progress_burst_rx *rx, uint64_t first, int band)
{
    float sum = 0.0f;

    for (int k = 0; k < PROGRESS_WINDOW; k++) {
        const float *out = rx->kept[(first + k) % PROGRESS_KEPT];
        const float re = out[band] * HANN[k], im = out[band + PROGRESS_BANDS] * HANN[k];
        sum += re * re + im * im;
    }
    return sum;
}

/* Frequency of a line from its strongest bin and the stronger neighbour; exact for a Hann window. */
static float line_hz(const float *power, int band, int bin)
{
    const float below = bin > 0 ? power[bin - 1] : 0.0f;
    const float above = bin < PROGRESS_WINDOW - 1 ? power[bin + 1] : 0.0f;
    const float ratio = sqrtf(fmaxf(below, above) / power[bin]);
    const float off = (2.0f * ratio - 1.0f) / (1.0f + ratio);

    return BAND_HZ * (float)(band + 1) + BIN_HZ * ((float)(bin - PROGRESS_WINDOW / 2) + (above > below ? off : -off));
}

/* Takes a line, five bins wide, out of the spectrum; returns its energy. */
static float take_line(float *power, int bin)
{
    float sum = 0.0f;

    for (int k = bin - 2; k <= bin + 2; k++)
        if (k >= 0 && k < PROGRESS_WINDOW) {
            sum += power[k];
            power[k] = 0.0f;
        }
    return sum;
}

static void insert_line(struct progress_sound *sound, float hz)
{
    int at = sound->lines++;

    for (; at > 0 && sound->hz[at - 1] > hz; at--)
        sound->hz[at] = sound->hz[at - 1];
    sound->hz[at] = hz;
}

/* The strongest line of the spectra that are still in `power`, if it has more than `least`; returns its energy. */
static float strongest_line(float *power, float least, float *hz)
{
    int best = 0, band, bin, beside;
    float sum;

    for (int k = 1; k < PROGRESS_BANDS * PROGRESS_WINDOW; k++)
        if (power[k] > power[best])
            best = k;
    if (power[best] * BIN_ENERGY <= least)
        return 0.0f;
    band = best / PROGRESS_WINDOW;
    bin = best % PROGRESS_WINDOW;
    *hz = line_hz(power + band * PROGRESS_WINDOW, band, bin);
    sum = take_line(power + band * PROGRESS_WINDOW, bin);
    beside = bin < EDGE_BINS ? band - 1 : bin >= PROGRESS_WINDOW - EDGE_BINS ? band + 1 : -1;
    if (beside >= 0 && beside < PROGRESS_BANDS) /* its image, folded over */
        sum += take_line(power + beside * PROGRESS_WINDOW, bin);
    return sum;
}

/* The lines in the 64 outputs from `first` on; true when there is nothing beside them. */
static int look(const struct progress_burst_rx *rx, uint64_t first, struct progress_sound *sound)
{
    float power[PROGRESS_BANDS * PROGRESS_WINDOW] = {0}, in_band[PROGRESS_BANDS];
    float total = 0.0f, lines = 0.0f, line, hz = 0.0f;

    sound->lines = 0;
    for (int band = 0; band < PROGRESS_BANDS; band++)
        total += in_band[band] = energy(rx, first, band);
    for (int band = 0; band < PROGRESS_BANDS; band++)
        if (in_band[band] > LEAST_BAND * total)
            spectrum(rx, first, band, power + band * PROGRESS_WINDOW);
    while (sound->lines < PROGRESS_LINES && (line = strongest_line(power, LEAST_LINE * total, &hz)) > 0.0f) {
        insert_line(sound, hz);
        lines += line;
    }
    return lines > LEAST_PURITY * total;
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
    rx->burst.sound = *sound;
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
    if (as_before && band == stretch->band) { /* a dip or a click */
        stretch->level = level;
        stretch->look_hop = rx->hop + LOOK_HOPS;
        return;
    }
    start = as_before ? stretch->noticed * PROGRESS_HOP_SAMPLES : edge(rx, level) + SETTLED_SAMPLES;
    start -= start < SETTLED_SAMPLES ? start : SETTLED_SAMPLES;
    look_back(rx, start, heard);
    if (!(rx->tone && band == stretch->band && level >= LEAST_POWER && level < JOINED_LEVEL * stretch->before &&
          stretch->before < JOINED_LEVEL * level))
        end_burst(rx, rx->joint ? rx->joint : start, heard);
    else if (!rx->joint)
        rx->joint = start;
    heard->rose = level > stretch->before;
    heard->rose_sample = start;
    stretch->level = level;
    stretch->band = band;
    stretch->start_sample = start;
    stretch->looked = 0;
    stretch->look_hop = start / PROGRESS_HOP_SAMPLES + LOOK_HOPS;
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
    if (stretch->settled &&
        (total < FALL * stretch->level || total > RISE * stretch->level || power[band] > 2.0f * power[stretch->band]))
        notice(rx);
    else if (stretch->settled)
        stretch->level += 0.125f * (total - stretch->level);
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
    filter_hop(rx->samples, rx->kept + rx->hop * PROGRESS_HOP % PROGRESS_KEPT, rx->power[rx->hop % PROGRESS_SMOOTH]);
    for (int i = 0; i < PROGRESS_SMOOTH; i++)
        for (int band = 0; band < PROGRESS_BANDS; band++)
            power[band] += rx->power[i][band] * (1.0f / PROGRESS_SMOOTH);
    follow(rx, power, heard);
    rx->hop++;
    rx->held -= PROGRESS_HOP_SAMPLES;
    memmove(rx->samples, rx->samples + PROGRESS_HOP_SAMPLES, sizeof(float) * (size_t)rx->held);
    return run;
}
