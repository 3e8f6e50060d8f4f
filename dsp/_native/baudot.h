/* Five-bit text telephone (Baudot, TTY, TDD) on one channel of 8 kHz samples: ITU-T V.18 Annex A, TIA-825-A.
 *
 * On the line: 1400 Hz is mark (1), 1800 Hz is space (0); 22 ms a bit (45.45 baud) or 20 ms (50 baud); a start bit
 * (space), five data bits with the lowest first, stop bits (mark, 1.5 at least). Both directions use the same
 * tones, so only one end sends at a time, and the carrier is on only around text.
 *
 * The receiver, in this order:
 *   1. high-pass at 400 Hz, against DC and hum;
 *   2. every millisecond (a hop) the power at both tones in the last 5 ms: a DFT of 40 samples, in which 1400 Hz
 *      and 1800 Hz are bins 7 and 9, both periodic in it. 5 ms are wide enough for tones 5 % off;
 *   3. of these a soft bit, (mark - space) / (mark + space), and the purity, their share of all the energy;
 *   4. where half a bit is space, a character may begin: every beginning within 20 ms is tried at both speeds,
 *      and the one whose seven bits are clearest is taken, or none;
 *   5. a character's five bits are the signs of the mean soft bits.
 * A character is known 25 ms after its first stop bit.
 *
 * Specification (V.18 Annex A, TIA-825-A, and what lines do):
 *   tones      accept +-5 %             speed   accept +-1 %, 45.45 or 50 baud found by itself
 *   level      accept -40..0 dBm0       twist   accept 6 dB
 *   noise      all characters at 20 dB, 99 % at 10 dB (white, 0-4 kHz)
 *   gap        one character lost at most for a hole of 10 ms
 *   echo       muted while we send and 300 ms after (V.18 A.1)
 * What is reached of it is in tests/dsp/test_text_telephone.py and benchmarks/text_telephone_accuracy.py.
 *
 * Shift (V.18 A.4): starts with letters; only a shift character changes it, a space does not. One that was lost is
 * made good by the next, which a sender repeats at least every 72 characters.
 *
 * A caller is found to be at a text telephone by BAUDOT_CALLER_CHARACTERS clear characters (the space bar gives
 * such, too) within BAUDOT_CALLER_HOPS. Until then only clear characters are received, so that speech gives none.
 *
 * All state is in the struct; nothing allocates; any split of the samples gives the same characters.
 */
#ifndef CALLBOX_BAUDOT_H
#define CALLBOX_BAUDOT_H

#include <stdint.h>

#define BAUDOT_HOP 8     /* samples, 1 ms */
#define BAUDOT_WINDOW 5  /* hops in a DFT */
#define BAUDOT_TRAIL 256 /* hops remembered, a power of two; a character tried 20 ways takes 190 */
#define BAUDOT_CALLER_CHARACTERS 2
#define BAUDOT_CALLER_HOPS 4000 /* ms */

enum { BAUDOT_LETTERS, BAUDOT_FIGURES };

struct baudot_character {
    char character;        /* ASCII: what is in V.18 Table A.1, with '\b', '\r' and '\n' */
    uint64_t start_sample; /* of the start bit, counted from baudot_rx_init */
};

/* What one hop adds to the DFT of the window. */
struct baudot_hop {
    float mark_re, mark_im, space_re, space_im, energy;
};

struct baudot_rx {
    float past[2][4];  /* of each section of the high-pass: two inputs, two outputs; newest first */
    float dither;
    int phase;         /* samples into the window's 40 */
    struct baudot_hop hops[BAUDOT_WINDOW];
    uint32_t bit_sum[BAUDOT_TRAIL];    /* soft bits, 1024 = mark, added up since the beginning; wraps */
    uint32_t purity_sum[BAUDOT_TRAIL]; /* 1024 = nothing but the two tones, added up likewise */
    uint64_t heard;    /* hops so far; sums are known up to it */
    uint64_t search;   /* hop from where the next start bit is looked for */
    uint64_t muted_to; /* hops before it are not received */
    int favour;        /* how much clearer 45.45 baud was than 50, of late */
    int fixed;         /* bit in hops: 22, 20, or 0 = found by itself */
    int bit;           /* of the last character, 0 before the first */
    int shift;
    uint64_t clear[BAUDOT_CALLER_CHARACTERS]; /* hop of the last clear characters, newest first */
    int characters;    /* of them; stays at BAUDOT_CALLER_CHARACTERS once the caller is found */
};

/* `baud` is 45, 50 or 0, which is either. */
void baudot_rx_init(struct baudot_rx *rx, int baud);

/* Feeds `count` samples (any number). Writes at most `max_out` characters to `out`, returns how many; a character
 * takes at least 130 ms, so one slot for every 1000 samples, and one more, is always enough. */
int baudot_rx_feed(struct baudot_rx *rx, const int16_t *samples, int count, struct baudot_character *out,
                   int max_out);

/* What was heard so far and is no whole character is forgotten, and what comes in the next `samples` samples is not
 * received: for what we send ourselves, and its echo. */
void baudot_rx_mute(struct baudot_rx *rx, uint32_t samples);

/* 45 or 50, 0 before the first character. */
int baudot_rx_baud(const struct baudot_rx *rx);

/* 1 once the caller is known to be at a text telephone. */
int baudot_rx_caller(const struct baudot_rx *rx);

#endif
