/* Sound that goes from one leg of a worker straight to another, without waiting for the tick.
 *
 * Where the engine says that a leg hears one other slot and nothing else (`source` in mailbox.h), each frame of
 * that slot is given to the leg as soon as its jitter buffer holds it, looked for every RELAY_NS. The frames go to
 * the page in their tick all the same, so that they are recorded, measured and searched for digits as ever.
 *
 *   begins   after the mix of a tick, which is still given, the source's next frame goes directly: nothing is lost,
 *            nothing doubled. Its latest RELAY_WHOLE frames must have come whole, so that no seam is left open
 *   ends     in the tick in which the engine says otherwise, for each leg by itself: the leg gets the mix, joined
 *            to what it heard last; the frame it heard last may be in the mix once more
 *   losses   are passed on: our sequence number and timestamp skip what theirs did, and the far phone conceals, as
 *            it would without us; what is recorded the engine conceals
 *   silence  a source without a frame for RELAY_SILENT ticks is left: the leg hears the mix, so that a phone whose
 *            far end sends nothing still gets packets
 *   engine   while it does not answer its last word holds, RELAY_UNTOLD ticks at most; a leg of which an engine
 *            that answers says nothing hears nothing
 *   legs     one that goes, or whose stream is made anew, is nobody's source from that moment
 *
 * All of it is called with the lock of struct stream_audio held. Memory: 2300 bytes a slot.
 */
#ifndef CALLBOX_RELAY_H
#define CALLBOX_RELAY_H

#include "mailbox.h"

#define RELAY_NS 5000000ull /* 5 ms, a divisor of TICK_NS */
#define RELAY_WHOLE 2       /* frames */
#define RELAY_SILENT 3      /* ticks, 60 ms: what the engine conceals is over then (PLC_SOUND) */
#define RELAY_UNTOLD 100    /* ticks, 2 s: a dead engine is back within 1 s */
#define RELAY_AHEAD 7       /* frames read before their tick at most: a packet of 120 ms, and one */
#define RELAY_GAP 8         /* frames; a longer one is no loss but a new beginning */
#define RELAY_JOIN 80       /* samples, 10 ms, over which a step is taken up */

struct stream_audio;
struct stream_slot;

struct relay {
    int source;             /* the slot it hears directly; -1: what the engine mixes */
    int untold;             /* ticks in a row without an answer of the engine */
    int join;               /* 1: its next mix is joined to `last` */
    int16_t last;           /* the latest sample it heard directly */
    int hearers;            /* slots that hear this one directly */
    int whole;              /* frames of its stream that came in a row */
    int silent;             /* ticks in a row without one, while it is heard directly */
    int ahead, most_ahead;  /* frames in `frame`; a packet and one, then the oldest goes */
    int16_t frame[RELAY_AHEAD][FRAME_SAMPLES];
    uint32_t packets;       /* of its stream, when its jitter buffer was looked at */
    uint16_t packet;        /* sequence number of the latest packet accounted for */
    int buffered;           /* what its jitter buffer would hold had nothing come since */
    int packet_buffers;     /* of the jitter buffer's frames in a packet; 0: not known yet */
};

/* A slot without a stream, or with a new one: hears and is heard by nobody directly. */
void relay_reset(struct stream_audio *audio, unsigned slot);

/* Every RELAY_NS: what has come goes to those who hear it. */
void relay_pass(struct stream_audio *audio);

/* The frame of this tick of a slot that has hearers; 0: there is none. */
int relay_take(struct stream_slot *slot, int16_t *frame);

/* The slot that `slot` may hear directly, by the word of the engine with this tick's mix; -1: none. */
int relay_told(const struct stream_audio *audio, unsigned slot, uint32_t source);

/* The same without a mix for it; `answered`: the engine lives and said nothing. */
int relay_untold(struct stream_audio *audio, unsigned slot, int answered);

/* From now on the slot hears `source` (-1: the mix, of which `frame` is the first). */
void relay_leave(struct stream_audio *audio, struct stream_slot *slot, int16_t *frame);
void relay_count(struct stream_audio *audio);

#endif
