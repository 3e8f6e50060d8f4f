#include "fsk.h"

#include "band_pass.h"
#include "vector.h"

#include <math.h>   /* cosf, sinf, sqrtf, atan2f */
#include <string.h> /* memcpy, memmove, memset */

#define RATE 8000.0
#define LANES 8 /* outputs worked on together: they stay in registers */

#define LEAST_AMPLITUDE 85.0f  /* of the mark tone: -48.6 dBm0; to accept -40 and reject -50 */
#define LEAST_COHERENCE 0.75f  /* of the mark tone over a bit: white noise 8 dB below leaves 0.95, speech rarely 0.7 */
#define MOST_OFFSET 0.04f      /* of the mark's frequency; V.23 accepts 0.015, and noise adds to it */
#define ENOUGH_MARGIN 0.6f     /* in half swings: a bit that leans this far says no more about timing */
#define LEAST_MARGIN 0.3f      /* mean of a character's bits, in half swings: below, the carrier is gone */
#define FADED 0.4f             /* of the lesser lean of this sender: its last two bits below, and the carrier is gone */
#define MOST_SHIFT 3           /* samples a start edge may be off: noise, and twist not yet known */
#define MOST_BAD_STOPS 2

/* ---- samples to lean ---- */

static inline void correlate(const struct fsk_rx *rx, const float *in, float *lean, int count)
{
    for (int from = 0; from < count; from += LANES) {
        float mark_re[LANES] = {0}, mark_im[LANES] = {0}, space_re[LANES] = {0}, space_im[LANES] = {0};
        for (int tap = 0; tap < rx->window; tap++)
            for (int lane = 0; lane < LANES; lane++) {
                const float sample = in[from + tap + lane];
                mark_re[lane] += rx->mark_re[tap] * sample;
                mark_im[lane] += rx->mark_im[tap] * sample;
                space_re[lane] += rx->space_re[tap] * sample;
                space_im[lane] += rx->space_im[tap] * sample;
            }
        for (int lane = 0; lane < LANES; lane++) {
            const float mark = mark_re[lane] * mark_re[lane] + mark_im[lane] * mark_im[lane];
            const float space = space_re[lane] * space_re[lane] + space_im[lane] * space_im[lane];
            lean[from + lane] = sqrtf(mark) - sqrtf(space);
        }
    }
}

VECTOR_CLONES
static void hear(struct fsk_rx *rx, const int16_t *samples, int count)
{
    for (int i = 0; i < count; i++)
        rx->samples[BAND_PASS_TAPS - 1 + i] = samples[i];
    band_pass(rx->band, rx->samples, rx->filtered + FSK_KEPT, count);
    correlate(rx, rx->filtered + FSK_KEPT - (rx->window - 1), rx->lean + FSK_KEPT, count);
}

static void slide(float *values, int kept, int count)
{
    memmove(values, values + count, sizeof(float) * (size_t)kept);
}

static void forget(struct fsk_rx *rx, int count)
{
    slide(rx->samples, BAND_PASS_TAPS - 1, count);
    slide(rx->filtered, FSK_KEPT, count);
    slide(rx->lean, FSK_KEPT, count);
    rx->first += count;
}

/* ---- lean to characters ---- */

static float threshold(const struct fsk_rx *rx)
{
    return rx->synced ? 0.5f * (rx->mark_lean + rx->space_lean) : 0.0f;
}

static float half_swing(const struct fsk_rx *rx)
{
    return 0.5f * (rx->mark_lean - rx->space_lean);
}

static float lean_at(const struct fsk_rx *rx, float position) /* relative to rx->first, between two samples */
{
    const int before = (int)position;
    const float part = position - (float)before;

    return rx->lean[before] + part * (rx->lean[before + 1] - rx->lean[before]);
}

/* The middle of the start bit leans to space: this was no spike in the mark. */
static int starts(const struct fsk_rx *rx, float limit)
{
    const float middle = (float)(rx->scan - rx->first) + 0.5f * rx->bit - 0.5f;

    return lean_at(rx, middle - 1) + lean_at(rx, middle) + lean_at(rx, middle + 1) < 3.0f * limit;
}

/* The correlator at mark, at a place relative to rx->first. */
static void mark_tone(const struct fsk_rx *rx, int at, float *re, float *im)
{
    const float *in = rx->filtered + at - (rx->window - 1);

    *re = *im = 0.0f;
    for (int tap = 0; tap < rx->window; tap++) {
        *re += rx->mark_re[tap] * in[tap];
        *im += rx->mark_im[tap] * in[tap];
    }
}

/* What stands before the edge at `scan` is one steady tone at the mark frequency. Learns how far it leans. */
static int was_mark_tone(struct fsk_rx *rx)
{
    const int edge = (int)(rx->scan - rx->first), end = edge - rx->window / 2;
    const int begin = edge - (int)(rx->least_mark_bits * rx->bit) + rx->window / 2 + rx->lag;
    float power = 0.0f, re = 0.0f, im = 0.0f, lean = 0.0f;

    for (int i = begin; i < end; i++) {
        float now_re, now_im, past_re, past_im;
        mark_tone(rx, i, &now_re, &now_im);
        mark_tone(rx, i - rx->lag, &past_re, &past_im);
        power += now_re * now_re + now_im * now_im;
        re += now_re * past_re + now_im * past_im;
        im += now_im * past_re - now_re * past_im;
        lean += rx->lean[i];
    }
    const float count = (float)(end - begin), turn = rx->mark_turn * (float)rx->lag;
    if (lean <= 0.0f || power < LEAST_AMPLITUDE * LEAST_AMPLITUDE * count)
        return 0;
    if (re * re + im * im < LEAST_COHERENCE * LEAST_COHERENCE * power * power)
        return 0;
    if (fabsf(remainderf(atan2f(im, re) - turn, 2.0f * (float)M_PI)) > MOST_OFFSET * turn)
        return 0;
    rx->mark_lean = lean / count;
    rx->space_lean = -rx->mark_lean;
    return 1;
}

static float mark_bits(const struct fsk_rx *rx)
{
    return fmaxf((float)(rx->scan - rx->mark_since) / rx->bit, 0.0f);
}

/* May the edge at `scan` begin a character? After a long mark it is one after a pause, or something else. */
static int is_edge(struct fsk_rx *rx)
{
    if (mark_bits(rx) < rx->least_mark_bits)
        return 1;
    rx->synced = 0;
    return was_mark_tone(rx);
}

/* Looks for the next start bit up to position `end`. */
static int find_edge(struct fsk_rx *rx, int64_t end)
{
    for (; rx->scan < end; rx->scan++) {
        const float limit = threshold(rx);
        if (rx->lean[rx->scan - rx->first] >= limit) {
            if (!rx->is_mark)
                rx->mark_since = rx->scan;
            rx->is_mark = 1;
            continue;
        }
        if (!rx->is_mark)
            continue;
        if (!rx->synced && mark_bits(rx) < rx->least_mark_bits) {
            rx->is_mark = 0;
            continue;
        }
        if (rx->scan + (int)rx->bit >= end)
            return 0;
        if (!starts(rx, limit)) {
            rx->scan += (int)(0.5f * rx->bit);
            continue;
        }
        rx->is_mark = 0;
        if (is_edge(rx)) {
            rx->edge = rx->scan;
            return 1;
        }
    }
    return 0;
}

/* How far the bits of a character that starts `shift` samples after the edge lean the way they should, in half
 * swings. `bits` has the start bit lowest, and ones for marks. */
static float read_bits(const struct fsk_rx *rx, float limit, int shift, int *bits)
{
    const float middle = (float)(rx->edge - rx->first + shift) + 0.5f * rx->bit - 0.5f;
    const int last = rx->data_bits + 1;
    const float enough = ENOUGH_MARGIN * half_swing(rx);
    float sum = 0.0f;

    *bits = 0;
    for (int n = 0; n <= last; n++) {
        const float lean = lean_at(rx, middle + (float)n * rx->bit) - limit;
        *bits |= (lean >= 0.0f) << n;
        sum += fminf(n == 0 ? -lean : n == last ? lean : fabsf(lean), enough);
    }
    return sum / ((float)(last + 1) * half_swing(rx));
}

static float best_shift(const struct fsk_rx *rx, float limit, int *shift, int *bits)
{
    float best = read_bits(rx, limit, 0, bits);

    *shift = 0;
    for (int tried = -MOST_SHIFT; tried <= MOST_SHIFT; tried++) {
        int tried_bits;
        const float sum = read_bits(rx, limit, tried, &tried_bits);
        if (sum > best) {
            best = sum;
            *shift = tried;
            *bits = tried_bits;
        }
    }
    return best;
}

/* Follows the sender's levels: half of the way to what this character's marks and spaces lean. */
static void learn(struct fsk_rx *rx, int shift, int bits)
{
    const float middle = (float)(rx->edge - rx->first + shift) + 0.5f * rx->bit - 0.5f;
    float sum[2] = {0.0f, 0.0f}, count[2] = {0.0f, 0.0f};

    for (int n = 0; n <= rx->data_bits + 1; n++) {
        const int mark = bits >> n & 1;
        sum[mark] += lean_at(rx, middle + (float)n * rx->bit);
        count[mark] += 1.0f;
    }
    if (count[0] > 0.0f && !rx->synced)
        rx->space_lean = sum[0] / count[0];
    else if (count[0] > 0.0f)
        rx->space_lean += 0.5f * (sum[0] / count[0] - rx->space_lean);
    if (count[1] > 0.0f)
        rx->mark_lean += 0.5f * (sum[1] / count[1] - rx->mark_lean);
}

/* The last data bit and the stop bit lean nowhere. */
static int fades(const struct fsk_rx *rx, int shift)
{
    const float stop =
        (float)(rx->edge - rx->first + shift) + ((float)rx->data_bits + 1.5f) * rx->bit - 0.5f;
    const float least = FADED * fminf(fabsf(rx->mark_lean), fabsf(rx->space_lean));

    return fabsf(lean_at(rx, stop - rx->bit)) < least && fabsf(lean_at(rx, stop)) < least;
}

/* Decides the character at `edge`; false when there is no carrier (any more). Goes on from its stop bit. */
static int decide(struct fsk_rx *rx, struct fsk_char *out)
{
    int shift, bits;

    out->mark_bits = mark_bits(rx);
    const int is_carrier = best_shift(rx, threshold(rx), &shift, &bits) >= LEAST_MARGIN;
    learn(rx, shift, bits);
    rx->synced = is_carrier && half_swing(rx) > 0.0f;
    if (!rx->synced || best_shift(rx, threshold(rx), &shift, &bits) < LEAST_MARGIN || fades(rx, shift)) {
        rx->synced = 0;
        return 0;
    }
    const float start = (float)shift, delay = (float)(BAND_PASS_TAPS / 2 + rx->window / 2);
    out->value = (uint8_t)(bits >> 1 & ((1 << rx->data_bits) - 1));
    out->stop_ok = bits >> (rx->data_bits + 1) & 1;
    out->start_sample = rx->edge + lrintf(start - delay);
    out->end_sample = rx->edge + lrintf(start - delay + (float)(rx->data_bits + 2) * rx->bit);
    rx->scan = rx->edge + lrintf(start + ((float)rx->data_bits + 1.5f) * rx->bit);
    rx->mark_since = rx->edge + lrintf(start + (float)(rx->data_bits + 2) * rx->bit);
    rx->is_mark = out->stop_ok;
    rx->bad_stops = out->stop_ok ? 0 : rx->bad_stops + 1;
    if (rx->bad_stops >= MOST_BAD_STOPS)
        rx->synced = 0;
    return 1;
}

static int next_char(struct fsk_rx *rx, int64_t end, struct fsk_char *out)
{
    const int length = (int)(((float)rx->data_bits + 1.5f) * rx->bit) + MOST_SHIFT + 2;

    for (;;) {
        if (!rx->waiting)
            rx->waiting = find_edge(rx, end);
        if (!rx->waiting || end < rx->edge + length)
            return 0;
        rx->waiting = 0;
        if (decide(rx, out))
            return 1;
    }
}

/* ---- outside ---- */

/* A rectangle one bit long: the outermost taps count for the part of a sample they hold of it. */
static void design_correlator(const struct fsk_rx *rx, double hz, float *re, float *im)
{
    for (int tap = 0; tap < rx->window; tap++) {
        const int n = tap - rx->window / 2;
        const double share = n == -(rx->window / 2) || n == rx->window / 2 ? 0.5 * (rx->bit - (rx->window - 2)) : 1.0;
        re[tap] = (float)(2.0 / rx->bit * share * cos(2.0 * M_PI * hz / RATE * n));
        im[tap] = (float)(-2.0 / rx->bit * share * sin(2.0 * M_PI * hz / RATE * n));
    }
}

int fsk_rx_init(struct fsk_rx *rx, const struct fsk_spec *spec)
{
    if (spec->baud < 600.0f || spec->baud > 1200.0f || spec->data_bits < 5 || spec->data_bits > 8)
        return 0;
    const float mark = (spec->least_mark_bits + 1.0f) * (float)(RATE / spec->baud);
    if (spec->least_mark_bits < 6.0f || mark > FSK_KEPT - FSK_BIT)
        return 0;
    memset(rx, 0, sizeof *rx);
    rx->bit = (float)(RATE / spec->baud);
    rx->window = 2 * (int)ceilf(0.5f * (rx->bit - 1.0f)) + 1;
    rx->lag = (int)lrintf(rx->bit);
    rx->data_bits = spec->data_bits;
    rx->least_mark_bits = spec->least_mark_bits;
    rx->mark_turn = (float)(2.0 * M_PI * spec->mark_hz / RATE);
    rx->first = -FSK_KEPT;
    band_pass_design(rx->band, fmin(spec->mark_hz, spec->space_hz) - 0.6 * spec->baud,
                     fmax(spec->mark_hz, spec->space_hz) + 0.6 * spec->baud);
    design_correlator(rx, spec->mark_hz, rx->mark_re, rx->mark_im);
    design_correlator(rx, spec->space_hz, rx->space_re, rx->space_im);
    return 1;
}

int fsk_rx_feed(struct fsk_rx *rx, const int16_t *samples, int count, struct fsk_char *out, int max_out)
{
    int reported = 0;

    hear(rx, samples, count);
    while (reported < max_out && next_char(rx, rx->first + FSK_KEPT + count, &out[reported]))
        reported++;
    forget(rx, count);
    return reported;
}
