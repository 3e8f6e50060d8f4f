/* The stream of a V.253 modem in voice: sound with codes of the modem in between, told apart by DLE (0x10).
 *
 * Specification (ITU-T V.253 9.1, TIA IS-101), from the modem to us; <DLE> is 0x10:
 *   - any other byte is sound; <DLE><DLE> is the byte 0x10 of sound, <DLE><SUB> (0x1A) two of them
 *   - <DLE>X begins a packet (caller ID of call waiting and the like), which <DLE>. ends: no sound, told as the one
 *     code X. A packet longer than SHIELD_PACKET, or one that another code breaks into, was none: sound goes on
 *   - <DLE><ETX> (0x03) ends the sound: told, and nothing after it is sound
 *   - <DLE> and any other byte is a code, told as it is
 * To the modem 0x10 is doubled; <SUB> is not used.
 * The state survives any split of the bytes. A storm of codes tells few of them: in each window of
 * SHIELD_WINDOW_TICKS a code once, SHIELD_CODES in all; the others are counted. The end is always told.
 * Memory: 96 bytes a channel.
 */
#ifndef CALLBOX_SHIELD_H
#define CALLBOX_SHIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHIELD_DLE 0x10
#define SHIELD_ETX 0x03
#define SHIELD_SUB 0x1A
#define SHIELD_PACKET 600      /* bytes; the longest message of caller ID has 258, all shielded 516 */
#define SHIELD_WINDOW_TICKS 5  /* 100 ms */
#define SHIELD_CODES 5         /* told in a window: a key is `/`, itself and `~` */

enum shield_state { SHIELD_SOUND, SHIELD_CODE, SHIELD_IN_PACKET, SHIELD_PACKET_CODE, SHIELD_ENDED };

struct shield {
    enum shield_state state;
    int packet;                     /* bytes of it so far */
    uint64_t underruns, overruns;   /* codes u and o: the modem had nothing to play, or did not get rid of sound */
    uint64_t untold;                /* codes of storms */
    uint64_t window;
    int told;                       /* in this window */
    uint8_t seen[32];               /* in this window, a bit a code */
    uint8_t waiting[16];            /* to be told, for whoever comes to take them */
    int held;
};

void shield_init(struct shield *s);

/* The sound in `count` bytes of the modem, `out` has room for count + 1; returns how many bytes of it. */
size_t shield_open(struct shield *s, uint64_t tick, const uint8_t *bytes, size_t count, uint8_t *out);

/* The next code to tell; false when there is none. */
bool shield_code(struct shield *s, uint8_t *code);

/* Sound for the modem, `out` has room for twice the count; returns how many bytes it became. */
size_t shield_close(const uint8_t *sound, size_t count, uint8_t *out);

#endif
