#include "tone.h"

#include <math.h>   /* sin, cos, pow */
#include <string.h> /* memset */

#define RATE 8000.0                 /* samples a second */
#define SAMPLES_PER_MS 8            /* at that rate */
#define FADE 20                     /* samples, 2.5 ms: no click is heard */
#define MAX_MS (24u * 3600u * 1000u) /* a day: keeps the sample count far inside 32 bits */
#define DBM0_AT_CLIP 3.14           /* dBm0 of a full-scale sine, G.711 A-law */
#define QUIET_GAIN 0.31622776601683794 /* -10 dB */
#define DEPTH 0.9                   /* of modulation */

/* ---- parsing ---- */

static const char *skip_spaces(const char *at)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

/* Reads digits with at most one point, at most `max`. Null when there is none. Not strtod: that follows the
 * locale. */
static const char *read_number(const char *at, double max, double *value)
{
    double scale = 0.0;
    int digits = 0;

    *value = 0.0;
    for (; (*at >= '0' && *at <= '9') || (*at == '.' && scale == 0.0); at++) {
        if (*at == '.') {
            scale = 1.0;
            continue;
        }
        digits++;
        if (scale > 0.0)
            *value += (*at - '0') * (scale /= 10.0);
        else
            *value = *value * 10.0 + (*at - '0');
        if (*value > max)
            return NULL;
    }
    return digits ? at : NULL;
}

static const char *read_frequencies(const char *at, struct tone_element *element)
{
    double hz;

    for (;; at++) {
        at = read_number(at, RATE / 2 - 1, &hz);
        if (!at || element->frequencies == TONE_FREQUENCIES)
            return NULL;
        element->hz[element->frequencies++] = (float)hz;
        if (*at != '+')
            break;
    }
    if (element->frequencies == 1 && element->hz[0] == 0.0f)
        element->frequencies = 0;
    return at;
}

static const char *read_element(const char *at, struct tone_element *element)
{
    double value;

    memset(element, 0, sizeof *element);
    if (*at == '!') {
        element->once = 1;
        at++;
    }
    if (!(at = read_frequencies(at, element)))
        return NULL;
    if (*at == '*') {
        if (!(at = read_number(at + 1, RATE / 2 - 1, &value)))
            return NULL;
        element->modulation_hz = (float)value;
    }
    if (*at == '@') {
        element->quiet = 1;
        at++;
    }
    if (*at == '/') {
        if (!(at = read_number(at + 1, MAX_MS, &value)))
            return NULL;
        element->samples = (uint32_t)(value * SAMPLES_PER_MS + 0.5);
        if (value > 0.0 && element->samples == 0)
            return NULL;
    }
    return at;
}

int tone_plan_parse(const char *spec, struct tone_plan *plan)
{
    const char *at = skip_spaces(spec);

    memset(plan, 0, sizeof *plan);
    plan->repeat_from = -1;
    for (;;) {
        if (plan->elements == TONE_ELEMENTS)
            return -1;
        if (!(at = read_element(at, &plan->element[plan->elements])))
            return -1;
        if (!plan->element[plan->elements].once && plan->repeat_from < 0)
            plan->repeat_from = plan->elements;
        plan->elements++;
        at = skip_spaces(at);
        if (*at == '\0')
            return 0;
        if (*at != ',')
            return -1;
        at = skip_spaces(at + 1);
    }
}

/* ---- playing ---- */

static int same_sound(const struct tone_element *a, const struct tone_element *b)
{
    return a->frequencies == b->frequencies && a->modulation_hz == b->modulation_hz && a->quiet == b->quiet &&
           memcmp(a->hz, b->hz, sizeof a->hz) == 0;
}

static void start_oscillator(struct tone_oscillator *oscillator, double hz)
{
    const double turn = 2.0 * M_PI * hz / RATE;

    oscillator->re = 1.0;
    oscillator->im = 0.0;
    oscillator->step_re = cos(turn);
    oscillator->step_im = sin(turn);
}

/* Gives the sine and moves on a sample. In double the length of the phasor stays 1 for days. */
static inline double turn_oscillator(struct tone_oscillator *oscillator)
{
    const double value = oscillator->im;
    const double re = oscillator->re * oscillator->step_re - oscillator->im * oscillator->step_im;

    oscillator->im = oscillator->re * oscillator->step_im + oscillator->im * oscillator->step_re;
    oscillator->re = re;
    return value;
}

static int after(const struct tone_gen *gen, int index)
{
    if (index + 1 < gen->plan.elements)
        return index + 1;
    return gen->plan.repeat_from < 0 ? gen->plan.elements : gen->plan.repeat_from;
}

static void start_element(struct tone_gen *gen, int index, int goes_on)
{
    const struct tone_element *element = &gen->plan.element[index];
    const int next = after(gen, index);

    gen->now = index;
    gen->played = 0;
    if (index == gen->plan.elements)
        return;
    gen->fade_in = !goes_on;
    gen->fade_out = element->samples > 0 &&
                    (next == gen->plan.elements || !same_sound(element, &gen->plan.element[next]));
    if (goes_on)
        return;
    for (int i = 0; i < element->frequencies; i++)
        start_oscillator(&gen->tone[i], element->hz[i]);
    start_oscillator(&gen->modulation, element->modulation_hz);
}

static double fade(const struct tone_gen *gen, uint32_t length)
{
    double gain = 1.0;

    if (gen->fade_in && gen->played < FADE)
        gain = (gen->played + 0.5) / FADE;
    if (gen->fade_out && length - gen->played <= FADE)
        gain *= (length - gen->played - 0.5) / FADE;
    return gain;
}

static int16_t next_sample(struct tone_gen *gen, const struct tone_element *element)
{
    double sum = 0.0;

    for (int i = 0; i < element->frequencies; i++)
        sum += turn_oscillator(&gen->tone[i]);
    if (element->modulation_hz > 0.0f) /* scaled to the power of the tone without modulation */
        sum *= (1.0 + DEPTH * turn_oscillator(&gen->modulation)) / sqrt(1.0 + DEPTH * DEPTH / 2.0);
    sum *= gen->amplitude * (element->quiet ? QUIET_GAIN : 1.0) * fade(gen, element->samples);
    return (int16_t)lrint(fmin(32767.0, fmax(-32768.0, sum)));
}

void tone_gen_init(struct tone_gen *gen, const struct tone_plan *plan, double level_dbm0)
{
    memset(gen, 0, sizeof *gen);
    gen->plan = *plan;
    gen->amplitude = 32767.0 * pow(10.0, (level_dbm0 - DBM0_AT_CLIP) / 20.0);
    start_element(gen, 0, 0);
}

int tone_gen_fill(struct tone_gen *gen, int16_t *out, int count)
{
    int done = 0;

    while (done < count && gen->now < gen->plan.elements) {
        const struct tone_element *element = &gen->plan.element[gen->now];
        int run = count - done;

        if (element->samples > 0 && element->samples - gen->played < (uint32_t)run)
            run = (int)(element->samples - gen->played);
        for (int i = 0; i < run; i++, gen->played++)
            out[done++] = next_sample(gen, element);
        if (element->samples == 0)
            gen->played = FADE; /* for ever: the count must not wrap */
        else if (gen->played == element->samples) {
            const int next = after(gen, gen->now);
            start_element(gen, next, next < gen->plan.elements && same_sound(element, &gen->plan.element[next]));
        }
    }
    return done;
}
