/* Finds out that a byte was lost or gained, which makes s16 speech a white noise.
 *
 * For 20 ms blocks the energy of the second difference is taken at both byte offsets: at the right one
 * speech is smooth, at the wrong one the low byte becomes the high byte and it is not. A block votes for
 * the other offset when that is at least 8 times smoother; five votes with none against them decide.
 * A block in which either byte hardly changes (8-bit sound widened to 16, digital silence) does not vote, nor one
 * that repeats itself exactly (a synthetic tone).
 */
#ifndef CALLBOX_REALIGN_H
#define CALLBOX_REALIGN_H

#include <stdbool.h>
#include <stdint.h>

#define REALIGN_BYTES 322 /* 160 samples at either offset */

struct realign {
    int votes; /* for the other offset, in a row */
};

/* Takes REALIGN_BYTES bytes that begin with the low byte of a sample as we read them now.
 * True: from here on, read one byte later (or earlier). */
bool realign_block(struct realign *r, const uint8_t *bytes);

#endif
