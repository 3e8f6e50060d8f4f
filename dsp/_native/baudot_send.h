/* Sender for five-bit text telephones: ASCII in, 8 kHz samples out, as ITU-T V.18 Annex A asks.
 *   - 150 ms of mark before the first character, 300 ms after the last; more text within them goes on at once;
 *   - a shift before the first character after the carrier came on, on change, and after 72 characters (A.4);
 *   - two stop bits: 1.5 are asked for, but some receivers want two;
 *   - one phase through all changes of tone.
 * What is not in the character set is left out: fold the text before.
 */
#ifndef CALLBOX_BAUDOT_SEND_H
#define CALLBOX_BAUDOT_SEND_H

#include <stdint.h>

#define BAUDOT_QUEUE 256 /* characters, a power of two */

struct baudot_tx {
    char queue[BAUDOT_QUEUE];
    uint32_t put, taken; /* characters so far; the difference waits */
    float amplitude;     /* sample steps */
    uint32_t turn;       /* phase, in parts of 2^32 */
    int bit_samples;     /* 176 or 160 */
    int elements;        /* still to be sent, lowest bit now; 1 is mark */
    int left;            /* elements in it */
    int samples;         /* left of the element on the line */
    int hold;            /* pieces of carrier still to come after the last character */
    int on;              /* the carrier is on */
    int shift;           /* that the far end is in */
    int since_shift;     /* characters since it was last sent */
    int pending;         /* code to be sent after a shift, or -1 */
};

/* `baud` is 45 or 50; `level_dbm0` that of the tones (0 = a sine 3.14 dB below clip). */
void baudot_tx_init(struct baudot_tx *tx, int baud, float level_dbm0);

/* Takes as many of `count` ASCII characters as the queue has room for, returns how many. */
int baudot_tx_put(struct baudot_tx *tx, const char *text, int count);

/* Writes `count` samples, silence where the carrier is off. */
void baudot_tx_fill(struct baudot_tx *tx, int16_t *out, int count);

/* 1 while there is carrier on the line or text to be sent. */
int baudot_tx_busy(const struct baudot_tx *tx);

#endif
