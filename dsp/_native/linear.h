/* The linear forms in which modems send sound, to 16-bit samples and back.
 *
 * Specification:
 *   - 16 bits, little or big endian: two's complement.
 *   - 14 bits in two bytes, little endian: to the left (a multiple of 4; the two low bits may be framing and are not
 *     looked at) or to the right (bit 13 is the sign, whatever stands above it; sent with the sign extended).
 *   - 8 bits: offset binary (0x80 is zero, as in WAV) or two's complement.
 *   - Fewer bits are the upper ones: a sample read is the number times 4 or 256. What was read goes back as it came.
 *   - More bits are rounded to the nearest, halves away from zero, so that x and -x differ by their sign only and no
 *     constant is added; what would round above the largest number becomes the largest.
 *   - No dither: it would put 4.8 dB on the noise of an 8-bit line, and silence would no longer be silence to a
 *     detector. A modem that offers G.711 is better asked for that.
 * Memory: none a channel.
 */
#ifndef CALLBOX_LINEAR_H
#define CALLBOX_LINEAR_H

#include <stddef.h>
#include <stdint.h>

enum linear_form {
    LINEAR_S16LE,
    LINEAR_S16BE,
    LINEAR_S14_LEFT,
    LINEAR_S14_RIGHT,
    LINEAR_U8,
    LINEAR_S8,
    LINEAR_FORMS,
};

/* The upper `bits` of 16, rounded. */
static inline int linear_upper(int16_t sample, int bits)
{
    int low = 16 - bits, most = (1 << (bits - 1)) - 1;
    int rounded = (sample + (1 << (low - 1)) - (sample < 0)) >> low;
    return rounded < most ? rounded : most;
}

/* Bytes of one sample. */
static inline size_t linear_bytes(enum linear_form form) { return form == LINEAR_U8 || form == LINEAR_S8 ? 1 : 2; }

/* `count` samples; source and target do not overlap. */
void linear_to_s16(enum linear_form form, int16_t *to, const uint8_t *from, size_t count);
void linear_from_s16(enum linear_form form, uint8_t *to, const int16_t *from, size_t count);

#endif
