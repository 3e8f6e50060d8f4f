#include "nmea.h"
#include <stdbool.h>
#include <string.h>

#define COMMA 6 /* place of the first one */

static bool is_name(uint8_t byte) { return (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9'); }

/* Whether `byte` may stand behind the `n->count` bytes held. */
static bool goes_on(const struct nmea *n, uint8_t byte)
{
    size_t at = n->count;
    if (at == 0)
        return byte == '$';
    if (at == NMEA_LONGEST)
        return false;
    if (at < COMMA)
        return is_name(byte);
    if (at == COMMA)
        return byte == ',';
    if (n->held[at - 1] == '\r')
        return byte == '\n';
    return byte == '\r' || (byte >= 0x20 && byte < 0x7F);
}

static size_t give(struct nmea *n, uint8_t *out)
{
    size_t given = n->count;
    memcpy(out, n->held, given);
    n->count = 0;
    return given;
}

size_t nmea_strip(struct nmea *n, const uint8_t *in, size_t count, uint8_t *out)
{
    size_t given = 0;
    for (size_t i = 0; i < count; i++) {
        if (!goes_on(n, in[i]))
            given += give(n, out + given);
        if (n->count > 0 || in[i] == '$')
            n->held[n->count++] = in[i];
        else
            out[given++] = in[i];
        if (n->count > COMMA && in[i] == '\n')
            n->count = 0;
    }
    return given;
}
