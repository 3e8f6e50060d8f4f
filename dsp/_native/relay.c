/* From one leg straight to another; see relay.h. */
#include "relay.h"

#include <stdbool.h>
#include <string.h> /* memcpy, memmove, memset */

#include "saturate.h"
#include "stream_tick.h"

/* --- one source ---------------------------------------------------------------------------------------- */

static int buffered(const struct stream_audio *audio, const struct stream_slot *slot)
{
    struct pj_buffer_state state;
    return audio->pj.stream_buffer(slot->stream, &state) == 0 ? (int)state.field[audio->pj.buffer_count] : 0;
}

static void begin_source(const struct stream_audio *audio, struct stream_slot *slot)
{
    slot->relay.packet = slot->rtp.in->latest;
    slot->relay.buffered = buffered(audio, slot);
    slot->relay.packet_buffers = 0;
    slot->relay.most_ahead = 2;
    slot->relay.silent = 0;
}

/* Frames lost before what came last: packets that were numbered and never got into the buffer. An empty buffer
 * takes any packet for the next one, so that only the numbers tell. */
static int lost_before(struct stream_slot *slot, int now)
{
    struct relay *r = &slot->relay;
    int came = now - r->buffered;
    uint16_t latest = slot->rtp.in->latest;
    int packets = (uint16_t)(latest - r->packet);
    if (packets == 0) { /* nothing; or out of order, or numbered anew */
        r->buffered = now;
        return 0;
    }
    if (came <= 0) /* keys: their packets hold no sound, and what follows is as much later */
        return 0;
    r->packet = latest;
    r->buffered = now;
    if (packets == 1) {
        r->packet_buffers = came;
        int frames = (came + slot->frame_buffers - 1) / slot->frame_buffers + 1;
        r->most_ahead = frames < RELAY_AHEAD ? frames : RELAY_AHEAD;
    }
    int lost = (packets * r->packet_buffers - came) / slot->frame_buffers;
    return lost > 0 && lost <= RELAY_GAP ? lost : 0;
}

/* Our packets to the slot's phone skip so many frames. The library's own function counts them as sent. */
static void skip(struct stream_audio *audio, struct stream_slot *slot, int frames)
{
    const void *head;
    int head_bytes;
    for (int i = 0; i < frames; i++)
        audio->pj.rtp_encode(slot->rtp.out, 0, 0, 1, FRAME_SAMPLES, &head, &head_bytes);
    audio->counters.skipped_frames += (uint64_t)frames;
}

static void skip_for_hearers(struct stream_audio *audio, int source, int frames)
{
    for (unsigned i = 0; i < MAILBOX_SLOTS && frames > 0; i++)
        if (audio->slot[i].stream && audio->slot[i].relay.source == source)
            skip(audio, &audio->slot[i], frames);
}

static void drop_oldest(struct relay *r)
{
    r->ahead--;
    memmove(r->frame[0], r->frame[1], sizeof r->frame[0] * (size_t)r->ahead);
}

static void keep_for_tick(struct relay *r, const int16_t *frame)
{
    if (r->ahead >= r->most_ahead)
        drop_oldest(r);
    memcpy(r->frame[r->ahead++], frame, sizeof r->frame[0]);
}

static void give_to_hearers(struct stream_audio *audio, int source, int16_t *frame)
{
    for (unsigned i = 0; i < MAILBOX_SLOTS; i++) {
        struct stream_slot *slot = &audio->slot[i];
        if (!slot->stream || slot->relay.source != source)
            continue;
        stream_say(slot, frame);
        slot->relay.last = frame[FRAME_SAMPLES - 1];
        audio->counters.direct_frames++;
    }
}

static void pass_source(struct stream_audio *audio, unsigned source)
{
    struct stream_slot *slot = &audio->slot[source];
    int16_t frame[FRAME_SAMPLES];
    uint32_t packets = slot->rtp.in->packets;
    if (packets == slot->relay.packets && slot->relay.buffered < slot->frame_buffers)
        return; /* nothing came, nothing is left */
    slot->relay.packets = packets;
    int now = buffered(audio, slot);
    skip_for_hearers(audio, (int)source, lost_before(slot, now));
    if (now < slot->frame_buffers)
        return;
    bool whole = stream_hear(audio, slot, frame);
    bool missing = !whole && audio->pj.stream_last_frame(slot->stream) == PJ_JB_MISSING;
    if (whole) {
        give_to_hearers(audio, (int)source, frame);
        keep_for_tick(&slot->relay, frame);
        slot->relay.whole++;
    } else if (missing) {
        skip_for_hearers(audio, (int)source, 1);
        slot->relay.whole = 0;
    }
    if (whole || missing) /* else the buffer holds back until it has more */
        slot->relay.buffered -= slot->frame_buffers;
}

void relay_pass(struct stream_audio *audio)
{
    for (unsigned i = 0; i < MAILBOX_SLOTS && audio->relaying; i++)
        if (audio->slot[i].stream && audio->slot[i].relay.hearers > 0)
            pass_source(audio, i);
}

int relay_take(struct stream_slot *slot, int16_t *frame)
{
    struct relay *r = &slot->relay;
    if (r->ahead == 0) {
        r->silent++;
        r->whole = 0;
        return 0;
    }
    r->silent = 0;
    memcpy(frame, r->frame[0], sizeof r->frame[0]);
    drop_oldest(r);
    return 1;
}

/* --- one hearer ---------------------------------------------------------------------------------------- */

int relay_told(const struct stream_audio *audio, unsigned slot, uint32_t source)
{
    unsigned index = MAILBOX_INDEX(source - 1);
    const struct stream_slot *from = &audio->slot[index];
    if (source == 0 || index == slot || !from->stream || from->leg != MAILBOX_LEG(source - 1) ||
        from->frame_buffers == 0)
        return -1;
    bool heard = audio->slot[slot].relay.source == (int)index;
    bool fit = heard ? from->relay.silent < RELAY_SILENT : from->relay.whole >= RELAY_WHOLE;
    return fit ? (int)index : -1;
}

int relay_untold(struct stream_audio *audio, unsigned slot, int answered)
{
    struct relay *r = &audio->slot[slot].relay;
    bool holds = r->source >= 0 && !answered && r->untold < RELAY_UNTOLD;
    r->untold += holds;
    return holds && audio->slot[r->source].relay.silent < RELAY_SILENT ? r->source : -1;
}

void relay_leave(struct stream_audio *audio, struct stream_slot *slot, int16_t *frame)
{
    struct relay *r = &slot->relay;
    int silent = r->source >= 0 ? audio->slot[r->source].relay.silent : 0;
    if (silent >= RELAY_SILENT) { /* nothing went out meanwhile: our packets are as late as the clock says */
        skip(audio, slot, silent - 1);
        r->last = 0;
    }
    float step = (float)(r->last - frame[0]);
    for (int i = 0; i < RELAY_JOIN; i++)
        frame[i] = saturated((float)frame[i] + step * (float)(RELAY_JOIN - i) / RELAY_JOIN);
    r->source = -1;
    r->join = 0;
}

/* --- who hears whom ------------------------------------------------------------------------------------ */

void relay_count(struct stream_audio *audio)
{
    int hearers[MAILBOX_SLOTS] = {0};
    audio->relaying = 0;
    for (unsigned i = 0; i < MAILBOX_SLOTS; i++)
        if (audio->slot[i].stream && audio->slot[i].relay.source >= 0) {
            hearers[audio->slot[i].relay.source]++;
            audio->relaying++;
        }
    for (unsigned i = 0; i < MAILBOX_SLOTS; i++) {
        struct relay *r = &audio->slot[i].relay;
        if (hearers[i] > 0 && r->hearers == 0)
            begin_source(audio, &audio->slot[i]);
        if (hearers[i] == 0)
            r->ahead = r->silent = 0;
        r->hearers = hearers[i];
    }
}

void relay_reset(struct stream_audio *audio, unsigned slot)
{
    for (unsigned i = 0; i < MAILBOX_SLOTS; i++)
        if (audio->slot[i].relay.source == (int)slot) {
            audio->slot[i].relay.source = -1;
            audio->slot[i].relay.join = 1;
        }
    memset(&audio->slot[slot].relay, 0, sizeof audio->slot[slot].relay);
    audio->slot[slot].relay.source = -1;
    relay_count(audio);
}
