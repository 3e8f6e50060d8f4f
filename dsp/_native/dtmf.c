#include "dtmf.h"

#include "dtmf_table.h" /* HANN, COSINE, SINE */

#include <math.h>   /* atan2f, logf, sqrtf */
#include <string.h> /* memset, memmove */

#define RATE 8000.0f
#define FULL_SCALE_0DBM0 22826.0f /* amplitude of a sine of 0 dBm0: 3.14 dB below 32767, G.711 A-law */

/* Limits. Where two standards differ the figure lies between what one accepts and the other rejects. */
#define LEAST_POWER 141000.0f    /* of a tone: -32.7 dBm0 (MT8870D accepts -29, Q.24 rejects -55) */
#define MOST_TWIST 7.9f          /* power ratio, 9 dB either way (MT8870D 8 dB) */
#define LEAST_PURITY 0.80f       /* share of the energy in the two tones, of a good block */
#define COARSE_PURITY 0.55f      /* the same before the correction for tones between bins */
#define MOST_OFFSET 0.024f       /* of the frequency; Q.24 accepts 0.015 (NTT 0.018), rejects 0.035 (0.030) */
#define LEAST_BLOCKS 6.3f        /* 31.5 ms: Q.24 accepts 40 ms, rejects 23 ms */
#define LEAST_PAIRS 2            /* measurements of the frequency in a digit */
#define RISING_BLOCKS 3          /* good blocks until the level is known */
#define BRIDGED_BLOCKS 4.0f      /* 20 ms: Q.24 bridges 10 ms, NTT accepts a pause of 30 ms */
#define PATIENCE 8               /* blocks, 40 ms without a good one end a digit whatever its amplitude */
#define FILTER_DELAY 6.0f        /* samples, high-pass, mean of a low and a high tone */

static const float TONE_HZ[DTMF_TONES] = {697, 770, 852, 941, 1209, 1336, 1477, 1633}; /* ITU-T Q.23 */
static const char DIGITS[4][5] = {"123A", "456B", "789C", "*0#D"};

/* What speech does not reach and a digit does: it is one when it meets either row. Found over packaged speech on
 * the one side, and on the other digits in noise (-12 dB), echo, third tones, clipping and GSM full rate. */
struct quality {
    uint32_t good; /* blocks at least */
    float purity;  /* mean at least */
    float spread;  /* of the relative frequency, standard deviation at most */
    float ripple;  /* of the power from block to block, root mean square of its logarithm at most */
    float offset;  /* of the relative frequency, mean at most */
};
static const struct quality QUALITIES[] = {
    {4, 0.90f, 0.0025f, 0.2f, MOST_OFFSET}, /* steady, though something else sounds: noise, clipping, a third tone */
    {6, 0.95f, 0.0100f, 0.7f, 0.020f},      /* unsteady, though nothing else sounds: GSM full rate, echo */
};

/* What one block of samples says. */
struct block_finding {
    float power[DTMF_TONES]; /* of a sine, (sample steps)^2 */
    float energy;            /* mean square under the same window */
    float re[DTMF_TONES], im[DTMF_TONES];
    int low, high;   /* strongest of each group */
    float offset[2]; /* relative frequency error of those two, from the phase advance */
    float purity;
    int good;
};

/* ---- samples to blocks ---- */

/* A zero pair on the unit circle and a pole pair; `past` holds two inputs and two outputs. */
static inline float section(float in, float zeros, float pole, float radius, float *past)
{
    const float out = (in + zeros * past[0] + past[1] - radius * past[3]) + pole * past[2];

    past[1] = past[0];
    past[0] = in;
    past[3] = past[2];
    past[2] = out;
    return out;
}

/* The high-pass. Elliptic, order 5: 0.2 dB ripple from 675 Hz, -40 dB to 487 Hz, a zero at DC
 * (scipy.signal.ellip(5, 0.2, 40, 675, "highpass", fs=8000), as a first-order and two second-order sections).
 * The dither, a thousandth of a step at 4 kHz, keeps the state out of slow denormal numbers in silence. */
static void high_pass(struct dtmf_rx *rx, const int16_t *in, float *out, int count)
{
    struct dtmf_filter past = rx->filter; /* a copy the compiler can keep in registers */

    for (int i = 0; i < count; i++) {
        const float sample = (float)in[i] + past.dither;
        const float first = 0.47354438f * (sample - past.in) + 0.36472998f * past.first;

        past.dither = -past.dither;
        past.in = sample;
        past.first = first;
        out[i] = section(section(first, -1.93049476f, 1.31206090f, 0.61144882f, past.second), -1.85461652f,
                         1.67615624f, 0.92024226f, past.third);
    }
    rx->filter = past;
}

/* The eight DFT bins and the energy of the block. The window is even, so samples at the same distance from the
 * middle are added for the cosines and subtracted for the sines: half the products. Sums run in lanes of eight,
 * one a tone, because the order of float additions is the compiler's to keep. */
static void transform(const float *samples, struct block_finding *found)
{
    float even[DTMF_BLOCK / 2], odd[DTMF_BLOCK / 2];
    float re[DTMF_TONES] = {0}, im[DTMF_TONES] = {0}, square[8] = {0};

    for (int k = 0; k < DTMF_BLOCK / 2; k++) {
        const float later = samples[DTMF_BLOCK / 2 + k], earlier = samples[DTMF_BLOCK / 2 - 1 - k];
        even[k] = (later + earlier) * HANN[k];
        odd[k] = (earlier - later) * HANN[k];
    }
    for (int k = 0; k < DTMF_BLOCK / 2; k += 8)
        for (int lane = 0; lane < 8; lane++)
            square[lane] += even[k + lane] * even[k + lane] + odd[k + lane] * odd[k + lane];
    for (int k = 0; k < DTMF_BLOCK / 2; k++)
        for (int tone = 0; tone < DTMF_TONES; tone++) {
            re[tone] += even[k] * COSINE[k][tone];
            im[tone] += odd[k] * SINE[k][tone];
        }
    found->energy = 0.0f;
    for (int tone = 0; tone < DTMF_TONES; tone++) { /* the window's sum is 64, the sum of its squares 48 */
        found->re[tone] = re[tone];
        found->im[tone] = im[tone];
        found->power[tone] = (re[tone] * re[tone] + im[tone] * im[tone]) * (2.0f / (64.0f * 64.0f));
        found->energy += square[tone] * (0.5f / 48.0f); /* even and odd hold every square twice */
    }
}

static int strongest(const float *power, int from)
{
    int best = from;

    for (int tone = from + 1; tone < from + 4; tone++)
        if (power[tone] > power[best])
            best = tone;
    return best;
}

/* How far a tone is off its nominal frequency, relative: what its phase turned since the block before, less what
 * the nominal frequency turns in a hop. Unambiguous to +-100 Hz. */
static float frequency_offset(const struct dtmf_rx *rx, const struct block_finding *found, int tone)
{
    const float turns = TONE_HZ[tone] * (DTMF_HOP / RATE);
    const float nominal = 2.0f * (float)M_PI * (turns - floorf(turns));
    const float re = found->re[tone] * rx->re[tone] + found->im[tone] * rx->im[tone];
    const float im = found->im[tone] * rx->re[tone] - found->re[tone] * rx->im[tone];

    return remainderf(atan2f(im, re) - nominal, 2.0f * (float)M_PI) /
           (2.0f * (float)M_PI * (DTMF_HOP / RATE) * TONE_HZ[tone]);
}

/* What a tone between two bins loses in the window: 1 + 2 * 0.645 x^2, x in bins of 62.5 Hz (Hann, to 0.6 bins). */
static float correction(float offset, int tone)
{
    const float bins = fminf(fabsf(offset), 0.035f) * TONE_HZ[tone] * (DTMF_BLOCK / RATE);

    return 1.0f + 1.3f * bins * bins;
}

static void judge(const struct dtmf_rx *rx, struct block_finding *found)
{
    float low, high;

    found->low = strongest(found->power, 0);
    found->high = strongest(found->power, 4);
    low = found->power[found->low];
    high = found->power[found->high];
    found->good = 0;
    if (low < LEAST_POWER || high < LEAST_POWER || low + high < COARSE_PURITY * found->energy)
        return;
    found->offset[0] = frequency_offset(rx, found, found->low);
    found->offset[1] = frequency_offset(rx, found, found->high);
    low *= correction(found->offset[0], found->low);
    high *= correction(found->offset[1], found->high);
    found->purity = (low + high) / found->energy;
    found->good = found->purity > LEAST_PURITY && low < MOST_TWIST * high && high < MOST_TWIST * low;
}

/* ---- blocks to digits ---- */

/* Amplitude of both tones together: it halves when both do, and is gone when either is. */
static float amplitude(const float *power, int low, int high)
{
    return sqrtf(sqrtf(power[low] * power[high]));
}

/* Where the amplitude rose through half of its level: looks back from the first good block. */
static float rising_edge(const struct dtmf_rx *rx, const struct dtmf_candidate *heard)
{
    const float half = heard->level * 0.5f;
    float above = amplitude(rx->trail[heard->origin % DTMF_TRAIL], heard->low, heard->high);

    for (int back = 1; back < DTMF_TRAIL / 2 && (uint64_t)back <= heard->origin; back++) {
        const float here = amplitude(rx->trail[(heard->origin - back) % DTMF_TRAIL], heard->low, heard->high);
        if (here < half)
            return -(float)back + (half - here) / fmaxf(above - here, 1.0f);
        above = here;
    }
    return -fminf((float)(DTMF_TRAIL / 2), (float)heard->origin);
}

static int meets(const struct dtmf_candidate *heard, const struct quality *quality)
{
    const float pairs = (float)heard->pairs;

    if (heard->good < quality->good || heard->purity_sum < quality->purity * (float)heard->good)
        return 0;
    for (int tone = 0; tone < 2; tone++) {
        const float mean = heard->offset_sum[tone] / pairs;
        const float variance = heard->offset_square_sum[tone] / pairs - mean * mean;
        if (fabsf(mean) > quality->offset || variance > quality->spread * quality->spread ||
            heard->ripple_square_sum[tone] > quality->ripple * quality->ripple * pairs)
            return 0;
    }
    return 1;
}

static int is_digit(const struct dtmf_candidate *heard)
{
    const float blocks = heard->fall - heard->start;

    if (blocks < LEAST_BLOCKS || heard->pairs < LEAST_PAIRS)
        return 0;
    if ((float)heard->good < 0.5f * (blocks - (float)DTMF_BLOCK / DTMF_HOP))
        return 0;
    return meets(heard, &QUALITIES[0]) || meets(heard, &QUALITIES[1]);
}

static uint64_t sample_of(const struct dtmf_candidate *heard, float block)
{
    const float offset = block * DTMF_HOP + DTMF_BLOCK / 2 - FILTER_DELAY;
    const int64_t sample = (int64_t)(heard->origin * DTMF_HOP) + (int64_t)lrintf(offset);

    return sample > 0 ? (uint64_t)sample : 0;
}

/* Forgets the candidate; true when it was a digit, which `out` then holds. */
static int finish(struct dtmf_rx *rx, struct dtmf_digit *out)
{
    struct dtmf_candidate *heard = &rx->heard;
    const int found = heard->low >= 0 && is_digit(heard);

    if (found) {
        out->digit = DIGITS[heard->low][heard->high - 4];
        out->start_sample = sample_of(heard, heard->start);
        out->end_sample = sample_of(heard, heard->fall);
    }
    heard->low = -1;
    return found;
}

static void begin(struct dtmf_rx *rx, const struct block_finding *found)
{
    struct dtmf_candidate *heard = &rx->heard;

    memset(heard, 0, sizeof *heard);
    heard->low = found->low;
    heard->high = found->high;
    heard->origin = rx->block;
    heard->last_good = rx->block;
    heard->last_on = rx->block;
    rx->was_good = 0;
}

/* What two good blocks, one right after the other, tell of steadiness. */
static void add_pair(struct dtmf_candidate *heard, const struct block_finding *found, const float *power_before)
{
    const int tones[2] = {heard->low, heard->high};

    heard->pairs++;
    for (int i = 0; i < 2; i++) {
        const float step = logf(found->power[tones[i]] / power_before[tones[i]]);
        heard->ripple_square_sum[i] += step * step;
        heard->offset_sum[i] += found->offset[i];
        heard->offset_square_sum[i] += found->offset[i] * found->offset[i];
    }
}

static void add_good(struct dtmf_rx *rx, const struct block_finding *found, float strength)
{
    struct dtmf_candidate *heard = &rx->heard;

    heard->good++;
    heard->last_good = rx->block;
    heard->purity_sum += found->purity;
    if (heard->good <= RISING_BLOCKS) { /* the first blocks may still be rising */
        heard->level = fmaxf(heard->level, strength);
        heard->start = rising_edge(rx, heard);
    } else
        heard->level += 0.25f * (strength - heard->level);
    if (rx->was_good)
        add_pair(heard, found, rx->trail[(rx->block - 1) % DTMF_TRAIL]);
}

/* Follows the amplitude; true when the candidate is over. */
static int is_over(struct dtmf_rx *rx, float strength, float strength_before)
{
    struct dtmf_candidate *heard = &rx->heard;
    const float half = heard->level * 0.5f;
    const float now = (float)(rx->block - heard->origin);

    if (strength >= half) {
        heard->last_on = rx->block;
        heard->fall = now;
    } else if (heard->last_on + 1 == rx->block)
        heard->fall = now - 1.0f + (strength_before - half) / fmaxf(strength_before - strength, 1.0f);
    return now - heard->fall >= BRIDGED_BLOCKS || rx->block - heard->last_good > PATIENCE;
}

static int follow(struct dtmf_rx *rx, const struct block_finding *found, struct dtmf_digit *out)
{
    struct dtmf_candidate *heard = &rx->heard;
    const int same = found->low == heard->low && found->high == heard->high;
    int finished = 0;

    if (found->good && !same) {
        finished = finish(rx, out);
        begin(rx, found);
    }
    if (heard->low < 0)
        return finished;
    const float strength = amplitude(found->power, heard->low, heard->high);
    const float before = amplitude(rx->trail[(rx->block - 1) % DTMF_TRAIL], heard->low, heard->high);
    if (found->good)
        add_good(rx, found, strength);
    rx->was_good = found->good;
    if (is_over(rx, strength, before))
        finished = finish(rx, out);
    return finished;
}

static int hear_block(struct dtmf_rx *rx, struct dtmf_digit *out)
{
    struct block_finding found;
    int finished;

    transform(rx->samples, &found);
    judge(rx, &found);
    memcpy(rx->trail[rx->block % DTMF_TRAIL], found.power, sizeof found.power);
    finished = follow(rx, &found, out);
    memcpy(rx->re, found.re, sizeof found.re);
    memcpy(rx->im, found.im, sizeof found.im);
    rx->block++;
    return finished;
}

/* ---- outside ---- */

void dtmf_rx_init(struct dtmf_rx *rx)
{
    memset(rx, 0, sizeof *rx);
    rx->heard.low = -1;
    rx->filter.dither = 1e-3f;
}

int dtmf_rx_feed(struct dtmf_rx *rx, const int16_t *samples, int count, struct dtmf_digit *out, int max_out)
{
    struct dtmf_digit digit;
    int reported = 0;

    while (count > 0) {
        const int run = count < DTMF_BLOCK - rx->held ? count : DTMF_BLOCK - rx->held;

        high_pass(rx, samples, rx->samples + rx->held, run);
        rx->held += run;
        samples += run;
        count -= run;
        if (rx->held < DTMF_BLOCK)
            break;
        if (hear_block(rx, &digit) && reported < max_out)
            out[reported++] = digit;
        rx->held = DTMF_BLOCK - DTMF_HOP;
        memmove(rx->samples, rx->samples + DTMF_HOP, sizeof(float) * (DTMF_BLOCK - DTMF_HOP));
    }
    return reported;
}
