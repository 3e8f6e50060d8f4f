/* DTMF receivers for a group of channels: 8 kHz samples in, digits with their start and end out.
 *
 * The channels of a group are its lanes. They hear the same number of samples at a time, and what is the same
 * work for all is done for all at once (dtmf_bank.h); they share nothing else: a lane gives the same, bit for
 * bit, whoever its neighbours are. One channel is a group with one lane in use.
 *
 * What it does, in this order:
 *   1. splits the band at 2 kHz into two of 4 kHz each: tones are looked for in the lower one only;
 *   2. high-pass above the dial tones (elliptic, -40 dB at and below 480 Hz), which also removes hum and DC;
 *   3. every 5 ms, eight bins of a Hann-windowed DFT of 16 ms, and the energy of both bands in the same window;
 *   4. a block is good when one low and one high tone hold nearly all of the energy, within the twist limits;
 *   5. the frequency of each tone is measured from the phase advance between good blocks next to each other;
 *   6. start and end are where the tone's amplitude crosses half of its level, interpolated between blocks.
 * A digit is decided at its end, from everything heard of it, and reported once: at the latest 35 ms after
 * the tone ended, 20 ms of which tell an end from an interruption.
 *
 * Specification (ITU-T Q.24, AT&T column, and the MT8870D data sheet where it asks for more):
 *   frequency  accept +-1.8 %, reject +-3.0 %      level   accept -29..0 dBm0 a tone, reject -36 dBm0
 *   twist      accept +-8 dB                       tone    accept 40 ms, reject 23 ms
 *   pause      accept 30 ms, bridge 10 ms          dial tone +22 dB, noise -12 dB, third tone -16 dB
 * NTT's rejection at -29 dBm contradicts what the MT8870D accepts: the latter is kept. What is reached of all is in
 * tests/dsp/test_dtmf.py, and beside spandsp in benchmarks/dtmf_accuracy.py.
 *
 * All state is in the struct, 1.5 KB a lane; nothing allocates; any split of the samples gives the same digits.
 */
#ifndef CALLBOX_DTMF_H
#define CALLBOX_DTMF_H

#include <stdint.h>

#define DTMF_LANES 16                /* channels of a group: two AVX2 vectors of floats, four of SSE2 or NEON */
#define DTMF_HOP 40                  /* samples, 5 ms: from one block to the next */
#define DTMF_BLOCK 128               /* samples, 16 ms: one DFT window */
#define DTMF_FOLDED (DTMF_BLOCK / 4) /* rows (a value for each lane, at 4 kHz) of a block folded at its middle */
#define DTMF_RING_HOPS 4             /* hops of rows kept: a block and a bit, so that a hop is in one piece */
#define DTMF_RING_ROWS (DTMF_RING_HOPS * DTMF_HOP / 2)
#define DTMF_TONES 8                 /* four low, then four high */
#define DTMF_TRAIL 16                /* blocks remembered for the rising edge, a power of two */

/* Room for all that one call with so many samples can find: a digit is four blocks or more. */
#define DTMF_MOST_DIGITS(samples) (DTMF_LANES * ((samples) / (4 * DTMF_HOP) + 1))

struct dtmf_digit {
    int lane;
    char digit;            /* '0'-'9', '*', '#', 'A'-'D' */
    uint64_t start_sample; /* counted from the lane's beginning */
    uint64_t end_sample;   /* first sample after the tone */
};

typedef float dtmf_row[DTMF_LANES];

/* State of band split and high-pass: what each section heard last. */
struct dtmf_filter {
    dtmf_row split_in[2], split_out[2];   /* of the earlier sample of each pair, and of the later */
    dtmf_row lower;                       /* of the first-order section */
    dtmf_row second_in[2], second_out[2]; /* newest first */
    dtmf_row third_in[2], third_out[2];
};

/* What is known of the digit being heard. `origin` is a block number of the group; other blocks count from it. */
struct dtmf_candidate {
    uint64_t origin;    /* the first good block */
    int pairs;          /* good blocks with a good block right before: frequency was measured */
    int was_good;       /* the block before was good */
    int last_good;      /* block */
    int last_on;        /* last block above half level */
    float level;        /* amplitude of both tones together, smoothed over good blocks */
    float before;       /* amplitude in the block before, to the fourth power */
    float start, fall;  /* blocks: rising edge, and the last falling edge */
    float offset_sum[2], offset_square_sum[2]; /* relative frequency error, low and high, over `pairs` */
    float ripple_square_sum[2];                /* of the logarithm of the power, low and high, over `pairs` */
    float purity_sum;                          /* share of the energy in the two tones, over good blocks */
};

struct dtmf_group {
    int16_t waiting[DTMF_HOP][DTMF_LANES];  /* samples, until they are a hop */
    int held;                               /* of them valid */
    uint64_t block;                         /* number of the next block */
    struct dtmf_filter filter;
    dtmf_row tones[DTMF_RING_ROWS];         /* a ring: the lower band, high-passed */
    dtmf_row energy[DTMF_RING_ROWS];        /* a ring: square of both bands */
    dtmf_row re[2][DTMF_TONES], im[2][DTMF_TONES]; /* DFT of the two newest blocks, by block number */
    dtmf_row trail[DTMF_TRAIL][DTMF_TONES]; /* power of each tone, by block number */
    uint64_t begun[DTMF_LANES];             /* which sample of the group is the lane's first */
    int32_t low[DTMF_LANES], high[DTMF_LANES]; /* tones of the candidate: 0-3, 4-7; low is -1 without one */
    int32_t good[DTMF_LANES];               /* its good blocks so far */
    struct dtmf_candidate heard[DTMF_LANES];
};

/* All lanes begin. */
void dtmf_group_init(struct dtmf_group *group);

/* This lane begins anew, for another channel: what it heard is forgotten, its next sample is number 0. */
void dtmf_group_begin(struct dtmf_group *group, int lane);

/* Feeds `count` samples (any number) to every lane. `rows[lane]` points at them, or is NULL for a lane that is
 * not in use: it hears silence. Writes the digits that ended to `out`, which has room for
 * DTMF_MOST_DIGITS(count), and returns how many; those of a lane are in their order. */
int dtmf_group_feed(struct dtmf_group *group, const int16_t *const rows[DTMF_LANES], int count,
                    struct dtmf_digit *out);

/* Samples since the lane's tones began that have lasted so long, 300 ms, that they are a digit; 0: none. */
uint64_t dtmf_group_lasts(const struct dtmf_group *group, int lane);

#endif
