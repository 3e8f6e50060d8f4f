#include "progress.h"

#include <math.h>   /* fabsf */
#include <string.h> /* memset */

#define SPAN(ms) ((ms) * 8) /* samples */

/* Busy, whatever the zone. The busy tones of the 46 zones in config/tones last 200 to 750 ms, gaps the same. */
#define BUSY_LEAST SPAN(125)
#define BUSY_MOST SPAN(850)
#define BUSY_LEAST_HZ 280.0f
#define BUSY_MOST_HZ 740.0f
#define BUSY_BURSTS 3
#define BUSY_BALANCE 1.5f            /* of burst to gap, either way */
#define EVEN_HZ 0.012f               /* share of the frequency, burst to burst */
#define EVEN_RIPPLE 2.0f             /* 3 dB, within a burst of two lines or three */
#define EVEN_POWER 2.0f              /* 3 dB, burst to burst */

/* A machine's bursts and gaps are as even from cycle to cycle. */
#define EVEN_SHARE 0.04f
#define EVEN_SAMPLES SPAN(32) /* more: noise, speech coders' frames, clicks */

#define LATE SPAN(150)      /* beyond the longest gap: until then the next burst would be known to have begun */
#define CUT_AFTER 3         /* elements */
#define LEVEL_POWER 4.0f    /* 6 dB either way between bursts of one sound: a quiet one has 10 dB less */
#define LEFT_POWER 0.05f             /* -13 dB beside the tone: what an echo canceller leaves of our own voice */
#define GAP_POWER 0.5f      /* -3 dB beside the burst */
#define LEAST_GAP SPAN(60)  /* shorter gaps are in no plan and not heard reliably */

/* How well the latest bursts are a tone. */
struct fit {
    int elements;
    int bursts;  /* of them */
    float error; /* mean of the times, relative */
    uint64_t start_sample;
    uint64_t longest_next; /* gap, or burst right after, that may come: samples */
};

static const struct progress_burst *burst_back(const struct progress *progress, uint32_t back)
{
    return &progress->heard[progress->bursts - 1 - back];
}

/* What was far quieter and stands before it was in a gap, and is no part of a tone. */
static void keep(struct progress *progress, const struct progress_burst *burst)
{
    while (progress->bursts > 0 && burst_back(progress, 0)->power < LEFT_POWER * burst->power)
        progress->bursts--;
    if (progress->bursts == PROGRESS_HISTORY)
        memmove(progress->heard, progress->heard + 1, --progress->bursts * sizeof *progress->heard);
    progress->heard[progress->bursts++] = *burst;
}

/* A gap in which it is never quiet is none: somebody speaks over a steady tone. */
static int is_quiet_after(const struct progress *progress, uint32_t back)
{
    const float between = back ? burst_back(progress, back - 1)->power_before : progress->rx.between;

    return between < GAP_POWER * burst_back(progress, back)->power;
}

static int is_sound(const struct progress *progress, const struct progress_burst *burst, int sound)
{
    return progress_same_sound(&burst->sound, &progress->plan->sound[sound], progress->plan->share[sound]);
}

/* ---- one tone ---- */

static int is_even(uint64_t a, uint64_t b)
{
    return fabsf((float)a - (float)b) <= EVEN_SAMPLES + EVEN_SHARE * (float)b;
}

/* `later` is how long the same element was a cycle later, 0 where that was not heard. */
static int within(uint64_t samples, const struct progress_element *element, uint64_t later, struct fit *fit)
{
    if (samples < element->least_samples || samples > element->most_samples || (later && !is_even(samples, later)))
        return 0;
    fit->elements++;
    fit->error += fabsf((float)samples - (float)element->samples) / (float)element->samples;
    return 1;
}

/* The oldest burst may have been cut short, by the line's switching through; where the rest tells enough. */
static int is_cut(uint64_t samples, const struct progress_element *element, uint64_t later, struct fit *fit)
{
    if (fit->elements < CUT_AFTER || samples > (later ? later : element->most_samples))
        return 0;
    fit->elements++;
    fit->error += 0.1f;
    return 1;
}

/* Whether a burst has the level that it should, beside the next one of the same sound. */
static int is_level(const struct progress_burst *burst, const struct progress_element *element,
                    const struct progress_burst *next, const struct progress_element *next_element)
{
    const float a = burst->power * next_element->gain, b = next->power * element->gain;

    return element->sound != next_element->sound || (a < LEVEL_POWER * b && b < LEVEL_POWER * a);
}

/* Walks back from the latest burst, or from the gap after it (`gap` samples), as element `at`. */
static struct fit walk_back(const struct progress *progress, const struct progress_tone *tone, int at, uint64_t gap)
{
    uint64_t later[PROGRESS_ELEMENTS] = {0};
    struct fit fit = {0};
    int last = at, whole;

    for (uint32_t back = 0; back < progress->bursts; back++) {
        const struct progress_burst *burst = burst_back(progress, back);
        const uint64_t samples = burst->end_sample - burst->start_sample;

        if (tone->element[at].sound == PROGRESS_SILENCE) {
            if (!is_quiet_after(progress, back) || !within(gap, &tone->element[at], later[at], &fit))
                break;
            later[at] = gap;
            at = (at + tone->elements - 1) % tone->elements;
        } else if (gap >= LEAST_GAP)
            break;
        if (!is_sound(progress, burst, tone->element[at].sound))
            break;
        if (back > 0 && !is_level(burst, &tone->element[at], burst_back(progress, back - 1), &tone->element[last]))
            break;
        whole = within(samples, &tone->element[at], later[at], &fit);
        if (!whole && !is_cut(samples, &tone->element[at], later[at], &fit))
            break;
        later[at] = samples;
        fit.bursts++;
        fit.start_sample = burst->start_sample;
        if (!whole || back + 1 == progress->bursts)
            break;
        gap = burst->start_sample - burst_back(progress, back + 1)->end_sample;
        last = at;
        at = (at + tone->elements - 1) % tone->elements;
    }
    if (fit.bursts == 0)
        return (struct fit){0};
    fit.error /= (float)fit.elements;
    return fit;
}

/* The best of all elements that the latest burst (`gap` 0), or the gap after it, can be. */
static struct fit fit_tone(const struct progress *progress, const struct progress_tone *tone, uint64_t gap)
{
    struct fit best = {0};

    for (int at = 0; at < tone->elements; at++) {
        const int next = (at + 1) % tone->elements;
        struct fit fit;
        if ((tone->element[at].sound == PROGRESS_SILENCE) != (gap > 0) || tone->element[at].most_samples == 0)
            continue;
        fit = walk_back(progress, tone, at, gap);
        fit.longest_next = tone->element[next].most_samples;
        if (fit.elements > best.elements || (fit.elements == best.elements && fit.error < best.error))
            best = fit;
    }
    return best;
}

/* ---- busy, whatever the zone ---- */

static int in_busy_band(const struct progress_sound *sound)
{
    return sound->hz[0] > BUSY_LEAST_HZ && sound->hz[sound->lines - 1] < BUSY_MOST_HZ;
}

/* Several lines that swell and die away: music. (One line through GSM full rate is as uneven.) */
static int is_chord(const struct progress_burst *burst)
{
    return burst->sound.lines > 1 && burst->ripple >= EVEN_RIPPLE;
}

/* Two bursts that the same machine may have made. */
static int is_alike(const struct progress_burst *a, const struct progress_burst *b)
{
    return progress_same_sound(&a->sound, &b->sound, EVEN_HZ) && !is_chord(a) && a->power < EVEN_POWER * b->power &&
           b->power < EVEN_POWER * a->power;
}

static struct fit fit_any_busy(const struct progress *progress)
{
    const struct progress_burst *latest = burst_back(progress, 0);
    const uint64_t on = latest->end_sample - latest->start_sample;
    struct fit fit = {.elements = 1, .bursts = 1, .start_sample = latest->start_sample};
    uint64_t off = 0;

    if (on < BUSY_LEAST || on > BUSY_MOST || is_chord(latest) || !in_busy_band(&latest->sound))
        return (struct fit){0};
    for (; fit.bursts < BUSY_BURSTS && (uint32_t)fit.bursts < progress->bursts; fit.bursts++) {
        const struct progress_burst *burst = burst_back(progress, (uint32_t)fit.bursts);
        const uint64_t samples = burst->end_sample - burst->start_sample;
        const uint64_t gap = fit.start_sample - burst->end_sample;
        const int oldest = fit.bursts + 1 == BUSY_BURSTS;

        off = off ? off : gap;
        if (!is_alike(burst, latest) || !is_quiet_after(progress, (uint32_t)fit.bursts) || gap < BUSY_LEAST ||
            gap > BUSY_MOST || !is_even(gap, off) || !(is_even(samples, on) || (oldest && samples < on)))
            break;
        fit.start_sample = burst->start_sample;
    }
    if ((float)on > BUSY_BALANCE * (float)off || (float)off > BUSY_BALANCE * (float)on)
        return (struct fit){0};
    fit.elements = 2 * fit.bursts - 1;
    fit.longest_next = off + EVEN_SAMPLES + off / 8;
    return fit;
}

/* ---- which tone ---- */

static struct fit fit_of(const struct progress *progress, int tone, uint64_t gap)
{
    if (tone != PROGRESS_ANY_BUSY)
        return fit_tone(progress, &progress->plan->tone[tone], gap);
    return gap ? (struct fit){0} : fit_any_busy(progress);
}

/* The tone that fits best and has all it needs; false where none has. */
static int best_tone(const struct progress *progress, uint64_t gap, int *tone, struct fit *best)
{
    int any = 0;

    for (int i = 0; i < progress->plan->tones; i++) {
        const struct fit fit = fit_of(progress, i, gap);
        if (fit.elements >= progress->plan->tone[i].need && (!any || fit.error < best->error)) {
            any = 1;
            *tone = i;
            *best = fit;
        }
    }
    if (any || !progress->plan->any_busy)
        return any;
    *tone = PROGRESS_ANY_BUSY;
    *best = fit_of(progress, PROGRESS_ANY_BUSY, gap);
    return best->bursts >= BUSY_BURSTS;
}

/* ---- what is told ---- */

struct told {
    struct progress_finding *out;
    int count, max;
};

static void tell(struct told *told, const struct progress_finding *finding)
{
    if (told->count < told->max)
        told->out[told->count++] = *finding;
}

static void stop(struct progress *progress, struct told *told)
{
    if (!progress->found)
        return;
    progress->found = 0;
    progress->finding.ended = 1;
    tell(told, &progress->finding);
}

static const struct progress_tone *tone_found(const struct progress *progress)
{
    return progress->finding.tone == PROGRESS_ANY_BUSY ? NULL : &progress->plan->tone[progress->finding.tone];
}

static void find(struct progress *progress, int tone, const struct fit *fit, uint64_t end, struct told *told)
{
    struct progress_finding *finding = &progress->finding;

    stop(progress, told);
    progress->found = 1;
    finding->tone = tone;
    finding->kind = tone_found(progress) ? tone_found(progress)->kind : PROGRESS_BUSY;
    finding->ended = 0;
    finding->start_sample = fit->start_sample;
    finding->end_sample = end;
    finding->bursts = (uint32_t)fit->bursts;
    progress->power = progress->rx.burst.power;
    progress->deadline = end + fit->longest_next + LATE;
    tell(told, finding);
}

/* What was found goes on with the latest burst, or has stopped before it. */
static void go_on(struct progress *progress, uint64_t end, struct told *told)
{
    const struct progress_tone *tone = tone_found(progress);
    const struct fit fit = fit_of(progress, progress->finding.tone, 0);
    const int need = tone && tone->need < 3 ? tone->need : 3;

    if (fit.elements < need) {
        stop(progress, told);
        return;
    }
    progress->finding.end_sample = end;
    progress->finding.bursts++;
    progress->power = progress->rx.burst.power;
    progress->deadline = end + fit.longest_next + LATE;
}

/* A burst is over, or (`gap` > 0) the gap after it is. */
static void weigh(struct progress *progress, uint64_t gap, struct told *told)
{
    const uint64_t end = burst_back(progress, 0)->end_sample;
    struct fit fit = {0};
    int tone = 0;

    if (best_tone(progress, gap, &tone, &fit) && !(progress->found && tone == progress->finding.tone))
        find(progress, tone, &fit, end, told);
    else if (progress->found && !gap)
        go_on(progress, end, told);
}

/* A burst began in time: it is waited for. */
static void expect_end(struct progress *progress, uint64_t rose_sample)
{
    const struct progress_tone *tone = tone_found(progress);
    uint64_t longest = tone ? 0 : BUSY_MOST;

    for (int i = 0; tone && i < tone->elements; i++)
        if (tone->element[i].sound != PROGRESS_SILENCE && tone->element[i].most_samples > longest)
            longest = tone->element[i].most_samples;
    if (rose_sample + longest + LATE > progress->deadline)
        progress->deadline = rose_sample + longest + LATE;
}

/* A burst goes on: dial tone is known by its length alone. */
static void weigh_steady(struct progress *progress, const struct progress_burst *burst, struct told *told)
{
    const struct fit fit = {.elements = 1, .bursts = 1, .start_sample = burst->start_sample};

    for (int i = 0; i < progress->plan->tones; i++) {
        const struct progress_element *element = &progress->plan->tone[i].element[0];
        if (element->most_samples || !is_sound(progress, burst, element->sound) ||
            burst->end_sample - burst->start_sample < element->least_samples)
            continue;
        if (!progress->found || progress->finding.tone != i)
            find(progress, i, &fit, burst->end_sample, told);
        progress->finding.end_sample = burst->end_sample;
        progress->deadline = UINT64_MAX;
        return;
    }
}

static int is_steady(const struct progress *progress)
{
    return progress->found && tone_found(progress) && tone_found(progress)->element[0].most_samples == 0;
}

static void hear(struct progress *progress, const struct progress_heard *heard, struct told *told)
{
    const float power = heard->ended ? heard->burst.power : progress->rx.stretch.level;
    const int left = progress->found && power < LEFT_POWER * progress->power; /* in the gaps of what was found */

    if (heard->ended) {
        keep(progress, &heard->burst);
        if (is_steady(progress)) {
            progress->finding.end_sample = heard->burst.end_sample;
            stop(progress, told);
        }
        if (!left)
            weigh(progress, 0, told);
    } else if (heard->rose && progress->bursts > 0 && !is_steady(progress) && !left) {
        const uint64_t end = burst_back(progress, 0)->end_sample;
        if (heard->rose_sample > end + LEAST_GAP)
            weigh(progress, heard->rose_sample - end, told);
        if (progress->found)
            expect_end(progress, heard->rose_sample);
    }
    if (heard->sounding && !heard->ended)
        weigh_steady(progress, &heard->burst, told);
    if (progress->found && progress->rx.hop * PROGRESS_HOP_SAMPLES > progress->deadline)
        stop(progress, told);
}

/* ---- outside ---- */

void progress_init(struct progress *progress, const struct progress_plan *plan)
{
    memset(progress, 0, sizeof *progress);
    progress->plan = plan;
    progress_burst_init(&progress->rx);
}

int progress_feed(struct progress *progress, const int16_t *samples, int count, struct progress_finding *out,
                  int max_out)
{
    struct told told = {out, 0, max_out};
    struct progress_heard heard;

    while (count > 0) {
        const int taken = progress_burst_take(&progress->rx, samples, count, &heard);
        if (heard.ended || heard.rose || heard.sounding || progress->found)
            hear(progress, &heard, &told);
        samples += taken;
        count -= taken;
    }
    return told.count;
}
