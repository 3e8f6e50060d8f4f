#include "agc.h"

#include <math.h>   /* fabsf, fmaxf, fminf, log10f, lrintf, powf */
#include <string.h> /* memset */

#define BLOCK 80                       /* samples, 10 ms */
#define MEAN_SQUARE_0DBM0 2.6051e8f    /* (sample steps)^2, of a sine of amplitude 22826 (G.711 A-law) */
#define LEAST_SPEECH 2605.1f           /* -50 dBm0 */
#define LEAST_GAIN_DB (-20.0f)
#define UP_DB 0.06f                    /* a block: 6 dB a second */
#define DOWN_DB 0.2f                   /* 20 dB a second */
#define FIRST_BLOCKS 20                /* 200 ms of speech before the gain moves */
#define AVERAGED_BLOCKS 300            /* 3 s of speech */
#define MOST_OUT 30000.0f              /* sample steps */
#define LIMIT_RECOVERY 0.0025f         /* a sample: 1 / (8000 Hz * 50 ms) */

static float power_of_db(float db)
{
    return powf(10.0f, db * 0.1f);
}

void agc_init(struct agc *agc, float target_dbm0, float most_gain_db)
{
    memset(agc, 0, sizeof *agc);
    vad_init(&agc->vad);
    agc->target_mean_square = MEAN_SQUARE_0DBM0 * power_of_db(target_dbm0);
    agc->most_gain_db = most_gain_db;
    agc->gain = 1.0f;
    agc->limit = 1.0f;
}

static void learn_speech(struct agc *agc, float mean_square)
{
    agc->heard += agc->heard < AVERAGED_BLOCKS;
    agc->speech_mean_square += (mean_square - agc->speech_mean_square) / (float)agc->heard;
}

static void approach(struct agc *agc)
{
    const float wanted = 10.0f * log10f(agc->target_mean_square / fmaxf(agc->speech_mean_square, LEAST_SPEECH));
    const float held = fmaxf(fminf(wanted, agc->most_gain_db), LEAST_GAIN_DB);
    const float change = fmaxf(fminf(held - agc->gain_db, UP_DB), -DOWN_DB);

    agc->gain_db += change;
    agc->step = (sqrtf(power_of_db(agc->gain_db)) - agc->gain) / BLOCK;
}

static void end_block(struct agc *agc)
{
    const float mean_square = agc->block_sum / BLOCK;

    agc->step = 0.0f;
    agc->block_sum = 0.0f;
    agc->at = 0;
    if (!agc->vad.active || agc->vad.steady || mean_square < LEAST_SPEECH)
        return;
    learn_speech(agc, mean_square);
    if (agc->heard >= FIRST_BLOCKS)
        approach(agc);
}

static inline float limited(struct agc *agc, float value)
{
    const float magnitude = fabsf(value);

    if (magnitude * agc->limit > MOST_OUT)
        agc->limit = MOST_OUT / magnitude;
    value *= agc->limit;
    if (agc->limit < 1.0f) /* fast enough at the end never to linger just below 1 */
        agc->limit += (1.001f - agc->limit) * LIMIT_RECOVERY;
    agc->limit = agc->limit > 1.0f ? 1.0f : agc->limit;
    return value;
}

static void run_within_block(struct agc *agc, const int16_t *in, int16_t *out, int count)
{
    vad_feed(&agc->vad, in, count);
    for (int i = 0; i < count; i++) {
        const float sample = in[i];
        agc->block_sum += sample * sample;
        agc->gain += agc->step;
        out[i] = (int16_t)lrintf(limited(agc, sample * agc->gain));
    }
    agc->at += count;
    if (agc->at == BLOCK)
        end_block(agc);
}

void agc_run(struct agc *agc, const int16_t *in, int16_t *out, int count)
{
    while (count > 0) {
        const int run = count < BLOCK - agc->at ? count : BLOCK - agc->at;
        run_within_block(agc, in, out, run);
        in += run;
        out += run;
        count -= run;
    }
}
