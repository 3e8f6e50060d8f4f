/* The media engine: ports, who hears whom, players and recorders, and the tick that serves them.
 *
 * Three parties touch it. The tick (one thread, real-time, never Python) and the control process's edits
 * (graph.c) exclude each other by `lock`, a priority-inheritance mutex that edits hold for microseconds.
 * The recording writer (media_thread.c) shares with the tick only each recorder's ring.
 * What the tick has to say goes out as events; `event_fd` becomes readable.
 *
 * Handles are index + 256 * generation, so that a handle kept too long names nothing instead of a stranger.
 */
#ifndef CALLBOX_MEDIA_CORE_H
#define CALLBOX_MEDIA_CORE_H

#include "dc.h"
#include "dtmf.h"
#include "level.h"
#include "player.h"
#include "progress.h"
#include "recorder.h"
#include "serial_pcm.h"
#include "slot_port.h"
#include "vad.h"
#include <pthread.h>

#define MEDIA_PORTS 256
#define MEDIA_EDGES 2048
#define MEDIA_PLAYERS 256
#define MEDIA_RECORDERS 128
#define MEDIA_WORKERS 32
#define MEDIA_EVENTS 1024
#define LATE_BINS 8          /* of the wake-up histogram: below 0.1 0.3 1 3 5 10 20 ms, and above */
#define LATE_NS 5000000ull   /* a wake-up later than this counts as late */
#define WORKER_NS 5000000ull /* all workers together are waited for until then, after the tick */
#define DEAD_TICKS 100       /* 2 s without a byte: the modem's audio port is dead */

#define HEARD_NOTHING (-1)
#define HEARD_MIX (-2)

enum port_kind { PORT_FREE, PORT_SERIAL, PORT_SLOT };
enum voice { VOICE_QUIET, VOICE_SPEAKS, VOICE_TONE };

struct port {
    int handle;
    enum port_kind kind;
    struct serial_pcm *serial;  /* PORT_SERIAL */
    struct slot_port slot;      /* PORT_SLOT */
    int16_t rx[FRAME_SAMPLES];  /* what it says in this tick */
    float mix[FRAME_SAMPLES];   /* what it will hear */
    int heard;                  /* index of the one port in `mix`, as it is; or one of the two below */
    struct dc dc;               /* of PORT_SERIAL: codecs behind a wire have an offset */
    struct level level;
    int digit_lane;             /* which of all groups' lanes; -1: digits are not looked for */
    uint64_t digit_fed;         /* samples since the lane began */
    struct hearing *hearing;    /* NULL: call-progress tones are not looked for */
    int quiet_ticks;            /* in a row, of PORT_SERIAL that tells of its far end's silence */
    bool voice_on;              /* changes of `voice` are told */
    enum voice voice;           /* as told last, by `vad` */
    struct vad vad;
};

/* Call-progress tones of one port. */
struct hearing {
    struct progress_plan plan;
    struct progress detector;
    uint64_t fed; /* samples */
};

struct edge {
    int source, sink; /* port indices; source -1: free */
    struct gain gain;
    bool ending;      /* fades out over the next frame, then it is free */
};

enum media_event_kind {
    EVENT_DIGIT,
    EVENT_PLAYER_OVER, /* `value` 1: at its natural end */
    EVENT_PORT_LOST,   /* `value`: errno, 0 = hung up */
    EVENT_AUDIO_DEAD,
    EVENT_AUDIO_ALIVE,
    EVENT_RECORD_CLOSED, /* `value`: errno, 0 = as asked */
    EVENT_TONE_FOUND,    /* `value`: enum progress_kind */
    EVENT_TONE_ENDED,    /* the same */
    EVENT_MODEM_CODE,    /* `value`: the code */
    EVENT_SILENCE_FOUND, /* `value`: ticks it has lasted */
    EVENT_SILENCE_ENDED, /* the same */
    EVENT_VOICE,         /* `value`: enum voice, from now on */
};

struct media_event {
    int kind, handle, value; /* value of a digit: its character */
    uint64_t tick, sample, end_sample;
};

struct media_counters {
    uint64_t ticks, late_ticks, late_max_ns;
    uint64_t late_histogram[LATE_BINS];
    uint64_t busy_ns; /* spent in ticks, waiting for workers left out */
    uint64_t events_lost;
};

struct port_status {
    bool serial, alive;
    int fd; /* -1 for a slot, or when dead */
    uint64_t underruns, slips, overruns, realigns, bytes_in, bytes_out;
    uint64_t samples_in, samples_out;               /* what the bytes hold; less when shielded */
    uint64_t stopped;                               /* frames not written, at the modem's wish */
    uint64_t modem_underruns, modem_overruns;       /* codes u and o of a V.253 modem */
    uint64_t codes_untold;                          /* of storms */
    double erle_db;   /* how far the echo is put down; 0 without a canceller */
    double ppm;       /* of the modem's clock against ours, as steered now */
    double delay_ms;  /* received, not yet read */
    double level_dbm0; /* now */
    int peak;          /* sample steps, since the port was opened */
    uint64_t clipped;  /* samples, since then */
};

struct media {
    pthread_mutex_t lock; /* guards everything down to `events_held` */
    struct port port[MEDIA_PORTS];
    struct edge edge[MEDIA_EDGES];
    struct player player[MEDIA_PLAYERS];
    struct slot_worker worker[MEDIA_WORKERS];
    int ports, edges, players, recorders; /* upper ends of what was ever used, so that a tick is short */
    int generation;
    struct dtmf_group *digits[MEDIA_PORTS / DTMF_LANES]; /* NULL until its first lane is taken */
    struct port *lane_port[MEDIA_PORTS];                 /* who has it, all groups' lanes in a row */
    int lanes;                                           /* upper end of those ever used */
    uint64_t tick;                                       /* the last one */
    struct media_counters counters;
    struct media_event event[MEDIA_EVENTS];
    int events_first, events_held;

    struct recorder *recorder[MEDIA_RECORDERS]; /* entries change under `lock`, owned as recorder.h says */
    struct sinc sinc;
    int epoll_fd, event_fd, timer_fd;
    bool threaded, realtime;
    _Atomic bool stopping;
    pthread_t tick_thread, writer_thread;
    pthread_mutex_t writer_lock; /* guards `writer_kicked`; goes with the two conditions */
    pthread_cond_t writer_wake, writer_done;
    bool writer_kicked;
};

/* media_thread.c: life. NULL or errno where the system refuses. */
int media_lock_memory(void); /* 0, or errno */
struct media *media_new(void);
int media_start(struct media *m, int priority); /* 0, or errno; real-time where allowed */
void media_free(struct media *m);               /* stops the threads, closes what is open */
void media_drain(struct media *m);              /* one round of the writer; only without threads */
void media_kick_writer(struct media *m);
bool media_await_closed(struct media *m, struct recorder *r, int milliseconds);

/* tick.c: one tick, and the arrivals between ticks. */
void media_tick(struct media *m, uint64_t tick, uint64_t woken_ns);
int media_poll(struct media *m, int timeout_ms, uint64_t at_ns); /* at_ns 0: now. 1: the timer went off */
void media_say(struct media *m, struct media_event event);       /* with `lock` held */

/* listen.c: what is found in what ports say. The first two are for graph.c, with `lock` held. */
void media_listen_begin(struct port *p);
struct hearing *media_listen_end(struct media *m, struct port *p); /* the caller frees it after `lock` */
void media_listen(struct media *m, uint64_t tick);                 /* tick.c's last */
void media_listen_free(struct media *m);
int media_dtmf(struct media *m, int port, bool on);
int media_progress(struct media *m, int port, const struct progress_plan *plan); /* a copy; NULL: off */
int media_voice(struct media *m, int port, bool on); /* from quiet on; on again changes nothing */

#define MEDIA_FULL (-1) /* no room */
#define MEDIA_NONE (-2) /* no such thing */
#define MEDIA_UNWRITTEN (-3) /* the disk refuses the file */

/* graph.c: edits, all for the one control thread. Handles are > 0, or one of the two above. */
int media_serial_open(struct media *m, int fd, const struct serial_form *form, double known_ppm); /* takes fd */
int media_serial_swap(struct media *m, int port, int fd, const struct serial_form *form);         /* takes fd */
int media_serial_flow(struct media *m, int port, bool on); /* see serial_pcm_flow */
int media_slot_open(struct media *m, int worker, int slot);
int media_slot_move(struct media *m, int port, int worker, int slot);
int media_port_close(struct media *m, int port);
int media_worker_set(struct media *m, int worker, struct mailbox_page *page); /* NULL: detach */
int media_connect(struct media *m, int source, int sink, float gain);
int media_disconnect(struct media *m, int source, int sink);
int media_play(struct media *m, int to, float gain, const struct segment *segment, int segments, bool loop);
/* `alone`: nothing else is heard there meanwhile. */
int media_tone(struct media *m, int to, float gain, const struct tone_plan *plan, double level_dbm0, bool alone);
int media_stop(struct media *m, int player);    /* fades over a frame; EVENT_PLAYER_OVER follows */
int media_forget_player(struct media *m, int player); /* after EVENT_PLAYER_OVER */
/* Takes fd; left, right -1: silence. `info` as in recorder_open. */
int media_record(struct media *m, int left, int right, int fd, enum recorder_format format, const void *info,
                 uint32_t info_bytes, bool paused, bool mask);
int media_record_pause(struct media *m, int recorder, bool on);
int media_record_end(struct media *m, int recorder);            /* EVENT_RECORD_CLOSED follows */
int media_forget_recorder(struct media *m, int recorder);       /* after it is closed */
int media_port_status(struct media *m, int port, struct port_status *out);
void media_count(struct media *m, struct media_counters *out);
uint64_t media_missed(struct media *m, int worker); /* ticks the worker was waited for in vain */
bool media_next_event(struct media *m, struct media_event *out);

struct port *media_find_port(struct media *m, int handle);           /* with `lock` held; NULL = none */
struct recorder *media_find_recorder(struct media *m, int handle);   /* control thread; NULL = none */

#endif
