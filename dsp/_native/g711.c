#include "g711.h"
#include "vector.h"

/* G.711 table 3: A-law output value number for mu-law's, of positive and negative values alike, counted from 1.
 * (Copies with 81 in the place of 80 are about: an old misprint, which would make two mu-law values one.) */
static const uint8_t ALAW_FOR_ULAW[128] = {
    1,   1,   2,   2,   3,   3,   4,   4,   5,   5,   6,   6,   7,   7,   8,   8,   9,   10,  11,  12,  13,  14,
    15,  16,  17,  18,  19,  20,  21,  22,  23,  24,  25,  27,  29,  31,  33,  34,  35,  36,  37,  38,  39,  40,
    41,  42,  43,  44,  46,  48,  49,  50,  51,  52,  53,  54,  55,  56,  57,  58,  59,  60,  61,  62,  64,  65,
    66,  67,  68,  69,  70,  71,  72,  73,  74,  75,  76,  77,  78,  79,  80,  82,  83,  84,  85,  86,  87,  88,
    89,  90,  91,  92,  93,  94,  95,  96,  97,  98,  99,  100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110,
    111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128,
};

/* Table 4: mu-law output value number for A-law's, counted from 0 as the Recommendation counts mu-law's. */
static const uint8_t ULAW_FOR_ALAW[128] = {
    1,   3,   5,   7,   9,   11,  13,  15,  16,  17,  18,  19,  20,  21,  22,  23,  24,  25,  26,  27,  28,  29,
    30,  31,  32,  32,  33,  33,  34,  34,  35,  35,  36,  37,  38,  39,  40,  41,  42,  43,  44,  45,  46,  47,
    48,  48,  49,  49,  50,  51,  52,  53,  54,  55,  56,  57,  58,  59,  60,  61,  62,  63,  64,  64,  65,  66,
    67,  68,  69,  70,  71,  72,  73,  74,  75,  76,  77,  78,  79,  80,  80,  81,  82,  83,  84,  85,  86,  87,
    88,  89,  90,  91,  92,  93,  94,  95,  96,  97,  98,  99,  100, 101, 102, 103, 104, 105, 106, 107, 108, 109,
    110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127,
};

VECTOR_CLONES
void g711_alaw_from_s16(uint8_t *restrict to, const int16_t *restrict from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = g711_alaw_encode(from[i]);
}

VECTOR_CLONES
void g711_alaw_to_s16(int16_t *restrict to, const uint8_t *restrict from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = g711_alaw_decode(from[i]);
}

VECTOR_CLONES
void g711_ulaw_from_s16(uint8_t *restrict to, const int16_t *restrict from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = g711_ulaw_encode(from[i]);
}

VECTOR_CLONES
void g711_ulaw_to_s16(int16_t *restrict to, const uint8_t *restrict from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = g711_ulaw_decode(from[i]);
}

void g711_alaw_from_ulaw(uint8_t *restrict to, const uint8_t *restrict from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int interval = ALAW_FOR_ULAW[~from[i] & 0x7F] - 1;
        to[i] = (uint8_t)((interval | (from[i] & 0x80)) ^ 0x55);
    }
}

void g711_ulaw_from_alaw(uint8_t *restrict to, const uint8_t *restrict from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int code = from[i] ^ 0x55;
        to[i] = (uint8_t)(0x7F - ULAW_FOR_ALAW[code & 0x7F] + (code & 0x80));
    }
}
