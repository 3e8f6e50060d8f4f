/* DTMF receiver for one channel: 8 kHz samples in, digits with their start and end out.
 *
 * What it does, in this order:
 *   1. high-pass above the dial tones (elliptic, -40 dB at and below 480 Hz), which also removes hum and DC;
 *   2. every 5 ms, eight bins of a Hann-windowed DFT of 16 ms, and the energy of the same window;
 *   3. a block is good when one low and one high tone hold nearly all of the energy, within the twist limits;
 *   4. the frequency of each tone is measured from the phase advance between good blocks next to each other;
 *   5. start and end are where the tone's amplitude crosses half of its level, interpolated between blocks.
 * A digit is decided at its end, from everything heard of it, and reported once: at the latest 35 ms after
 * the tone ended, 20 ms of which tell an end from an interruption.
 *
 * Specification (ITU-T Q.24, AT&T column, and the MT8870D data sheet where it asks for more):
 *   frequency  accept +-1.8 %, reject +-3.0 %      level   accept -29..0 dBm0 a tone, reject -36 dBm0
 *   twist      accept +-8 dB                       tone    accept 40 ms, reject 23 ms
 *   pause      accept 30 ms, bridge 10 ms          dial tone +22 dB, noise -12 dB, third tone -16 dB
 * What it reaches of these is in tests/dsp/test_dtmf.py.
 *
 * All state is in the struct; nothing allocates; any split of the samples gives the same digits.
 */
#ifndef CALLBOX_DTMF_H
#define CALLBOX_DTMF_H

#include <stdint.h>

#define DTMF_BLOCK 128 /* samples, 16 ms: one DFT window */
#define DTMF_HOP 40    /* samples, 5 ms: from one block to the next */
#define DTMF_TONES 8   /* four low, then four high */
#define DTMF_TRAIL 16  /* blocks remembered for the rising edge, a power of two */

struct dtmf_digit {
    char digit;            /* '0'-'9', '*', '#', 'A'-'D' */
    uint64_t start_sample; /* counted from dtmf_rx_init */
    uint64_t end_sample;   /* first sample after the tone */
};

/* State of the high-pass: the last input and output of each section. */
struct dtmf_filter {
    float dither, in, first;
    float second[4], third[4]; /* two inputs, two outputs; newest first */
};

/* What is known of the digit being heard. Block numbers count from dtmf_rx_init. */
struct dtmf_candidate {
    int low, high;      /* tone indices: low 0-3, high 4-7; low is -1 when nothing is heard */
    uint32_t good;      /* good blocks so far */
    uint32_t pairs;     /* of them, with a good block right before: frequency was measured */
    uint64_t last_good; /* block number */
    uint64_t last_on;   /* block number of the last block above half level */
    float level;        /* amplitude of both tones together, smoothed over good blocks */
    float start, fall;  /* blocks, relative to `origin`: rising edge, and the last falling edge */
    uint64_t origin;    /* block number the two above are relative to */
    float offset_sum[2], offset_square_sum[2]; /* relative frequency error, low and high, over `pairs` */
    float ripple_square_sum[2];                /* of the logarithm of the power, low and high, over `pairs` */
    float purity_sum;                          /* share of the energy in the two tones, over `good` */
};

struct dtmf_rx {
    float samples[DTMF_BLOCK];       /* high-passed, oldest first */
    int held;                        /* of them valid */
    struct dtmf_filter filter;
    uint64_t block;                  /* number of the next block */
    int was_good;                    /* the block before was good, for this candidate */
    float re[DTMF_TONES];            /* of the block before */
    float im[DTMF_TONES];
    float trail[DTMF_TRAIL][DTMF_TONES]; /* power of each tone, by block number */
    struct dtmf_candidate heard;
};

void dtmf_rx_init(struct dtmf_rx *rx);

/* Feeds `count` samples (any number). Writes at most `max_out` digits to `out`, returns how many; a digit takes
 * at least 30 ms, so one slot for every 240 samples, and one more, is always enough. Digits beyond `max_out`
 * are lost. */
int dtmf_rx_feed(struct dtmf_rx *rx, const int16_t *samples, int count, struct dtmf_digit *out, int max_out);

#endif
