/* The dual tone, 2130 and 2750 Hz, that announces a caller ID: 8 kHz samples in, its start and end out.
 *
 * Telcordia calls it CAS (call waiting, off hook), ETSI DT-AS, BT Tone Alert Signal. It comes in the middle of a
 * conversation, so the detector listens above the voice: band-pass 1.9-3.0 kHz, then every 5 ms one bin at each tone
 * under a Hann window of 15 ms. A run of blocks where the two bins hold most of the band is an alert if it is as
 * long as one, and steady in frequency.
 *
 * Specification (MT88E45 data sheet, from SR-TSV-002476, ETS 300 778-2, SIN 227 and SIN 242; the widest of them):
 *   frequency  +-1.1 %     level     accept 0..-37 dBm0 a tone, reject -45     twist  +-7 dB
 *   duration   accept 75 to 110 ms, reject 70 ms and less (and 140 and more)   noise  20 dB below
 * What it reaches, and how often speech is taken for one, is in tests/dsp/test_caller_id.py and the benchmark.
 *
 * All state is in the struct, 4.7 KB; nothing allocates; any split of the samples gives the same findings.
 */
#ifndef CALLBOX_CALLER_ID_ALERT_H
#define CALLBOX_CALLER_ID_ALERT_H

#include "band_pass.h"

#include <stdint.h>

#define ALERT_BLOCK 120 /* samples, 15 ms: one window */
#define ALERT_HOP 40    /* samples, 5 ms */
#define ALERT_TRAIL 8   /* blocks remembered for the rising edge, a power of two */
#define ALERT_PART 160  /* samples worked on at a time */

struct alert_found {
    int64_t start_sample; /* counted from alert_rx_init */
    int64_t end_sample;   /* first after the tone */
};

/* What is known of the tones being heard. */
struct alert_run {
    int good;            /* blocks; 0: nothing is heard */
    int missed;          /* blocks since the last good one */
    int pairs;           /* good blocks with a good one right before: frequency was measured */
    int64_t origin;      /* number of the first good block; the two below are relative to it */
    float start, fall;   /* blocks: where the amplitude passed half of the level, up and down */
    float level;         /* amplitude of both tones together, the highest */
    float offset_sum[2]; /* relative frequency error, low and high tone, over `pairs` */
    float offset_square_sum[2];
    float purity_sum;    /* share of the band's energy in the two tones, over `good` */
};

struct alert_rx {
    float band[BAND_PASS_TAPS];
    float window[ALERT_BLOCK];
    float cosine[2][ALERT_BLOCK], sine[2][ALERT_BLOCK]; /* times the window; low and high tone */

    float samples[BAND_PASS_TAPS - 1 + ALERT_PART]; /* new ones after the past that the filter needs */
    float filtered[ALERT_BLOCK + ALERT_PART + BAND_PASS_LANES]; /* oldest first */
    int held;                                       /* of them valid */
    int64_t block;                                  /* number of the next block */
    float re[2], im[2];                             /* of the block before */
    int was_good;                                   /* the block before */
    float trail[ALERT_TRAIL];                       /* amplitudes, by block number */
    struct alert_run run;
};

void alert_rx_init(struct alert_rx *rx);

/* Feeds up to ALERT_PART samples; true when an alert ended, which `out` then holds. It is known 20 ms after its end. */
int alert_rx_feed(struct alert_rx *rx, const int16_t *samples, int count, struct alert_found *out);

#endif
