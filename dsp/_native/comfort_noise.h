/* Comfort noise: learns level and spectrum of a line's noise, carries them as RFC 3389 does, makes noise like it.
 *
 * struct cn_analyser   fed with noise alone (vad.h tells), knows its mean power and, from its averaged
 *                      autocorrelation, ten reflection coefficients of an all-pole model (Levinson and Durbin)
 * struct cn            level and coefficients; payload to and from bytes by RFC 3389 section 3: a byte of -dBov,
 *                      then a byte a coefficient, k = 258 (N - 127) / 32768. 0 dBov, a square wave at full
 *                      scale, is 6.15 dBm0 (A-law). The model is 1 / (1 + sum a_i z^-i), so k1 = -r1 / r0.
 * struct cn_generator  white noise, near Gaussian, from a seed, through the model; a new level and spectrum are
 *                      reached within 100 ms without a step
 *
 * Level within 1 dB, spectrum within 3 dB of smooth noise. Averages over the first 0.5 s, then half a second.
 * Any split of the samples gives the same. Memory: analyser 376, generator 180, cn 44 bytes.
 */
#ifndef CALLBOX_COMFORT_NOISE_H
#define CALLBOX_COMFORT_NOISE_H

#include <stdint.h>

#define CN_ORDER 10
#define CN_BLOCK 160       /* samples analysed at a time, 20 ms */
#define CN_MOST_PAYLOAD (1 + CN_ORDER)

struct cn {
    float level_dbm0;
    float reflection[CN_ORDER]; /* each between -1 and 1 */
};

struct cn_analyser {
    int16_t samples[CN_BLOCK];
    int held, blocks;              /* samples of the block being filled; blocks averaged */
    float mean_square;             /* (sample steps)^2 */
    float correlation[CN_ORDER + 1];
};

struct cn_generator {
    struct cn now, target;
    float filter[CN_ORDER];        /* a_i */
    float past[CN_ORDER];          /* outputs, oldest first */
    float gain;                    /* of the white noise */
    uint32_t random;
    int at;                        /* in the piece of 40 samples that has one filter */
};

void cn_analyser_init(struct cn_analyser *analyser);
void cn_analyser_feed(struct cn_analyser *analyser, const int16_t *samples, int count);
struct cn cn_analyser_result(const struct cn_analyser *analyser);

/* Bytes written: 1 + order, order 0 to CN_ORDER. */
int cn_to_payload(const struct cn *cn, int order, uint8_t *payload);
/* Any bytes; what lacks is 0, what is beyond CN_ORDER is left out. Without a byte: -90 dBm0. */
struct cn cn_from_payload(const uint8_t *payload, int count);

void cn_generator_init(struct cn_generator *generator, uint32_t seed);
/* The first call sets, later ones move there. */
void cn_generator_set(struct cn_generator *generator, const struct cn *cn);
void cn_generator_fill(struct cn_generator *generator, int16_t *out, int count);

#endif
