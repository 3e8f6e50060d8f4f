/* G.711, A-law and mu-law: samples of 16 bits to bytes and back, and bytes of one law to bytes of the other.
 *
 * A byte of either law is a small floating-point number: sign, three bits of exponent, four of mantissa. So the
 * codec is the float unit's own: the upper bits of a float are the byte, and a float put together from the byte and
 * half a step is the output value. No tables, no branches; the loops of g711.c vectorise, on SSE2 as well.
 *
 * Specification (ITU-T G.711, 11/88):
 *   - A-law, table 1: 4096 units are +3.14 dBm0 and full scale; one unit is 8 steps of 16 bits; the even bits are
 *     inverted; y(n) lies in the middle of its interval.
 *   - mu-law, table 2: 8159 units are +3.17 dBm0; one unit is 4 steps of 16 bits; y(0) = 0, the others in the middle.
 *     What is beyond 8159 has the last byte. The all-zero byte is sent as it is (no suppression).
 *   - Tables 3 and 4: bytes of one law as bytes of the other.
 *   - To which side a sample on a decision value belongs is not said. Here, as in the ITU's own software (G.191), an
 *     interval holds its lower end, and the intervals of negative samples are those of their complement.
 * Memory: none a channel; 256 bytes of constants for tables 3 and 4.
 */
#ifndef CALLBOX_G711_H
#define CALLBOX_G711_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A positive float's exponent and first four bits of mantissa, as one number that counts intervals. */
static inline int32_t g711_interval(int32_t magnitude)
{
    float value = (float)magnitude;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (int32_t)(bits >> 19);
}

/* The middle of that interval. */
static inline int32_t g711_middle(int32_t interval)
{
    uint32_t bits = (uint32_t)interval << 19 | 1u << 18;
    float value;
    memcpy(&value, &bits, sizeof value);
    return (int32_t)value;
}

#define G711_EXPONENT(e) ((127 + (e)) << 4) /* g711_interval(2 to the power e) */

static inline uint8_t g711_alaw_encode(int16_t sample)
{
    int32_t sign = sample >> 15, magnitude = (sample ^ sign) >> 4;
    int32_t curved = g711_interval(magnitude) - G711_EXPONENT(4) + 16;
    int32_t straight = (magnitude - 16) >> 31; /* all bits: the first 32 intervals are equal, no exponent yet */
    int32_t interval = (magnitude & straight) | (curved & ~straight);
    return (uint8_t)((interval | (~sign & 0x80)) ^ 0x55);
}

static inline int16_t g711_alaw_decode(uint8_t byte)
{
    int32_t code = byte ^ 0x55, interval = code & 0x7F;
    int32_t straight = interval * 16 + 8, curved = g711_middle(interval - 16 + G711_EXPONENT(8));
    int32_t value = interval < 16 ? straight : curved;
    return (int16_t)(code & 0x80 ? value : -value);
}

static inline uint8_t g711_ulaw_encode(int16_t sample)
{
    int32_t sign = sample >> 15, units = (sample ^ sign) >> 2;
    int32_t interval = g711_interval((units < 8158 ? units : 8158) + 33) - G711_EXPONENT(5);
    return (uint8_t)((0xFF - interval) ^ (sign & 0x80));
}

static inline int16_t g711_ulaw_decode(uint8_t byte)
{
    int32_t value = g711_middle((~byte & 0x7F) + G711_EXPONENT(7)) - 4 * 33;
    return (int16_t)(byte & 0x80 ? value : -value);
}

/* Blocks of any length; source and target do not overlap. */
void g711_alaw_from_s16(uint8_t *to, const int16_t *from, size_t count);
void g711_alaw_to_s16(int16_t *to, const uint8_t *from, size_t count);
void g711_ulaw_from_s16(uint8_t *to, const int16_t *from, size_t count);
void g711_ulaw_to_s16(int16_t *to, const uint8_t *from, size_t count);
void g711_alaw_from_ulaw(uint8_t *to, const uint8_t *from, size_t count);
void g711_ulaw_from_alaw(uint8_t *to, const uint8_t *from, size_t count);

#endif
