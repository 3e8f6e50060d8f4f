#include "level.h"

#include "vector.h"

#include <math.h>   /* expf, log10 */
#include <string.h> /* memset */

#define BLOCK_SECONDS (LEVEL_BLOCK / 8000.0f)
#define ENVELOPE_KEPT 0.96721610f /* exp(-1 ms / 30 ms), P.56 8.3 */
#define HANGOVER_MS 200           /* P.56 8.3 */
#define MARGIN_DB 15.9f           /* P.56 8.3 */
#define CAP_MS 1000               /* quiet_ms counts no further */

static inline int smaller(int a, int b)
{
    return a < b ? a : b;
}

float level_dbm0(float mean_square)
{
    const float dbm0 = 10.0f * log10f(fmaxf(mean_square, 1e-6f) / LEVEL_MEAN_SQUARE);

    return fmaxf(dbm0, LEVEL_FLOOR_DBM0);
}

/* ---- now, mean, peak, clipped ---- */

void level_init(struct level *level, float time_constant_seconds)
{
    memset(level, 0, sizeof *level);
    level->share = 1.0f - expf(-BLOCK_SECONDS / fmaxf(time_constant_seconds, BLOCK_SECONDS));
}

static inline int64_t squares(const int16_t *samples, int count)
{
    int64_t sum = 0;

    for (int i = 0; i < count; i++)
        sum += (int32_t)samples[i] * samples[i];
    return sum;
}

static inline void note_extremes(struct level *level, const int16_t *samples, int count)
{
    int peak = 0, clipped = 0;

    for (int i = 0; i < count; i++) {
        const int magnitude = samples[i] < 0 ? -samples[i] : samples[i];
        peak = magnitude > peak ? magnitude : peak;
        clipped += magnitude >= LEVEL_CLIPPED;
    }
    level->peak = peak > level->peak ? peak : level->peak;
    level->clipped += (uint64_t)clipped;
}

static void end_block(struct level *level)
{
    const float mean = (float)level->block_sum / LEVEL_BLOCK;

    level->now += (mean - level->now) * level->share;
    level->now = level->now < 1e-6f ? 0.0f : level->now; /* no denormal numbers in silence */
    level->sum += (double)level->block_sum;
    level->block_sum = 0;
    level->held = 0;
}

VECTOR_CLONES void level_feed(struct level *level, const int16_t *samples, int count)
{
    note_extremes(level, samples, count);
    level->samples += (uint64_t)count;
    while (count > 0) {
        const int run = smaller(count, LEVEL_BLOCK - level->held);
        level->block_sum += squares(samples, run);
        level->held += run;
        if (level->held == LEVEL_BLOCK)
            end_block(level);
        samples += run;
        count -= run;
    }
}

float level_now_dbm0(const struct level *level)
{
    return level_dbm0(level->now);
}

float level_mean_dbm0(const struct level *level)
{
    const double sum = level->sum + (double)level->block_sum;

    return level->samples == 0 ? LEVEL_FLOOR_DBM0 : level_dbm0((float)(sum / (double)level->samples));
}

/* ---- active speech level ---- */

void speech_level_init(struct speech_level *level)
{
    memset(level, 0, sizeof *level);
    for (int j = 0; j <= SPEECH_LEVEL_THRESHOLDS; j++)
        level->quiet_ms[j] = CAP_MS;
}

static inline void end_millisecond(struct speech_level *level)
{
    const float mean = (float)level->block_sum / SPEECH_LEVEL_BLOCK;

    level->slow = ENVELOPE_KEPT * level->slow + (1.0f - ENVELOPE_KEPT) * mean;
    level->slow = level->slow < 1e-6f ? 0.0f : level->slow;
    level->envelope = ENVELOPE_KEPT * level->envelope + (1.0f - ENVELOPE_KEPT) * level->slow;
    level->envelope = level->envelope < 1e-6f ? 0.0f : level->envelope;
    const int steps = (int)level->envelope;
    for (int j = 0; j <= SPEECH_LEVEL_THRESHOLDS; j++) {
        const int quiet = smaller(level->quiet_ms[j] + 1, CAP_MS);
        level->quiet_ms[j] = (uint16_t)(steps >= 1 << j ? 0 : quiet);
        level->active_ms[j] += level->quiet_ms[j] <= HANGOVER_MS;
    }
    level->held = 0;
    level->block_sum = 0;
}

VECTOR_CLONES void speech_level_feed(struct speech_level *level, const int16_t *samples, int count)
{
    level->sum += squares(samples, count);
    level->samples += (uint64_t)count;
    for (int i = 0; i < count; i++) {
        level->block_sum += samples[i] < 0 ? -samples[i] : samples[i];
        if (++level->held == SPEECH_LEVEL_BLOCK)
            end_millisecond(level);
    }
}

/* Level over the time active at threshold j, less the threshold: falls as j rises (P.56 8.2). */
static float above_threshold(const struct speech_level *level, int j, float *dbm0)
{
    const float samples = (float)level->active_ms[j] * SPEECH_LEVEL_BLOCK;

    *dbm0 = level_dbm0((float)level->sum / samples);
    return *dbm0 - level_dbm0((float)(1 << j) * (float)(1 << j));
}

float speech_level_dbm0(const struct speech_level *level)
{
    float before_dbm0 = LEVEL_FLOOR_DBM0, before = 0.0f;

    for (int j = 0; j < SPEECH_LEVEL_THRESHOLDS && level->active_ms[j] > 0; j++) {
        float dbm0;
        const float above = above_threshold(level, j, &dbm0);
        if (above <= MARGIN_DB && j == 0)
            return dbm0;
        if (above <= MARGIN_DB) /* between this threshold and the one before */
            return before_dbm0 + (dbm0 - before_dbm0) * (before - MARGIN_DB) / (before - above);
        before_dbm0 = dbm0;
        before = above;
    }
    return before_dbm0;
}

float speech_level_activity(const struct speech_level *level)
{
    const float dbm0 = speech_level_dbm0(level);
    const double active = (double)level->sum / (LEVEL_MEAN_SQUARE * pow(10.0, dbm0 / 10.0));

    return level->samples == 0 ? 0.0f : (float)fmin(active / (double)level->samples, 1.0);
}
