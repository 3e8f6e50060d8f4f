/* Caller ID by FSK, and the alert tone before it, for one channel: 8 kHz samples in, data link messages out.
 *
 * A message is: seizure (alternating bits, on hook only), mark, type, length, `length` bytes, checksum. Telcordia
 * GR-30 sends it by Bell 202, ETSI EN 300 659 by V.23; the bytes have one shape, dsp/caller_id_message.py reads them.
 * Specification:
 *   seizure          not needed (off hook there is none; a ring's end may hide it)
 *   mark             20 bits at the least; sent are 180 on hook, 80 off hook (GR-30, EN 300 659-1)
 *   between bytes    0 to 20 bits of mark (GR-30 allows 10); more ends the message
 *   bad checksum     the message is given, marked
 *   carrier gone     what was read is given, marked, 40 ms later
 * A message without a right checksum is given only when its type is one of those in use, and one that is not whole
 * only when all its bytes have their stop bits: else speech would make some.
 *
 * All state is in the struct, 4.4 KB; nothing allocates; any split of the samples gives the same findings.
 */
#ifndef CALLBOX_CALLER_ID_H
#define CALLBOX_CALLER_ID_H

#include "fsk.h"

#include <stdint.h>

#define CALLER_ID_MOST 258 /* bytes: type, length, 255, checksum */

enum caller_id_standard { CALLER_ID_BELL202, CALLER_ID_ETSI };

struct caller_id_message {
    uint8_t bytes[CALLER_ID_MOST]; /* from the type to the checksum, as far as heard */
    int count;
    int whole;            /* all bytes were heard */
    int checksum_ok;      /* and they add up to 0, modulo 256 */
    int64_t start_sample; /* of the type's start bit, counted from caller_id_rx_init */
    int64_t end_sample;   /* first after the last stop bit */
};

struct caller_id_rx {
    struct fsk_rx fsk;
    struct caller_id_message message; /* being heard; count 0: none */
    int bad_stops;                    /* bytes of it without their stop bit */
    int last_is_bad;                  /* the last byte is one of them */
    int64_t heard;                    /* samples */
};

void caller_id_rx_init(struct caller_id_rx *rx, enum caller_id_standard standard);

/* Feeds up to FSK_BLOCK samples; true when a message ended, which `out` then holds. No two end in a block. */
int caller_id_rx_feed(struct caller_id_rx *rx, const int16_t *samples, int count, struct caller_id_message *out);

#endif
