#include "linear.h"
#include "vector.h"

static inline int16_t low_first(const uint8_t *from) { return (int16_t)(from[0] | from[1] << 8); }

static inline int16_t high_first(const uint8_t *from) { return (int16_t)(from[1] | from[0] << 8); }

static inline void put_low_first(uint8_t *to, int value)
{
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)((uint32_t)value >> 8);
}

VECTOR_CLONES
void linear_to_s16(enum linear_form form, int16_t *restrict to, const uint8_t *restrict from, size_t count)
{
    switch (form) {
    case LINEAR_S16LE:
        for (size_t i = 0; i < count; i++)
            to[i] = low_first(from + 2 * i);
        break;
    case LINEAR_S16BE:
        for (size_t i = 0; i < count; i++)
            to[i] = high_first(from + 2 * i);
        break;
    case LINEAR_S14_LEFT:
        for (size_t i = 0; i < count; i++)
            to[i] = (int16_t)(low_first(from + 2 * i) & ~3);
        break;
    case LINEAR_S14_RIGHT:
        for (size_t i = 0; i < count; i++)
            to[i] = (int16_t)((uint16_t)low_first(from + 2 * i) << 2);
        break;
    case LINEAR_U8:
        for (size_t i = 0; i < count; i++)
            to[i] = (int16_t)((from[i] - 128) * 256);
        break;
    case LINEAR_S8:
    case LINEAR_FORMS:
        for (size_t i = 0; i < count; i++)
            to[i] = (int16_t)((int8_t)from[i] * 256);
        break;
    }
}

VECTOR_CLONES
void linear_from_s16(enum linear_form form, uint8_t *restrict to, const int16_t *restrict from, size_t count)
{
    switch (form) {
    case LINEAR_S16LE:
        for (size_t i = 0; i < count; i++)
            put_low_first(to + 2 * i, from[i]);
        break;
    case LINEAR_S16BE:
        for (size_t i = 0; i < count; i++) {
            to[2 * i] = (uint8_t)((uint16_t)from[i] >> 8);
            to[2 * i + 1] = (uint8_t)from[i];
        }
        break;
    case LINEAR_S14_LEFT:
        for (size_t i = 0; i < count; i++)
            put_low_first(to + 2 * i, linear_upper(from[i], 14) * 4);
        break;
    case LINEAR_S14_RIGHT:
        for (size_t i = 0; i < count; i++)
            put_low_first(to + 2 * i, linear_upper(from[i], 14));
        break;
    case LINEAR_U8:
        for (size_t i = 0; i < count; i++)
            to[i] = (uint8_t)(linear_upper(from[i], 8) + 128);
        break;
    case LINEAR_S8:
    case LINEAR_FORMS:
        for (size_t i = 0; i < count; i++)
            to[i] = (uint8_t)linear_upper(from[i], 8);
        break;
    }
}
