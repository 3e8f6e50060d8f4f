/* How a modem writes a sample: 16 bits little endian, G.711, or 8 bits linear. The arithmetic is g711.h's and
 * linear.h's; this is their common face for a port. Memory: none a channel.
 */
#ifndef CALLBOX_CODING_H
#define CALLBOX_CODING_H

#include <stddef.h>
#include <stdint.h>

enum coding { CODING_S16LE, CODING_ULAW, CODING_ALAW, CODING_U8, CODING_S8 };

static inline int coding_bytes(enum coding coding) { return coding == CODING_S16LE ? 2 : 1; }

/* `count` samples; source and target do not overlap. */
void coding_to_s16(enum coding coding, int16_t *to, const uint8_t *from, size_t count);
void coding_from_s16(enum coding coding, uint8_t *to, const int16_t *from, size_t count);

#endif
