#include "caller_id_alert.h"

#include "vector.h"

#include <math.h>   /* atan2f, sqrtf, sin, cos */
#include <string.h> /* memcpy, memmove, memset */

#define RATE 8000.0f
#define LANES 8

static const float TONE_HZ[2] = {2130.0f, 2750.0f};

/* Limits; where standards differ the widest (caller_id_alert.h). */
#define LEAST_POWER 23000.0f   /* of a tone: -40.5 dBm0; to accept -37.8, reject -43.8 */
#define MOST_TWIST 8.0f        /* power ratio, 9 dB */
#define LEAST_PURITY 0.55f     /* of the band's energy in the two tones, of a good block */
#define MEAN_PURITY 0.80f      /* of a run */
#define MOST_OFFSET 0.017f     /* of the frequency, mean of a run: accept 0.011 */
#define MOST_SPREAD 0.012f     /* of the frequency, standard deviation over a run */
#define LEAST_BLOCKS 14.45f    /* 72.2 ms: accept 75, reject 70 */
#define MOST_BLOCKS 25.0f      /* 125 ms: accept 110 */
#define ENOUGH_GOOD 9          /* blocks: 75 ms hold 12 whole ones */
#define MOST_MISSED 6          /* blocks without a good one that end a run */
#define ENDED_BLOCKS 3.0f      /* 15 ms below half of the level */
#define RISING_BLOCKS 3        /* good blocks until the level is known */
#define FILTER_DELAY 20        /* samples */
#define LOW_HZ 1950.0          /* of the band-pass */
#define HIGH_HZ 2930.0

/* What one block says. */
struct alert_block {
    float re[2], im[2];
    float power[2]; /* of a sine, (sample steps)^2 */
    float offset[2];
    float purity;
    float amplitude; /* of both tones together: gone when either is */
    int good;
};

/* ---- samples to blocks ---- */

VECTOR_CLONES
static void filter(struct alert_rx *rx, const int16_t *samples, int count)
{
    for (int i = 0; i < count; i++)
        rx->samples[BAND_PASS_TAPS - 1 + i] = samples[i];
    band_pass(rx->band, rx->samples, rx->filtered + rx->held, count);
    memmove(rx->samples, rx->samples + count, sizeof(float) * (BAND_PASS_TAPS - 1));
}

static inline float dot(const float *a, const float *b)
{
    float sum[LANES] = {0}, total = 0.0f;

    for (int k = 0; k < ALERT_BLOCK; k += LANES)
        for (int lane = 0; lane < LANES; lane++)
            sum[lane] += a[k + lane] * b[k + lane];
    for (int lane = 0; lane < LANES; lane++)
        total += sum[lane];
    return total;
}

/* Mean square under the window. */
static inline float energy_of(const struct alert_rx *rx)
{
    float windowed[ALERT_BLOCK];

    for (int k = 0; k < ALERT_BLOCK; k++)
        windowed[k] = rx->filtered[k] * rx->window[k];
    return dot(windowed, windowed) * (8.0f / (3.0f * ALERT_BLOCK)); /* the squares of the window add up to 3/8 of it */
}

/* Relative, from what the phase turned since the block before. Unambiguous to +-100 Hz. */
static float frequency_offset(const struct alert_rx *rx, const struct alert_block *now, int tone)
{
    const float turns = TONE_HZ[tone] * (ALERT_HOP / RATE);
    const float nominal = 2.0f * (float)M_PI * (turns - floorf(turns));
    const float re = now->re[tone] * rx->re[tone] + now->im[tone] * rx->im[tone];
    const float im = now->im[tone] * rx->re[tone] - now->re[tone] * rx->im[tone];

    return remainderf(atan2f(im, re) - nominal, 2.0f * (float)M_PI) / (2.0f * (float)M_PI * turns);
}

/* What a tone between two bins loses in the window: 1 + 1.3 x^2, x in bins of 66.7 Hz (Hann, to 0.6 bins). */
static float correction(float offset, int tone)
{
    const float bins = fminf(fabsf(offset), 0.018f) * TONE_HZ[tone] * (ALERT_BLOCK / RATE);

    return 1.0f + 1.3f * bins * bins;
}

VECTOR_CLONES
static void transform(const struct alert_rx *rx, struct alert_block *now, float *energy)
{
    for (int tone = 0; tone < 2; tone++) {
        now->re[tone] = dot(rx->filtered, rx->cosine[tone]);
        now->im[tone] = dot(rx->filtered, rx->sine[tone]);
    }
    *energy = energy_of(rx);
}

static void judge(const struct alert_rx *rx, struct alert_block *now)
{
    float energy;

    transform(rx, now, &energy);
    for (int tone = 0; tone < 2; tone++) /* the window adds up to half of the block */
        now->power[tone] = (now->re[tone] * now->re[tone] + now->im[tone] * now->im[tone]) *
                           (8.0f / ((float)ALERT_BLOCK * ALERT_BLOCK));
    now->amplitude = sqrtf(sqrtf(now->power[0] * now->power[1]));
    now->good = now->power[0] > LEAST_POWER && now->power[1] > LEAST_POWER;
    if (!now->good)
        return;
    for (int tone = 0; tone < 2; tone++) {
        now->offset[tone] = frequency_offset(rx, now, tone);
        now->power[tone] *= correction(now->offset[tone], tone);
    }
    now->purity = (now->power[0] + now->power[1]) / energy;
    now->good = now->purity > LEAST_PURITY && now->power[0] < MOST_TWIST * now->power[1] &&
                now->power[1] < MOST_TWIST * now->power[0];
}

/* ---- blocks to alerts ---- */

static int is_alert(const struct alert_run *run)
{
    const float pairs = (float)run->pairs, blocks = run->fall - run->start;

    if (run->good < ENOUGH_GOOD || run->pairs < ENOUGH_GOOD - 2 || blocks < LEAST_BLOCKS || blocks > MOST_BLOCKS)
        return 0;
    if (run->purity_sum < MEAN_PURITY * (float)run->good)
        return 0;
    for (int tone = 0; tone < 2; tone++) {
        const float mean = run->offset_sum[tone] / pairs;
        const float variance = run->offset_square_sum[tone] / pairs - mean * mean;
        if (fabsf(mean) > MOST_OFFSET || variance > MOST_SPREAD * MOST_SPREAD)
            return 0;
    }
    return 1;
}

/* Where the amplitude rose through half of the level: looks back from the first good block. */
static float rising_edge(const struct alert_rx *rx)
{
    const float half = 0.5f * rx->run.level;
    float above = rx->trail[rx->run.origin % ALERT_TRAIL];

    for (int back = 1; back <= ALERT_TRAIL / 2 && back <= rx->run.origin; back++) {
        const float here = rx->trail[(rx->run.origin - back) % ALERT_TRAIL];
        if (here < half)
            return -(float)back + (half - here) / fmaxf(above - here, 1.0f);
        above = here;
    }
    return -(float)(ALERT_TRAIL / 2);
}

static void add_good(struct alert_rx *rx, const struct alert_block *now)
{
    struct alert_run *run = &rx->run;

    run->good++;
    run->missed = 0;
    run->purity_sum += now->purity;
    if (run->good <= RISING_BLOCKS) { /* the first ones may still be rising */
        run->level = fmaxf(run->level, now->amplitude);
        run->start = rising_edge(rx);
    }
    if (!rx->was_good)
        return;
    run->pairs++;
    for (int tone = 0; tone < 2; tone++) {
        run->offset_sum[tone] += now->offset[tone];
        run->offset_square_sum[tone] += now->offset[tone] * now->offset[tone];
    }
}

/* Follows the amplitude; true when the run is over. */
static int is_over(struct alert_rx *rx, const struct alert_block *now)
{
    struct alert_run *run = &rx->run;
    const float half = 0.5f * run->level, at = (float)(rx->block - run->origin);
    const float before = rx->trail[(rx->block + ALERT_TRAIL - 1) % ALERT_TRAIL];

    if (now->amplitude >= half)
        run->fall = at;
    else if (run->fall == at - 1.0f)
        run->fall += (before - half) / fmaxf(before - now->amplitude, 1.0f);
    return at - run->fall >= ENDED_BLOCKS || run->missed > MOST_MISSED;
}

static int64_t sample_of(const struct alert_run *run, float block)
{
    const int64_t sample =
        run->origin * ALERT_HOP + lrintf(block * ALERT_HOP) + ALERT_BLOCK / 2 - FILTER_DELAY;

    return sample > 0 ? sample : 0;
}

static int follow(struct alert_rx *rx, const struct alert_block *now, struct alert_found *out)
{
    struct alert_run *run = &rx->run;

    if (!run->good && !now->good)
        return 0;
    if (!run->good || (now->good && now->amplitude > 2.0f * run->level)) { /* what was before is drowned: noise */
        memset(run, 0, sizeof *run);
        run->origin = rx->block;
    }
    if (now->good)
        add_good(rx, now);
    else
        run->missed++;
    if (!is_over(rx, now))
        return 0;
    const int found = is_alert(run);
    if (found) {
        out->start_sample = sample_of(run, run->start);
        out->end_sample = sample_of(run, run->fall);
    }
    run->good = 0;
    return found;
}

static int hear_block(struct alert_rx *rx, struct alert_found *out)
{
    struct alert_block now;

    judge(rx, &now);
    rx->trail[rx->block % ALERT_TRAIL] = now.amplitude;
    const int found = follow(rx, &now, out);
    memcpy(rx->re, now.re, sizeof now.re);
    memcpy(rx->im, now.im, sizeof now.im);
    rx->was_good = now.good;
    rx->block++;
    return found;
}

/* ---- outside ---- */

void alert_rx_init(struct alert_rx *rx)
{
    memset(rx, 0, sizeof *rx);
    band_pass_design(rx->band, LOW_HZ, HIGH_HZ);
    for (int k = 0; k < ALERT_BLOCK; k++) {
        rx->window[k] = (float)(0.5 - 0.5 * cos(2.0 * M_PI * (k + 0.5) / ALERT_BLOCK));
        for (int tone = 0; tone < 2; tone++) {
            const double turn = 2.0 * M_PI * TONE_HZ[tone] / RATE * k;
            rx->cosine[tone][k] = (float)(rx->window[k] * cos(turn));
            rx->sine[tone][k] = (float)(-rx->window[k] * sin(turn));
        }
    }
}

int alert_rx_feed(struct alert_rx *rx, const int16_t *samples, int count, struct alert_found *out)
{
    int found = 0;

    filter(rx, samples, count);
    rx->held += count;
    while (rx->held >= ALERT_BLOCK) {
        found |= hear_block(rx, out);
        rx->held -= ALERT_HOP;
        memmove(rx->filtered, rx->filtered + ALERT_HOP, sizeof(float) * (size_t)rx->held);
    }
    return found;
}
