#include "baudot_send.h"

#include "baudot.h"      /* BAUDOT_LETTERS, BAUDOT_FIGURES */
#include "baudot_code.h"

#include <math.h>   /* M_PI, fminf, lrintf, powf, sinf */
#include <string.h> /* memchr, memset */

#define FULL_SCALE_0DBM0 22826.0f  /* amplitude of a sine of 0 dBm0: 3.14 dB below 32767, G.711 A-law */
#define MARK_STEP 751619277u       /* 1400 / 8000 of 2^32 */
#define SPACE_STEP 966367642u      /* 1800 / 8000 */
#define LEAD_SAMPLES 1200          /* 150 ms, V.18 A.1 */
#define HOLD_SAMPLES 2400          /* 300 ms, V.18 A.1 */
#define HOLD_PIECE 40              /* samples: text that comes meanwhile goes on this soon */
#define SHIFT_EVERY 72             /* characters, V.18 A.4 */
#define STOP_BITS 2

/* The code of a character, and the shift it is in: -1 where it is in both. -1 where there is no code. */
static int code_of(char character, int *shift)
{
    const char *letter = memchr(BAUDOT_CODE[BAUDOT_LETTERS], character, 32);
    const char *figure = memchr(BAUDOT_CODE[BAUDOT_FIGURES], character, 32);

    *shift = letter && figure ? -1 : letter ? BAUDOT_LETTERS : BAUDOT_FIGURES;
    if (character == 0 || (!letter && !figure))
        return -1;
    return (int)(letter ? letter - BAUDOT_CODE[BAUDOT_LETTERS] : figure - BAUDOT_CODE[BAUDOT_FIGURES]);
}

/* The next code for the line, a shift where one is due; -1 when there is no text. */
static int next_code(struct baudot_tx *tx)
{
    int shift, code = tx->pending;

    tx->pending = -1;
    while (code < 0) {
        if (tx->taken == tx->put)
            return -1;
        code = code_of(tx->queue[tx->taken++ % BAUDOT_QUEUE], &shift);
        if (code >= 0 && ((shift >= 0 && shift != tx->shift) || tx->since_shift >= SHIFT_EVERY)) {
            tx->shift = shift >= 0 ? shift : tx->shift;
            tx->since_shift = 0;
            tx->pending = code;
            return tx->shift == BAUDOT_LETTERS ? BAUDOT_TO_LETTERS : BAUDOT_TO_FIGURES;
        }
    }
    tx->since_shift++;
    return code;
}

static void send_mark(struct baudot_tx *tx, int samples)
{
    tx->elements = 1;
    tx->left = 1;
    tx->samples = samples;
}

/* What goes on the line after the last element: a character, carrier, or nothing. */
static void next_on_line(struct baudot_tx *tx)
{
    const int code = tx->on ? next_code(tx) : -1;

    if (code >= 0) {
        tx->elements = code << 1 | ((1 << STOP_BITS) - 1) << 6;
        tx->left = 6 + STOP_BITS;
        tx->samples = tx->bit_samples;
        tx->hold = HOLD_SAMPLES / HOLD_PIECE;
    } else if (tx->hold > 0) {
        tx->hold--;
        send_mark(tx, HOLD_PIECE);
    } else if (tx->taken == tx->put) {
        tx->on = 0;
    } else {
        tx->on = 1;
        tx->since_shift = SHIFT_EVERY; /* the first character is preceded by its shift */
        send_mark(tx, LEAD_SAMPLES);
    }
}

/* The element on the line now; false when there is none. */
static int is_sounding(struct baudot_tx *tx)
{
    if (tx->samples == 0 && tx->left > 0 && --tx->left > 0) {
        tx->elements >>= 1;
        tx->samples = tx->bit_samples;
    }
    if (tx->samples == 0)
        next_on_line(tx);
    return tx->samples > 0;
}

void baudot_tx_init(struct baudot_tx *tx, int baud, float level_dbm0)
{
    memset(tx, 0, sizeof *tx);
    tx->amplitude = fminf(FULL_SCALE_0DBM0 * powf(10.0f, level_dbm0 / 20.0f), 32767.0f);
    tx->bit_samples = baud == 50 ? 160 : 176;
    tx->pending = -1;
}

int baudot_tx_put(struct baudot_tx *tx, const char *text, int count)
{
    int taken = 0;

    while (taken < count && tx->put - tx->taken < BAUDOT_QUEUE)
        tx->queue[tx->put++ % BAUDOT_QUEUE] = text[taken++];
    return taken;
}

void baudot_tx_fill(struct baudot_tx *tx, int16_t *out, int count)
{
    for (int i = 0; i < count; i++) {
        if (!is_sounding(tx)) {
            out[i] = 0;
            continue;
        }
        out[i] = (int16_t)lrintf(tx->amplitude * sinf((float)(int32_t)tx->turn * (float)(M_PI / 2147483648.0)));
        tx->turn += tx->elements & 1 ? MARK_STEP : SPACE_STEP;
        tx->samples--;
    }
}

int baudot_tx_busy(const struct baudot_tx *tx)
{
    return tx->on || tx->put != tx->taken;
}
