#include "comfort_noise.h"

#include <math.h>   /* cosf, fminf, fmaxf, log10f, lrintf, powf, sqrtf */
#include <string.h> /* memcpy, memmove, memset */

#define MEAN_SQUARE_0DBM0 2.6051e8f /* (sample steps)^2, of a sine of amplitude 22826 (G.711 A-law) */
#define OVERLOAD_DBM0 6.15f         /* 0 dBov, RFC 3389 3.1 for A-law */
#define FLOOR_DBM0 (-90.0f)
#define AVERAGED_BLOCKS 25          /* 0.5 s */
#define CONDITIONING 1.0001f        /* -40 dB of white noise keeps the model tame */
#define STEP_OF_K (258.0f / 32768.0f) /* RFC 3389 3.2 */
#define PIECE 40                    /* samples with one filter, 5 ms */
#define MOVED 0.2f                  /* of the way to the target, a piece */
#define WHITE 147.8f                /* standard deviation of the sum of four random bytes */

/* fminf and fmaxf are calls into the C library; this is not. */
static inline float clamped(float value, float most)
{
    return value > most ? most : value < -most ? -most : value;
}

/* ---- analysis ---- */

void cn_analyser_init(struct cn_analyser *analyser)
{
    memset(analyser, 0, sizeof *analyser);
}

static void analyse_block(struct cn_analyser *analyser)
{
    float windowed[CN_BLOCK], sum = 0.0f;

    analyser->blocks += analyser->blocks < AVERAGED_BLOCKS;
    const float share = 1.0f / (float)analyser->blocks;
    for (int i = 0; i < CN_BLOCK; i++) {
        const float sample = analyser->samples[i];
        sum += sample * sample;
        windowed[i] = sample * (0.5f - 0.5f * cosf((float)(2.0 * M_PI / CN_BLOCK) * ((float)i + 0.5f)));
    }
    analyser->mean_square += (sum / CN_BLOCK - analyser->mean_square) * share;
    for (int lag = 0; lag <= CN_ORDER; lag++) {
        float product = 0.0f;
        for (int i = lag; i < CN_BLOCK; i++)
            product += windowed[i] * windowed[i - lag];
        analyser->correlation[lag] += (product - analyser->correlation[lag]) * share;
    }
}

void cn_analyser_feed(struct cn_analyser *analyser, const int16_t *samples, int count)
{
    for (int i = 0; i < count; i++) {
        analyser->samples[analyser->held++] = samples[i];
        if (analyser->held == CN_BLOCK) {
            analyser->held = 0;
            analyse_block(analyser);
        }
    }
}

/* One step of Levinson and Durbin, and of the way back from reflection coefficients: a_1 ... a_order with k. */
static void raise_order(float *a, int order, float k)
{
    float raised[CN_ORDER];

    for (int i = 0; i < order - 1; i++)
        raised[i] = a[i] + k * a[order - 2 - i];
    memcpy(a, raised, sizeof *a * (size_t)(order - 1));
    a[order - 1] = k;
}

struct cn cn_analyser_result(const struct cn_analyser *analyser)
{
    const float *r = analyser->correlation;
    struct cn cn = {.level_dbm0 = FLOOR_DBM0};
    float a[CN_ORDER], error = r[0] * CONDITIONING;

    if (analyser->mean_square > 0.0f)
        cn.level_dbm0 = fmaxf(10.0f * log10f(analyser->mean_square / MEAN_SQUARE_0DBM0), FLOOR_DBM0);
    for (int order = 1; order <= CN_ORDER && error > 0.0f; order++) {
        float k = r[order];
        for (int i = 1; i < order; i++)
            k += a[i - 1] * r[order - i];
        k = clamped(-k / error, 0.999f);
        cn.reflection[order - 1] = k;
        raise_order(a, order, k);
        error *= 1.0f - k * k;
    }
    return cn;
}

/* ---- RFC 3389 ---- */

int cn_to_payload(const struct cn *cn, int order, uint8_t *payload)
{
    payload[0] = (uint8_t)lrintf(fmaxf(fminf(OVERLOAD_DBM0 - cn->level_dbm0, 127.0f), 0.0f));
    for (int i = 0; i < order; i++)
        payload[1 + i] = (uint8_t)lrintf(clamped(cn->reflection[i] / STEP_OF_K, 127.0f) + 127.0f);
    return 1 + order;
}

struct cn cn_from_payload(const uint8_t *payload, int count)
{
    struct cn cn = {.level_dbm0 = FLOOR_DBM0};

    if (count > 0)
        cn.level_dbm0 = fmaxf(OVERLOAD_DBM0 - (float)(payload[0] & 127), FLOOR_DBM0);
    for (int i = 1; i < count && i <= CN_ORDER; i++) /* 255 stands for nothing in the RFC */
        cn.reflection[i - 1] = payload[i] == 255 ? 0.0f : STEP_OF_K * (float)(payload[i] - 127);
    return cn;
}

/* ---- generation ---- */

void cn_generator_init(struct cn_generator *generator, uint32_t seed)
{
    memset(generator, 0, sizeof *generator);
    generator->random = seed * 2654435761u | 1u; /* never 0, where xorshift would stay */
    generator->now.level_dbm0 = FLOOR_DBM0 - 1.0f;
    generator->target.level_dbm0 = FLOOR_DBM0;
}

void cn_generator_set(struct cn_generator *generator, const struct cn *cn)
{
    if (generator->now.level_dbm0 < FLOOR_DBM0)
        generator->now = *cn;
    generator->target = *cn;
}

/* The filter and gain of the next piece: levels move evenly in dB, coefficients stay between -1 and 1. */
static void begin_piece(struct cn_generator *generator)
{
    struct cn *now = &generator->now;
    float power = MEAN_SQUARE_0DBM0;

    now->level_dbm0 += (generator->target.level_dbm0 - now->level_dbm0) * MOVED;
    power *= powf(10.0f, now->level_dbm0 * 0.1f);
    for (int i = 0; i < CN_ORDER; i++) {
        const float k = now->reflection[i] + (generator->target.reflection[i] - now->reflection[i]) * MOVED;
        now->reflection[i] = k;
        raise_order(generator->filter, i + 1, k);
        power *= 1.0f - k * k;
    }
    generator->gain = sqrtf(power) / WHITE;
    if (now->level_dbm0 < FLOOR_DBM0 + 0.5f) { /* silence is silence, and leaves no denormal numbers behind */
        generator->gain = 0.0f;
        memset(generator->past, 0, sizeof generator->past);
    }
}

/* xorshift32 (Marsaglia 2003); four bytes added are nearly Gaussian. */
static inline float white(struct cn_generator *generator)
{
    uint32_t x = generator->random;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    generator->random = x;
    return (float)((int)(x & 255) + (int)(x >> 8 & 255) + (int)(x >> 16 & 255) + (int)(x >> 24) - 510);
}

/* Samples of one piece; `count` is PIECE at the most. */
static void fill_run(struct cn_generator *generator, int16_t *out, int count)
{
    float made[CN_ORDER + PIECE]; /* outputs, oldest first */

    memcpy(made, generator->past, sizeof generator->past);
    for (int i = 0; i < count; i++) {
        float value = generator->gain * white(generator);
        for (int tap = CN_ORDER; tap > 0; tap--) /* the newest last: it is known last */
            value -= generator->filter[tap - 1] * made[CN_ORDER + i - tap];
        made[CN_ORDER + i] = clamped(value, 1e6f); /* however odd the model of a payload */
        out[i] = (int16_t)lrintf(clamped(value, 32767.0f));
    }
    memcpy(generator->past, made + count, sizeof generator->past);
}

void cn_generator_fill(struct cn_generator *generator, int16_t *out, int count)
{
    while (count > 0) {
        const int run = count < PIECE - generator->at ? count : PIECE - generator->at;
        if (generator->at == 0)
            begin_piece(generator);
        fill_run(generator, out, run);
        generator->at = (generator->at + run) % PIECE;
        out += run;
        count -= run;
    }
}
