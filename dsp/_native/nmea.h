/* Takes NMEA 0183 sentences out of sound: a modem whose GPS was left on writes them between the samples.
 *
 * Specification (NMEA 0183; failure catalogue F14, seen on Quectel modems with AT+QGPSCFG="outport" left alone):
 *   - '$', five capitals or digits (talker and type), ',', printable ASCII, CR LF; 82 characters at most.
 *   - Bytes that begin like one are held until they are a sentence (and dropped) or are not (and given on), so that
 *     any split gives the same bytes. Sound does not begin like one: seven bytes in a row are once in some 100 hours.
 * Memory: 84 bytes a stream. Any bytes may come.
 */
#ifndef CALLBOX_NMEA_H
#define CALLBOX_NMEA_H

#include <stddef.h>
#include <stdint.h>

#define NMEA_LONGEST 82 /* with '$' and CR LF */

struct nmea {
    uint8_t held[NMEA_LONGEST]; /* what may be a sentence so far */
    size_t count;
};

/* Copies `in` without its sentences to `out`, which has room for `count` + NMEA_LONGEST; gives how many bytes. */
size_t nmea_strip(struct nmea *n, const uint8_t *in, size_t count, uint8_t *out);

#endif
