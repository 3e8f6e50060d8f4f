#include "dtmf.h"

#include "dtmf_bank.h" /* filter_hop, transform, judge: samples to findings */
#include "vector.h"    /* VECTOR_CLONES */

#include <math.h>    /* fabsf, fmaxf, lrintf, sqrtf */
#include <stdbool.h>
#include <string.h>  /* memset */

#define LASTING_BLOCKS 58 /* 300 ms: a window of 16 ms, then one each 5 ms */

/* Limits. Where two standards differ the figure lies between what one accepts and the other rejects. */
#define MOST_OFFSET 0.0195f   /* of the frequency, mean; Q.24 accepts 0.015 (NTT 0.018), rejects 0.035 (0.030) */
#define LEAST_BLOCKS 6.3f     /* 31.5 ms: Q.24 accepts 40 ms, rejects 23 ms */
#define LEAST_PAIRS 2         /* measurements of the frequency in a digit */
#define RISING_BLOCKS 3       /* good blocks until the level is known */
#define BRIDGED_BLOCKS 4.0f   /* 20 ms: Q.24 bridges 10 ms, NTT accepts a pause of 30 ms */
#define PATIENCE 8            /* blocks, 40 ms without a good one end a digit whatever its amplitude */
#define FILTER_DELAY 8.0f     /* samples, split and high-pass, mean of a low and a high tone */

static const char DIGITS[4][5] = {"123A", "456B", "789C", "*0#D"};

/* What speech does not reach and a digit does: it is one when it meets any row. Found over half of the packaged
 * speech, at its own and six other speeds, on the one side, and on the other digits as benchmarks/dtmf_accuracy.py
 * makes them. */
struct quality {
    int good;     /* blocks at least */
    float purity; /* mean at least */
    float spread; /* of the relative frequency, standard deviation at most */
    float ripple; /* of the power from block to block, root mean square of its logarithm at most */
    float level;  /* amplitude of both tones together at least */
};
static const struct quality QUALITIES[] = {
    {4, 0.900f, 0.0025f, 0.36f, 0.0f},     /* steady, though something else sounds: noise, dial tone, a third tone */
    {7, 0.900f, 0.0030f, 0.45f, 0.0f},     /* longer, and a little less steady: a hole of 10 ms in it */
    {6, 0.952f, 0.0180f, 0.95f, 0.0f},     /* unsteady, though nothing else sounds: GSM full rate, echo, a slip */
    {4, 0.640f, 0.0050f, 0.90f, 13000.0f}, /* so loud that it is clipped: what else sounds is its own distortion */
};

/* The findings of all lanes, of the hop that waits; the power of every tone goes into the trail. */
static void find(struct dtmf_group *group, struct dtmf_finding *found)
{
    const int at = (int)(group->block % DTMF_RING_HOPS) * HOP_ROWS;

    filter_hop(&group->filter, group->waiting, group->tones + at, group->energy + at);
    transform(group, found);
    judge(group, found, group->trail[group->block % DTMF_TRAIL]);
}

/* ---- findings to digits, a lane at a time ---- */

/* Amplitude of both tones of the lane's candidate together in a block, to the fourth power. */
static inline float strength(const struct dtmf_group *group, int lane, uint64_t block)
{
    const dtmf_row *power = group->trail[block % DTMF_TRAIL];

    return power[group->low[lane]][lane] * power[group->high[lane]][lane];
}

/* It halves when both tones do, and is gone when either is. */
static inline float amplitude(float strength)
{
    return sqrtf(sqrtf(strength));
}

/* Where the amplitude rose through half of its level: looks back from the first good block. */
static float rising_edge(const struct dtmf_group *group, int lane)
{
    const struct dtmf_candidate *heard = &group->heard[lane];
    const float half = heard->level * 0.5f;
    float after = strength(group, lane, heard->origin);

    for (int back = 1; back < DTMF_TRAIL / 2; back++) {
        const float here = strength(group, lane, heard->origin - back);
        if (here < half * half * half * half) {
            const float from = amplitude(here), to = amplitude(after);
            return -(float)back + (half - from) / fmaxf(to - from, 1.0f);
        }
        after = here;
    }
    return -(float)(DTMF_TRAIL / 2);
}

static int meets(const struct dtmf_candidate *heard, int good, const struct quality *quality)
{
    const float pairs = (float)heard->pairs;

    if (good < quality->good || heard->purity_sum < quality->purity * (float)good ||
        heard->level < quality->level)
        return 0;
    for (int tone = 0; tone < 2; tone++) {
        const float mean = heard->offset_sum[tone] / pairs;
        const float variance = heard->offset_square_sum[tone] / pairs - mean * mean;
        if (fabsf(mean) > MOST_OFFSET || variance > quality->spread * quality->spread ||
            heard->ripple_square_sum[tone] > quality->ripple * quality->ripple * pairs)
            return 0;
    }
    return 1;
}

static int is_digit(const struct dtmf_candidate *heard, int good)
{
    const float blocks = heard->fall - heard->start;

    if (blocks < LEAST_BLOCKS || heard->pairs < LEAST_PAIRS)
        return 0;
    if ((float)good < 0.5f * (blocks - (float)DTMF_BLOCK / DTMF_HOP))
        return 0;
    for (size_t i = 0; i < sizeof QUALITIES / sizeof *QUALITIES; i++)
        if (meets(heard, good, &QUALITIES[i]))
            return 1;
    return 0;
}

/* The sample of a lane at this place of its candidate, in blocks; the middle of a block counts, and a lane's first
 * block ends with its first hop. */
static uint64_t sample_of(const struct dtmf_group *group, int lane, float block)
{
    const float offset = (block + 1.0f) * DTMF_HOP - DTMF_BLOCK / 2 - FILTER_DELAY;
    const int64_t sample =
        (int64_t)(group->heard[lane].origin * DTMF_HOP - group->begun[lane]) + (int64_t)lrintf(offset);

    return sample > 0 ? (uint64_t)sample : 0;
}

/* Forgets the candidate; 1 when it was a digit, which `out` then holds, else 0. */
static int finish(struct dtmf_group *group, int lane, struct dtmf_digit *out)
{
    const struct dtmf_candidate *heard = &group->heard[lane];
    const int low = group->low[lane], high = group->high[lane];

    group->low[lane] = -1;
    if (low < 0 || !is_digit(heard, group->good[lane]))
        return 0;
    *out = (struct dtmf_digit){lane, DIGITS[low][high - 4], sample_of(group, lane, heard->start),
                               sample_of(group, lane, heard->fall)};
    return 1;
}

static void begin(struct dtmf_group *group, int lane, const struct dtmf_finding *found)
{
    struct dtmf_candidate *heard = &group->heard[lane];

    memset(heard, 0, sizeof *heard);
    group->low[lane] = found->low[lane];
    group->high[lane] = found->high[lane];
    group->good[lane] = 0;
    heard->origin = group->block;
    heard->before = strength(group, lane, group->block - 1);
}

INLINE void add_good(struct dtmf_group *group, int lane, const struct dtmf_finding *found)
{
    struct dtmf_candidate *heard = &group->heard[lane];
    const float now = found->amplitude[lane], paired = (float)heard->was_good;

    heard->last_good = (int)(group->block - heard->origin);
    heard->purity_sum += found->purity[lane];
    if (group->good[lane]++ >= RISING_BLOCKS)
        heard->level += 0.25f * (now - heard->level);
    else { /* the first blocks may still be rising */
        heard->level = fmaxf(heard->level, now);
        if (group->good[lane] == RISING_BLOCKS)
            heard->start = rising_edge(group, lane);
    }
    heard->pairs += heard->was_good;
    for (int tone = 0; tone < 2; tone++) {
        const float offset = found->offset[tone][lane] * paired, ripple = found->ripple[tone][lane] * paired;
        heard->offset_sum[tone] += offset;
        heard->offset_square_sum[tone] += offset * offset;
        heard->ripple_square_sum[tone] += ripple * ripple;
    }
}

/* Follows the strength; true when the candidate is over. */
INLINE int is_over(struct dtmf_candidate *heard, int block, float now)
{
    const float half = heard->level * 0.5f;

    if (now >= half * half * half * half) {
        heard->last_on = block;
        heard->fall = (float)block;
    } else if (heard->last_on + 1 == block) {
        const float from = amplitude(heard->before), to = amplitude(now);
        heard->fall = (float)block - 1.0f + (from - half) / fmaxf(from - to, 1.0f);
    }
    heard->before = now;
    return (float)block - heard->fall >= BRIDGED_BLOCKS || block - heard->last_good > PATIENCE;
}

/* One lane hears the block; 1 when a digit ended, which `out` then holds, else 0. */
INLINE int follow(struct dtmf_group *group, int lane, const struct dtmf_finding *found, struct dtmf_digit *out)
{
    struct dtmf_candidate *heard = &group->heard[lane];
    const int good = found->good[lane];
    int finished = 0;

    if (good && (found->low[lane] != group->low[lane] || found->high[lane] != group->high[lane])) {
        finished = finish(group, lane, out);
        begin(group, lane, found);
    }
    if (group->low[lane] < 0)
        return finished;
    if (good)
        add_good(group, lane, found);
    heard->was_good = good;
    if (is_over(heard, (int)(group->block - heard->origin), strength(group, lane, group->block)))
        finished = finish(group, lane, out);
    return finished;
}

/* All lanes hear the hop that waits. Those in the middle of a digit, and those at an edge, are followed in two
 * loops: each then branches nearly always the same way, and guessing wrong cost more than all else in follow(). */
static int hear_hop(struct dtmf_group *group, struct dtmf_digit *out)
{
    struct dtmf_finding found;
    int32_t on[DTMF_LANES], busy[DTMF_LANES];
    int middle[DTMF_LANES], edge[DTMF_LANES], middles = 0, edges = 0, digits = 0;

    find(group, &found);
    EACH_LANE
    {
        on[lane] = found.good[lane] & (found.low[lane] == group->low[lane]) &
                   (found.high[lane] == group->high[lane]) & (group->good[lane] >= RISING_BLOCKS);
        busy[lane] = found.good[lane] | (group->low[lane] >= 0);
    }
    EACH_LANE
    {
        middle[middles] = edge[edges] = lane;
        middles += on[lane];
        edges += busy[lane] - on[lane];
    }
    for (int i = 0; i < middles; i++)
        digits += follow(group, middle[i], &found, out + digits);
    for (int i = 0; i < edges; i++)
        digits += follow(group, edge[i], &found, out + digits);
    group->block++;
    return digits;
}

/* ---- outside ---- */

void dtmf_group_init(struct dtmf_group *group)
{
    memset(group, 0, sizeof *group);
    EACH_LANE group->low[lane] = -1;
}

void dtmf_group_begin(struct dtmf_group *group, int lane)
{
    dtmf_row *const past[] = {(dtmf_row *)&group->filter, group->tones, group->energy, group->re[0], group->im[0],
                              group->trail[0]};
    const size_t rows[] = {sizeof group->filter / sizeof(dtmf_row), DTMF_RING_ROWS, DTMF_RING_ROWS,
                           2 * DTMF_TONES, 2 * DTMF_TONES, DTMF_TRAIL * DTMF_TONES};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t k = 0; k < rows[i]; k++)
            past[i][k][lane] = 0.0f;
    for (int k = 0; k < group->held; k++)
        group->waiting[k][lane] = 0;
    group->low[lane] = -1;
    group->begun[lane] = group->block * DTMF_HOP + (uint64_t)group->held;
}

int dtmf_group_feed(struct dtmf_group *group, const int16_t *const rows[DTMF_LANES], int count,
                    struct dtmf_digit *out)
{
    static const int16_t SILENCE[DTMF_HOP];
    int digits = 0;

    for (int done = 0, run; done < count; done += run) {
        const int16_t *at[DTMF_LANES];

        run = count - done < DTMF_HOP - group->held ? count - done : DTMF_HOP - group->held;
        EACH_LANE at[lane] = rows[lane] != NULL ? rows[lane] + done : SILENCE;
        gather(at, group->waiting + group->held, run);
        group->held += run;
        if (group->held == DTMF_HOP) {
            digits += hear_hop(group, out + digits);
            group->held = 0;
        }
    }
    return digits;
}

uint64_t dtmf_group_lasts(const struct dtmf_group *group, int lane)
{
    bool lasts = group->low[lane] >= 0 && group->good[lane] >= LASTING_BLOCKS;
    return lasts ? (uint64_t)group->good[lane] * DTMF_HOP + DTMF_BLOCK : 0;
}
