/* The audio thread of a SIP worker: moves frames between pjmedia's stream ports and the mailbox page.
 *
 * One thread, no GIL, on the 20 ms grid of mailbox.h. In tick n it receives the RTP that has come (the library's own
 * thread for that is ended: to be woken by every packet costs more than the packet, and it would not be real-time),
 * reads every stream port, posts the frames, waits at most WAIT_MIXED_NS for the engine's answer, and writes every
 * stream port; a leg the engine said nothing for hears silence. Ports are read and written directly: pjmedia's
 * bridge would add a tick.
 * A second thread, of no priority, does what the library does only when its bridge is read.
 * Two legs that hear each other alone do so between the ticks (relay.h).
 */
#ifndef CALLBOX_STREAM_TICK_H
#define CALLBOX_STREAM_TICK_H

#include <pthread.h>

#include "mailbox.h"
#include "pj_abi.h"
#include "relay.h"

#define WAIT_MIXED_NS 12000000ull /* of the 20 ms; the engine answers within 1 ms when it lives */
#define MOST_POLLS 64            /* of 16 packets each, at a time: a flood is served as we have time for it */
#define LATE_NS 5000000ull        /* a tick begun later than this counts as late */

struct stream_slot {
    void *stream;          /* pjmedia_stream; NULL: no stream, the rest is not valid */
    struct pj_port *port;  /* its port; we hold a reference of its group lock */
    uint32_t leg;          /* which of all legs the slot had */
    struct pj_rtp rtp;     /* its sessions, part of the stream */
    int frame_buffers;     /* frames of its jitter buffer in one of ours; 0: not known, no relay */
    struct relay relay;
};

struct stream_counters {
    uint64_t ticks, late_ticks, missed_ticks;
    uint64_t late_max_ns;
    uint64_t unmixed_ticks; /* the engine did not answer in time */
    uint64_t lost_frames;   /* nothing from the phone for a tick */
    uint64_t silent_frames; /* nothing from the engine for a leg */
    uint64_t direct_frames; /* given without the engine */
    uint64_t skipped_frames; /* lost before us, and passed on as lost */
    uint64_t tick_ns;       /* time spent in ticks, waiting not counted */
};

struct stream_audio {
    struct pj_library pj;
    struct mailbox_page *page;
    int memfd;
    int realtime; /* 1: SCHED_FIFO was allowed */
    void *_Atomic received; /* the library's queue of sockets that RTP comes in by; NULL while it has a thread */
    struct pj_port *bridge; /* the bridge's master port: its queued work runs only when it is read */
    pthread_t thread, bridge_thread;
    _Atomic int stop;
    int running, bridged; /* which of the two threads there are */
    pthread_mutex_t lock; /* guards `relaying`, `slot` and `counters` */
    int relaying;         /* legs that hear another directly */
    struct stream_slot slot[MAILBOX_SLOTS];
    struct stream_counters counters;
};

/* All return 0, or -1 with a sentence in `why`. */
int stream_audio_open(struct stream_audio *audio, const char *library, char *why, size_t why_size);
int stream_audio_start(struct stream_audio *audio, int priority, char *why, size_t why_size);

/* Serve a stream in a slot, named with its leg as mailbox.h says. */
int stream_audio_attach(struct stream_audio *audio, unsigned slot, void *stream, char *why, size_t why_size);

/* Let go of the slot's stream; harmless when it is another leg's. After it no tick touches the stream. */
void stream_audio_detach(struct stream_audio *audio, unsigned slot);
void stream_audio_counters(struct stream_audio *audio, struct stream_counters *out);
void stream_audio_close(struct stream_audio *audio);

/* The halves of a tick, and one frame of one leg: for relay.c, and for tests, which have no thread. */
unsigned stream_audio_up(struct stream_audio *audio, uint64_t tick); /* how many legs there are */
int stream_audio_down(struct stream_audio *audio, uint64_t tick, int answered); /* how many go directly */
int stream_hear(struct stream_audio *audio, struct stream_slot *slot, int16_t *frame); /* 1: it came whole */
void stream_say(struct stream_slot *slot, int16_t *frame);

#endif
