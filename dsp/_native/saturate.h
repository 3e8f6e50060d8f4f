/* A float as a sample: to the nearest, halves to even, held at full scale. Vectorises on any x86-64, which a loop
 * with lrintf does not: 1.5 * 2^23 is added, so that the float unit itself rounds to whole steps, and the lower bits of
 * what comes out are the number. */
#ifndef CALLBOX_SATURATE_H
#define CALLBOX_SATURATE_H

#include <stdint.h>
#include <string.h> /* memcpy */

static inline int16_t saturated(float value)
{
    const float whole = 12582912.0f; /* 1.5 * 2^23 */
    float held = value > 32767.0f ? 32767.0f : value < -32768.0f ? -32768.0f : value;
    uint32_t bits;

    held += whole;
    memcpy(&bits, &held, sizeof bits);
    return (int16_t)bits;
}

#endif
