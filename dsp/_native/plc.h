/* Packet-loss concealment: what a lost piece is replaced by, after the idea of ITU-T G.711 Appendix I.
 *
 * What it does: keeps the latest 40 ms. When a piece is lost it finds the lag at which they repeat themselves
 * (normalised cross-correlation) and goes on repeating the latest period, whose seam is cross-faded over a
 * quarter of it. When sound comes back, it is cross-faded with the repetition over a quarter period.
 * Like the Appendix: pitch of 66 to 200 Hz, silence after 60 ms. Different, each measured to be better:
 *   delay    none (there 3.75 ms, to rework the last good samples): the step at the start of the gap is taken
 *            up by an offset that fades over a quarter period
 *   match    the latest 10 ms are compared, not 20: what comes next is most like what came last
 *   periods  one is repeated; when the sound is a tone it may be up to 240 samples long, because two DTMF
 *            frequencies have no short period in common
 *   fading   from the first sample on, evenly, to nothing after 60 ms; a tone holds its level for 40 ms
 *
 * When plc_lost returns false all is silence, and comfort noise may take over.
 * Any number of samples a call, any split gives the same. Memory per channel: 1628 bytes. A good piece costs two
 * copies; only the first lost piece of a gap costs a search.
 */
#ifndef CALLBOX_PLC_H
#define CALLBOX_PLC_H

#include <stdbool.h>
#include <stdint.h>

#define PLC_LEAST_PERIOD 40  /* samples, 200 Hz */
#define PLC_PITCH_PERIOD 120 /* samples, 66 Hz */
#define PLC_MOST_PERIOD 240  /* samples, for mixes of tones */
#define PLC_MATCH 80         /* samples compared, 10 ms; a multiple of 16 */
#define PLC_HISTORY (PLC_MATCH + PLC_MOST_PERIOD)
#define PLC_SOUND 480        /* samples of a gap that are filled, 60 ms */

struct plc {
    int16_t history[PLC_HISTORY];    /* what was put out, oldest first */
    float repeated[PLC_MOST_PERIOD]; /* one period */
    int period, at;                  /* its length, and where in it the next sample is */
    int lost;                        /* samples made in this gap, PLC_SOUND at most */
    int full;                        /* of them at full level */
    float step;                      /* from the sample before the period to the last good one */
    int join_left;                   /* samples of the cross-fade back that are to come */
    bool heard;                      /* there was a good piece */
    bool gap;                        /* what was put out last was made here, or the sound jumped */
};

void plc_init(struct plc *plc);

/* A good piece: `count` samples to `out`, which may be `in`. They are changed only right after a gap. */
void plc_good(struct plc *plc, const int16_t *in, int16_t *out, int count);

/* A lost piece: fills `out`. True while there is something to repeat, false once all of it is silence.
 * With a count of 0 nothing was lost but the sound jumps: what comes next is joined to what came last. */
bool plc_lost(struct plc *plc, int16_t *out, int count);

#endif
