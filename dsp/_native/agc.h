/* Automatic level control for one channel: brings the active speech to one level, slowly, and nothing else.
 *
 * What it does: measures the power while its voice-activity detector hears speech, sets the gain that would
 * bring it to the target, and approaches that gain only while speech goes on. In pauses, in noise and during
 * tones the gain stands still, so that noise does not swell up and tones keep their level (the subjects of
 * ITU-T G.169 7.3 and 7.4).
 *
 * Specification:
 *   target   -19 dBm0 active speech level, what ITU-T G.169 and G.115 recommend (by RFC 7874 section 4)
 *   range    gain between -20 dB and the most allowed (20 dB unless told otherwise)
 *   pace     6 dB a second up, 20 dB a second down, a straight line over each 10 ms
 *   measure  mean power over the first 3 s of speech, then an average of 3 s
 *   limiter  output never beyond +-30000; its gain drops at once and recovers in 50 ms
 *   delay    none
 * Speech below -50 dBm0 is left alone: it is rather an echo or crosstalk. Gain 1 gives the same samples.
 * Any split of the samples gives the same. Memory per channel: 888 bytes, 848 of which are the detector.
 */
#ifndef CALLBOX_AGC_H
#define CALLBOX_AGC_H

#include "vad.h"

struct agc {
    struct vad vad;             /* hears what comes in; may be read */
    float target_mean_square;   /* (sample steps)^2 */
    float most_gain_db;
    float speech_mean_square;   /* of the speech that comes in */
    int heard;                  /* blocks of speech in it */
    float gain_db, gain, step;  /* gain now, and its change a sample in this block */
    float limit;                /* of the limiter, 1 when at rest */
    float block_sum;            /* of squares */
    int at;                     /* in the block of 80 samples */
};

void agc_init(struct agc *agc, float target_dbm0, float most_gain_db);

/* `out` may be `in`. */
void agc_run(struct agc *agc, const int16_t *in, int16_t *out, int count);

#endif
