#include "plc.h"

#include "saturate.h"
#include "vector.h"

#include <math.h>   /* fmaxf, sqrtf */
#include <string.h> /* memcpy, memmove, memset */

/* Found by the figures of benchmarks/plc.py. */
#define STEADY 0.99f         /* likeness from which it is a tone and not speech */
#define STEADY_FULL 320      /* samples, 40 ms: a tone fades only from here */
#define LONGER_WINS 0.003f   /* by how much a tone's long period must be more alike than a short one */

void plc_init(struct plc *plc)
{
    memset(plc, 0, sizeof *plc);
}

static void remember(struct plc *plc, const int16_t *samples, int count)
{
    if (count > PLC_HISTORY) {
        samples += count - PLC_HISTORY;
        count = PLC_HISTORY;
    }
    memmove(plc->history, plc->history + count, sizeof(int16_t) * (size_t)(PLC_HISTORY - count));
    memcpy(plc->history + PLC_HISTORY - count, samples, sizeof(int16_t) * (size_t)count);
}

/* ---- the period ---- */

/* Sum of products over PLC_MATCH samples, in lanes: the order of float additions is the compiler's to keep. */
static inline float product(const float *a, const float *b)
{
    float lanes[16] = {0}, sum = 0.0f;

    for (int k = 0; k < PLC_MATCH; k += 16)
        for (int lane = 0; lane < 16; lane++)
            lanes[lane] += a[k + lane] * b[k + lane];
    for (int lane = 0; lane < 16; lane++)
        sum += lanes[lane];
    return sum;
}

/* How alike the latest 10 ms and those `lag` earlier are, for every lag: -1 to 1. */
VECTOR_CLONES static void compare(const int16_t *history, float *likeness)
{
    float sound[PLC_HISTORY];
    const float *latest = sound + PLC_MOST_PERIOD;

    for (int i = 0; i < PLC_HISTORY; i++)
        sound[i] = history[i];
    double energy = product(latest, latest);
    const float scale = 1.0f / sqrtf((float)energy + 1.0f);
    for (int lag = 1; lag <= PLC_MOST_PERIOD; lag++) {
        const float in = latest[-lag], out = latest[PLC_MATCH - lag];
        energy += (double)in * in - (double)out * out;
        likeness[lag] = lag < PLC_LEAST_PERIOD ? 0.0f : product(latest, latest - lag) * scale;
        likeness[lag] /= sqrtf((float)energy + 1.0f);
    }
}

static int most_alike(const float *likeness, int from, int to)
{
    int best = from;

    for (int lag = from + 1; lag <= to; lag++)
        if (likeness[lag] > likeness[best])
            best = lag;
    return best;
}

/* The lag to repeat, and whether it is a tone. */
static int find_period(const int16_t *history, bool *steady)
{
    float likeness[PLC_MOST_PERIOD + 1];
    compare(history, likeness);
    const int pitch = most_alike(likeness, PLC_LEAST_PERIOD, PLC_PITCH_PERIOD);
    const int longer = most_alike(likeness, PLC_PITCH_PERIOD + 1, PLC_MOST_PERIOD);

    *steady = fmaxf(likeness[pitch], likeness[longer]) > STEADY;
    return *steady && likeness[longer] > likeness[pitch] + LONGER_WINS ? longer : pitch;
}

/* The latest period, its last quarter faded into what came before it, so that it can follow itself. */
static void begin_gap(struct plc *plc)
{
    const int16_t *end = plc->history + PLC_HISTORY;
    bool steady;
    const int period = find_period(plc->history, &steady), quarter = period / 4;

    for (int i = 0; i < period; i++)
        plc->repeated[i] = end[i - period];
    for (int i = 1; i <= quarter; i++) {
        const float share = (float)(quarter + 1 - i) / (float)(quarter + 1); /* of the period before */
        plc->repeated[period - i] += (end[-i - period] - plc->repeated[period - i]) * share;
    }
    plc->period = period;
    plc->at = 0;
    plc->full = steady ? STEADY_FULL : 0;
    plc->step = (float)(end[-1] - end[-1 - period]);
    plc->lost = 0;
    plc->join_left = 0;
    plc->gap = true;
}

/* ---- the gap ---- */

static float next_sample(struct plc *plc)
{
    const float quarter = (float)plc->period * 0.25f, past = (float)plc->lost;
    float value = plc->repeated[plc->at];

    if (past < quarter)
        value += plc->step * (1.0f - past / quarter);
    if (plc->lost > plc->full)
        value *= (float)(PLC_SOUND - plc->lost) / (float)(PLC_SOUND - plc->full);
    plc->at = plc->at + 1 == plc->period ? 0 : plc->at + 1;
    plc->lost += plc->lost < PLC_SOUND;
    return value;
}

bool plc_lost(struct plc *plc, int16_t *out, int count)
{
    if (!plc->heard) {
        memset(out, 0, sizeof *out * (size_t)count);
        return false;
    }
    if (!plc->gap || plc->join_left > 0) /* or one that begins before the last was joined */
        begin_gap(plc);
    const bool sounds = plc->lost < PLC_SOUND;
    for (int i = 0; i < count; i++)
        out[i] = saturated(next_sample(plc));
    remember(plc, out, count);
    return sounds;
}

/* ---- back to sound ---- */

void plc_good(struct plc *plc, const int16_t *in, int16_t *out, int count)
{
    memmove(out, in, sizeof *out * (size_t)count);
    plc->heard = true;
    if (plc->gap && plc->join_left == 0)
        plc->join_left = plc->period / 4;
    for (int i = 0; i < count && plc->join_left > 0; i++, plc->join_left--) {
        const float share = (float)plc->join_left / (float)(plc->period / 4 + 1); /* of the synthetic */
        out[i] = saturated((float)out[i] + (next_sample(plc) - (float)out[i]) * share);
        if (plc->join_left == 1)
            plc->gap = false;
    }
    remember(plc, out, count);
}
