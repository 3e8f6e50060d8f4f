#include "shield.h"
#include <string.h>

void shield_init(struct shield *s)
{
    memset(s, 0, sizeof *s);
}

static void tell(struct shield *s, uint64_t tick, uint8_t code)
{
    uint64_t window = tick / SHIELD_WINDOW_TICKS;
    uint8_t bit = (uint8_t)(1 << code % 8), *seen = &s->seen[code / 8];
    if (window != s->window) {
        s->window = window;
        s->told = 0;
        memset(s->seen, 0, sizeof s->seen);
    }
    bool last = code == SHIELD_ETX; /* what ends the sound must arrive */
    if (s->held == (int)sizeof s->waiting || (!last && ((*seen & bit) != 0 || s->told == SHIELD_CODES))) {
        s->untold++;
        return;
    }
    *seen |= bit;
    s->told++;
    s->waiting[s->held++] = code;
}

/* The byte after a <DLE>; returns how many bytes 0x10 of sound it stands for. */
static int take_code(struct shield *s, uint64_t tick, uint8_t code)
{
    s->state = code == SHIELD_ETX ? SHIELD_ENDED : code == 'X' ? SHIELD_IN_PACKET : SHIELD_SOUND;
    s->packet = 0;
    if (code == SHIELD_DLE || code == SHIELD_SUB)
        return code == SHIELD_SUB ? 2 : 1;
    s->underruns += code == 'u';
    s->overruns += code == 'o';
    tell(s, tick, code);
    return 0;
}

static void take_packet(struct shield *s, uint8_t byte)
{
    if (byte == SHIELD_DLE)
        s->state = SHIELD_PACKET_CODE;
    else if (++s->packet > SHIELD_PACKET)
        s->state = SHIELD_SOUND;
}

static void take_packet_code(struct shield *s, uint64_t tick, uint8_t code)
{
    bool data = code == SHIELD_DLE || code == SHIELD_SUB;
    s->state = data && ++s->packet <= SHIELD_PACKET ? SHIELD_IN_PACKET : SHIELD_SOUND;
    if (!data && code != '.')
        take_code(s, tick, code);
}

size_t shield_open(struct shield *s, uint64_t tick, const uint8_t *bytes, size_t count, uint8_t *out)
{
    size_t made = 0;
    for (size_t i = 0; i < count && s->state != SHIELD_ENDED; i++) {
        uint8_t byte = bytes[i];
        if (s->state == SHIELD_SOUND && byte != SHIELD_DLE)
            out[made++] = byte;
        else if (s->state == SHIELD_SOUND)
            s->state = SHIELD_CODE;
        else if (s->state == SHIELD_CODE)
            for (int n = take_code(s, tick, byte); n > 0; n--)
                out[made++] = SHIELD_DLE;
        else if (s->state == SHIELD_IN_PACKET)
            take_packet(s, byte);
        else
            take_packet_code(s, tick, byte);
    }
    return made;
}

bool shield_code(struct shield *s, uint8_t *code)
{
    if (s->held == 0)
        return false;
    *code = s->waiting[0];
    memmove(s->waiting, s->waiting + 1, (size_t)--s->held);
    return true;
}

size_t shield_close(const uint8_t *sound, size_t count, uint8_t *out)
{
    size_t made = 0;
    for (size_t i = 0; i < count; i++) {
        if (sound[i] == SHIELD_DLE)
            out[made++] = SHIELD_DLE;
        out[made++] = sound[i];
    }
    return made;
}
