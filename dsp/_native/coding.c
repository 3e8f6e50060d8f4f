#include "coding.h"
#include "g711.h"
#include "linear.h"

static enum linear_form linear_of(enum coding coding)
{
    return coding == CODING_U8 ? LINEAR_U8 : coding == CODING_S8 ? LINEAR_S8 : LINEAR_S16LE;
}

void coding_to_s16(enum coding coding, int16_t *to, const uint8_t *from, size_t count)
{
    if (coding == CODING_ULAW)
        g711_ulaw_to_s16(to, from, count);
    else if (coding == CODING_ALAW)
        g711_alaw_to_s16(to, from, count);
    else
        linear_to_s16(linear_of(coding), to, from, count);
}

void coding_from_s16(enum coding coding, uint8_t *to, const int16_t *from, size_t count)
{
    if (coding == CODING_ULAW)
        g711_ulaw_from_s16(to, from, count);
    else if (coding == CODING_ALAW)
        g711_alaw_from_s16(to, from, count);
    else
        linear_from_s16(linear_of(coding), to, from, count);
}
