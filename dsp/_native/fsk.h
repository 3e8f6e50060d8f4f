/* FSK receiver for one channel: 8 kHz samples in, asynchronous characters out, each with where it stood.
 *
 * What it does, in this order:
 *   1. a linear-phase band-pass: hum, DC and a ring's tail are gone 5 ms after they end;
 *   2. two complex correlators one bit long, at mark and at space; their difference is the line's "lean";
 *   3. hunting: a start bit counts only after `least_mark_bits` of one steady tone at the mark frequency;
 *   4. a character is decided when all of it is heard: the shift of up to 3 samples at which its bits lean
 *      farthest is taken, so that noise on the one start edge does no harm;
 *   5. the threshold lies half way between what marks and spaces of this sender lean: twist is learned from the
 *      first character on;
 *   6. when the last two bits of a character lean nowhere, the carrier has gone in the middle of it: it is none.
 * Two bad stop bits in a row, or a long mark, and it hunts again.
 *
 * Specification, for 1200 baud (MT88E45 data sheet, from TIA/EIA-716 and ETS 300 778-1, and more where it says so):
 *   frequency and baud +-1 %, V.23 +-1.5 %    twist -6..+10 dB (here +-10)   level -3..-40 dBm0, not below -50
 *   a tone up to 60 Hz 18 dB above the signal, to 120 Hz 12 dB, to 200 Hz 6 dB; noise 25, 20 dB (here 12, 14)
 * What it reaches of these is in tests/dsp/test_caller_id.py.
 *
 * All state is in the struct, 3.9 KB; nothing allocates; any split of the samples gives the same characters.
 */
#ifndef CALLBOX_FSK_H
#define CALLBOX_FSK_H

#include "band_pass.h"

#include <stdint.h>

#define FSK_BLOCK 160 /* samples worked on at a time, a multiple of 32 */
#define FSK_BIT 15    /* taps of the longest correlator, odd */
#define FSK_KEPT 192  /* samples remembered: a character, or the mark before it */

struct fsk_spec {
    float mark_hz, space_hz;
    float baud;            /* 600-1200 */
    int data_bits;         /* 5-8 */
    float least_mark_bits; /* before the first start bit; they must fit in FSK_KEPT */
};

struct fsk_char {
    uint8_t value;        /* first bit sent is the lowest */
    int stop_ok;          /* the stop bit was a mark */
    float mark_bits;      /* mark before the start bit and after the character before */
    int64_t start_sample; /* of the start bit, counted from fsk_rx_init */
    int64_t end_sample;   /* first after the stop bit */
};

struct fsk_rx {
    float bit;  /* samples */
    int window; /* taps of a correlator, odd */
    int lag;    /* samples, about a bit: over which the turn of the mark is measured */
    int data_bits;
    float least_mark_bits;
    float mark_turn; /* radians that a nominal mark turns in a sample */
    float band[BAND_PASS_TAPS];
    float mark_re[FSK_BIT], mark_im[FSK_BIT], space_re[FSK_BIT], space_im[FSK_BIT];

    float samples[BAND_PASS_TAPS - 1 + FSK_BLOCK]; /* new ones after the past that the filter needs; so the others */
    float filtered[FSK_KEPT + FSK_BLOCK];
    float lean[FSK_KEPT + FSK_BLOCK]; /* amplitude at mark less that at space, sample steps */

    int64_t first;      /* position of lean[0]; positions count samples in, and lag behind by the filters' delay */
    int64_t scan;       /* next position to look at */
    int64_t mark_since; /* where the mark before `scan` began */
    int64_t edge;       /* start of the character being waited for */
    int waiting;        /* for its end */
    int is_mark;        /* the position before `scan` leant to mark */
    int synced;         /* the last character was whole: no long mark is needed before the next */
    int bad_stops;      /* in a row */
    float mark_lean, space_lean;
};

/* False when the specification is outside the ranges above. */
int fsk_rx_init(struct fsk_rx *rx, const struct fsk_spec *spec);

/* Feeds up to FSK_BLOCK samples. Writes at most `max_out` characters to `out`, returns how many; 4 hold all that a
 * block can have. */
int fsk_rx_feed(struct fsk_rx *rx, const int16_t *samples, int count, struct fsk_char *out, int max_out);

#endif
