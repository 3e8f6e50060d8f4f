/* From samples to findings, for all lanes of a group at once: the part of dtmf.c that is loops over lanes.
 *
 * Compiled with the vectors of the VECTOR_CLONES function that calls it. The recursive filter is written in GCC's
 * generic vectors, because no compiler at hand vectorises a recursion over lanes in registers; where the machine's
 * vectors are shorter it makes several of one. No lane's result depends on another lane's samples.
 */
#ifndef CALLBOX_DTMF_BANK_H
#define CALLBOX_DTMF_BANK_H

#include "dtmf.h"
#include "dtmf_table.h" /* WINDOW_SQUARE, COSINE, SINE, TURN */

#include "vector.h"     /* VECTOR_CLONES */

#include <math.h>   /* fabsf, sqrtf */
#include <string.h> /* memcpy */

#define INLINE static inline __attribute__((always_inline))
#define STAGE VECTOR_CLONES static __attribute__((noinline))
#define HOP_ROWS (DTMF_HOP / 2)
#define HALF (DTMF_LANES / 2)
#define EACH_LANE for (int lane = 0; lane < DTMF_LANES; lane++)

#define LEAST_POWER 141000.0f /* of a tone: -32.7 dBm0 (MT8870D accepts -29, Q.24 rejects -55) */
#define MOST_TWIST 7.9f       /* power ratio, 9 dB either way (MT8870D 8 dB) */
#define LEAST_PURITY 0.80f    /* share of the energy in the two tones, of a good block */
#define LOUD_POWER 2e8f       /* of both tones: beyond it they clip (a sum of 2.7e8 to 5.4e8 fills the range) */
#define LOUD_PURITY 0.58f     /* what clipping leaves; two equal tones clipped to squares keep 0.66 */

/* What a block of samples says. */
struct dtmf_finding {
    dtmf_row energy;                           /* mean square under the same window */
    dtmf_row purity;
    dtmf_row amplitude;                        /* of the two strongest tones together: the fourth root of both powers */
    dtmf_row offset[2];                        /* of the strongest low and high tone: relative frequency error, */
    dtmf_row ripple[2];                        /* and logarithm of its power over that in the block before */
    int32_t low[DTMF_LANES], high[DTMF_LANES]; /* which those are */
    int32_t good[DTMF_LANES];
};

/* ---- samples to rows ---- */

typedef int16_t eight_samples __attribute__((vector_size(16), aligned(2), may_alias));
typedef float half_row __attribute__((vector_size(4 * HALF), aligned(4), may_alias));
#define PART(row, half) (((half_row *)(row))[half])
#define BOTH_HALVES for (int half = 0; half < 2; half++)

/* Eight samples of eight lanes each, into eight rows: three perfect shuffles. */
INLINE void transpose(const int16_t *const rows[8], int16_t (*out)[DTMF_LANES])
{
    eight_samples now[8], next[8];

    for (int i = 0; i < 8; i++)
        now[i] = *(const eight_samples *)rows[i];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4; i++) {
            next[2 * i] = __builtin_shufflevector(now[i], now[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
            next[2 * i + 1] = __builtin_shufflevector(now[i], now[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
        }
        memcpy(now, next, sizeof now);
    }
    for (int i = 0; i < 8; i++)
        *(eight_samples *)out[i] = now[i];
}

/* `count` samples of every lane into rows. */
STAGE void gather(const int16_t *const rows[DTMF_LANES], int16_t (*out)[DTMF_LANES], int count)
{
    int done = 0;

    for (; done + 8 <= count; done += 8)
        for (int first = 0; first < DTMF_LANES; first += 8) {
            const int16_t *at[8];
            for (int i = 0; i < 8; i++)
                at[i] = rows[first + i] + done;
            transpose(at, (int16_t(*)[DTMF_LANES])(out[done] + first));
        }
    for (; done < count; done++)
        EACH_LANE out[done][lane] = rows[lane][done];
}

/* One half of the band split: all-pass at half the rate, from every other sample. */
STAGE void all_pass(const dtmf_row *in, dtmf_row *out, float c, float *past_in, float *past_out)
{
    half_row x[2], y[2];

    BOTH_HALVES x[half] = PART(past_in, half), y[half] = PART(past_out, half);
    for (int k = 0; k < HOP_ROWS; k++)
        BOTH_HALVES
        {
            const half_row now = PART(in[2 * k], half);
            y[half] = (c * now + x[half]) - c * y[half];
            x[half] = now;
            PART(out[k], half) = y[half];
        }
    BOTH_HALVES PART(past_in, half) = x[half], PART(past_out, half) = y[half];
}

/* Two zeros on the unit circle, two poles; `past_in` and `past_out` hold two rows, newest first. */
STAGE void section(const dtmf_row *in, dtmf_row *out, const float c[3], dtmf_row *past_in, dtmf_row *past_out)
{
    half_row x1[2], x2[2], y1[2], y2[2];

    BOTH_HALVES
    {
        x1[half] = PART(past_in[0], half), x2[half] = PART(past_in[1], half);
        y1[half] = PART(past_out[0], half), y2[half] = PART(past_out[1], half);
    }
    for (int k = 0; k < HOP_ROWS; k++)
        BOTH_HALVES
        {
            const half_row x = PART(in[k], half);
            const half_row y = ((x + x2[half]) + c[0] * x1[half] - c[2] * y2[half]) + c[1] * y1[half];
            x2[half] = x1[half], x1[half] = x;
            y2[half] = y1[half], y1[half] = y;
            PART(out[k], half) = y;
        }
    BOTH_HALVES
    {
        PART(past_in[0], half) = x1[half], PART(past_in[1], half) = x2[half];
        PART(past_out[0], half) = y1[half], PART(past_out[1], half) = y2[half];
    }
}

/* The samples that wait, into rows: tones[] is the lower band, high-passed; energy[] the square of both.
 *
 * The sum of two all-passes is the lower half of the band (-32 dB from 2310 Hz), their difference the upper half,
 * and the powers of the two add to the whole; coefficients by minimising the largest gain above 2310 Hz. The
 * high-pass is elliptic, order 5: 0.2 dB ripple from 675 Hz, -40 dB to 487 Hz, a zero at DC
 * (scipy.signal.ellip(5, 0.2, 40, 675, "highpass", fs=4000), but for its pole at 0.0025, which is taken as 0).
 * The dither, a thousandth of a step at 2 kHz, keeps the state out of slow denormal numbers in silence. */
STAGE void filter_hop(struct dtmf_filter *filter, const int16_t (*waiting)[DTMF_LANES], dtmf_row *tones,
                       dtmf_row *energy)
{
    static const float SECOND[3] = {-1.69536790f, 0.50953361f, 0.44044041f};
    static const float THIRD[3] = {-1.40186572f, 0.96817953f, 0.86436982f};
    dtmf_row in[DTMF_HOP], earlier[HOP_ROWS], later[HOP_ROWS], step[HOP_ROWS], middle[HOP_ROWS];

    for (int k = 0; k < DTMF_HOP; k++) {
        const float dither = k & 2 ? -1e-3f : 1e-3f;
        EACH_LANE in[k][lane] = (float)waiting[k][lane] + dither;
    }
    all_pass(in, earlier, 0.74943126f, filter->split_in[0], filter->split_out[0]);
    all_pass(in + 1, later, 0.27045665f, filter->split_in[1], filter->split_out[1]);
    for (int k = 0; k < HOP_ROWS; k++)
        BOTH_HALVES
        {
            const half_row a = PART(earlier[k], half), b = PART(later[k], half);
            const half_row lower = (b + a) * 0.10956640f; /* a half, and the high-pass's gain */
            PART(step[k], half) = lower - PART(filter->lower, half);
            PART(filter->lower, half) = lower;
            PART(energy[k], half) = (b - a) * (b - a) * 0.25f;
        }
    section(step, middle, SECOND, filter->second_in, filter->second_out);
    section(middle, tones, THIRD, filter->third_in, filter->third_out);
    for (int k = 0; k < HOP_ROWS; k++)
        BOTH_HALVES PART(energy[k], half) += PART(tones[k], half) * PART(tones[k], half);
}

/* ---- rows to findings ---- */

/* Products of folded rows with the four carriers of a group of tones, summed. */
STAGE void correlate(const dtmf_row *restrict in, const float (*restrict table)[4], dtmf_row *restrict out)
{
    for (int lane = 0; lane < HALF; lane++) {
        float a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;

        for (int k = 0; k < DTMF_FOLDED; k++) {
            const float a = in[k][lane], b = in[k][lane + HALF];
            a0 += a * table[k][0], b0 += b * table[k][0];
            a1 += a * table[k][1], b1 += b * table[k][1];
            a2 += a * table[k][2], b2 += b * table[k][2];
            a3 += a * table[k][3], b3 += b * table[k][3];
        }
        out[0][lane] = a0, out[0][lane + HALF] = b0;
        out[1][lane] = a1, out[1][lane + HALF] = b1;
        out[2][lane] = a2, out[2][lane + HALF] = b2;
        out[3][lane] = a3, out[3][lane + HALF] = b3;
    }
}

/* The block whose newest hop was just taken, folded at its middle: the window is even, so rows at the same distance
 * are added for the cosines and subtracted for the sines, half the products. In runs that do not cross the end
 * of the ring. */
STAGE void fold(const struct dtmf_group *restrict group, dtmf_row *restrict even, dtmf_row *restrict odd,
                dtmf_row *restrict energy)
{
    const int newest = (int)(group->block % DTMF_RING_HOPS + 1) * HOP_ROWS; /* the row after it, that is */
    int after = (newest - DTMF_FOLDED + DTMF_RING_ROWS) % DTMF_RING_ROWS;
    int before = (after + DTMF_RING_ROWS - 1) % DTMF_RING_ROWS;

    for (int k = 0, run; k < DTMF_FOLDED; k += run) {
        const dtmf_row *later = group->tones + after, *earlier = group->tones + before;
        const dtmf_row *later_energy = group->energy + after, *earlier_energy = group->energy + before;

        run = DTMF_FOLDED - k;
        run = run < DTMF_RING_ROWS - after ? run : DTMF_RING_ROWS - after;
        run = run < before + 1 ? run : before + 1;
        for (int i = 0; i < run; i++)
            EACH_LANE
            {
                even[k + i][lane] = later[i][lane] + earlier[-i][lane];
                odd[k + i][lane] = earlier[-i][lane] - later[i][lane];
                energy[k + i][lane] = later_energy[i][lane] + earlier_energy[-i][lane];
            }
        after = (after + run) % DTMF_RING_ROWS;
        before = (before - run + DTMF_RING_ROWS) % DTMF_RING_ROWS;
    }
}

STAGE void sum_energy(const dtmf_row *restrict energy, float *restrict out)
{
    EACH_LANE
    {
        float sum = 0.0f;
        for (int k = 0; k < DTMF_FOLDED; k++)
            sum += energy[k][lane] * WINDOW_SQUARE[k];
        out[lane] = sum;
    }
}

/* The eight DFT bins and the energy of that block. */
static void transform(struct dtmf_group *group, struct dtmf_finding *found)
{
    dtmf_row *re = group->re[group->block % 2], *im = group->im[group->block % 2];
    dtmf_row even[DTMF_FOLDED], odd[DTMF_FOLDED], energy[DTMF_FOLDED];

    fold(group, even, odd, energy);
    sum_energy(energy, found->energy);
    correlate(even, COSINE[0], re);
    correlate(even, COSINE[1], re + 4);
    correlate(odd, SINE[0], im);
    correlate(odd, SINE[1], im + 4);
}

/* atan2(y, x) to 1e-5, without a branch. 0 at the origin. */
INLINE float angle(float y, float x)
{
    const float across = fabsf(x), up = fabsf(y);
    const float most = across > up ? across : up, least = across > up ? up : across;
    const float t = least / (most > 1e-30f ? most : 1e-30f);
    const float u = t * t;
    const float octant = t * (0.99997726f + u * (-0.33262347f + u * (0.19354346f + u * (-0.11643287f +
                         u * (0.05265332f - u * 0.01172120f)))));
    const int steep = up > across, back = x < 0.0f;
    const float quadrant = (steep ? 1.57079633f : 0.0f) + (steep ? -octant : octant);
    const float half = (back ? 3.14159265f : 0.0f) + (back ? -quadrant : quadrant);

    return y < 0.0f ? -half : half;
}

/* ln(p / q) where the two are near each other; +-2.1 where they are not. */
INLINE float log_ratio(float p, float q)
{
    const float t = (p - q) / (p + q + 1e-20f);
    const float u = t * t;

    return t * (2.0f + u * (0.66666667f + u * 0.4f));
}

/* The strongest tone of a group: its number, its power, what its DFT was and is, and its row of TURN. */
struct pick {
    int32_t tone[DTMF_LANES];
    dtmf_row power, re, im, old_re, old_im, cosine, sine, scale;
};

/* A choice by mask, lane by lane, in vectors that every machine has: gcc makes branches of `better ? new : old`. */
typedef float quarter_row __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t quarter_mask __attribute__((vector_size(16), aligned(4), may_alias));
#define QUARTER(row) (*(const quarter_mask *)((row) + lane))
#define ALL(value) ((quarter_mask)((quarter_row){0} + (value)))
#define TAKE(kept, new) kept = (better & (new)) | (~better & kept)

STAGE void strongest(const struct dtmf_group *restrict group, const dtmf_row *restrict power, int from,
                     struct pick *restrict best)
{
    const dtmf_row *new_re = group->re[group->block % 2], *new_im = group->im[group->block % 2];
    const dtmf_row *was_re = group->re[(group->block + 1) % 2], *was_im = group->im[(group->block + 1) % 2];

    for (int lane = 0; lane < DTMF_LANES; lane += 4) {
        quarter_mask most = QUARTER(power[from]), tone = (quarter_mask){0} + from;
        quarter_mask re = QUARTER(new_re[from]), im = QUARTER(new_im[from]);
        quarter_mask old_re = QUARTER(was_re[from]), old_im = QUARTER(was_im[from]);
        quarter_mask cosine = ALL(TURN[from][0]), sine = ALL(TURN[from][1]), scale = ALL(TURN[from][2]);

#pragma GCC unroll 3
        for (int next = from + 1; next < from + 4; next++) {
            const quarter_mask better = (quarter_row)QUARTER(power[next]) > (quarter_row)most;
            TAKE(most, QUARTER(power[next]));
            TAKE(re, QUARTER(new_re[next]));
            TAKE(im, QUARTER(new_im[next]));
            TAKE(old_re, QUARTER(was_re[next]));
            TAKE(old_im, QUARTER(was_im[next]));
            TAKE(cosine, ALL(TURN[next][0]));
            TAKE(sine, ALL(TURN[next][1]));
            TAKE(scale, ALL(TURN[next][2]));
            TAKE(tone, (quarter_mask){0} + next);
        }
        *(quarter_mask *)(best->power + lane) = most, *(quarter_mask *)(best->tone + lane) = tone;
        *(quarter_mask *)(best->re + lane) = re, *(quarter_mask *)(best->im + lane) = im;
        *(quarter_mask *)(best->old_re + lane) = old_re, *(quarter_mask *)(best->old_im + lane) = old_im;
        *(quarter_mask *)(best->cosine + lane) = cosine, *(quarter_mask *)(best->sine + lane) = sine;
        *(quarter_mask *)(best->scale + lane) = scale;
    }
}

/* Its frequency error, from what its phase turned since the block before, less what the nominal frequency turns
 * in a hop: unambiguous to +-100 Hz. `power` becomes what it is without the loss of a tone between two bins:
 * 1 + 2 * 0.645 x^2, x in bins of 62.5 Hz (Hann, to 0.65 bins); a bin is 1.963 radians a hop. */
STAGE void measure(struct pick *restrict best, float *restrict offset, float *restrict ripple)
{
    EACH_LANE
    {
        const float re = best->re[lane], im = best->im[lane], power = best->power[lane];
        const float old_re = best->old_re[lane], old_im = best->old_im[lane];
        const float x = re * old_re + im * old_im, y = im * old_re - re * old_im;
        const float cosine = best->cosine[lane], sine = best->sine[lane];
        const float error = angle(y * cosine - x * sine, x * cosine + y * sine);
        const float gain = 1.0f + 0.3372f * (error * error);

        offset[lane] = error * best->scale[lane];
        ripple[lane] = log_ratio(power, old_re * old_re + old_im * old_im);
        best->power[lane] = power * (gain < 1.55f ? gain : 1.55f);
    }
}

STAGE void judge(const struct dtmf_group *restrict group, struct dtmf_finding *restrict found,
                 dtmf_row *restrict power)
{
    const dtmf_row *re = group->re[group->block % 2], *im = group->im[group->block % 2];
    struct pick low, high;

    for (int tone = 0; tone < DTMF_TONES; tone++)
        EACH_LANE power[tone][lane] = re[tone][lane] * re[tone][lane] + im[tone][lane] * im[tone][lane];
    strongest(group, power, 0, &low);
    strongest(group, power, 4, &high);
    EACH_LANE found->amplitude[lane] = sqrtf(sqrtf(low.power[lane] * high.power[lane]));
    measure(&low, found->offset[0], found->ripple[0]);
    measure(&high, found->offset[1], found->ripple[1]);
    EACH_LANE
    {
        const float l = low.power[lane], h = high.power[lane], energy = found->energy[lane];
        const float least = l + h > LOUD_POWER ? LOUD_PURITY : LEAST_PURITY;
        found->low[lane] = low.tone[lane];
        found->high[lane] = high.tone[lane];
        found->purity[lane] = (l + h) / (energy + 1e-20f);
        found->good[lane] = (l > LEAST_POWER) & (h > LEAST_POWER) & (l + h > least * energy) &
                            (l < MOST_TWIST * h) & (h < MOST_TWIST * l);
    }
}

#endif
