/* The sound of one modem on a serial descriptor: 8 kHz, mono, each way, on the modem's own clock, in any coding,
 * shielded or not.
 *
 * In (serial_pcm.c): bytes come in chunks of any size, and become s16. A reading position moves on continuously with
 * time, at the ratio `drift` gives, as late as the latest chunk allows; the frame of tick n is what it passed since
 * tick n-1. All counting is in samples: how many bytes a shielded one takes depends on what is said.
 * Out (serial_out.c): the same clock, and `pace`, say how many samples a tick is worth to the modem.
 *   - A GSM modem takes a chunk when it sends one. At the first arrival the stale output is flushed and so much
 *     silence prefilled that it never starves.
 *   - A V.253 modem (shielded) plays what it has, and begins when it is given the first. So nothing is written before
 *     it has spoken, and a `margin` of silence first. It has run dry when it says so (<DLE>u), or when it has made
 *     more samples than it was given to play; then the margin is written again, and a longer one each time.
 */
#ifndef CALLBOX_SERIAL_PCM_H
#define CALLBOX_SERIAL_PCM_H

#include "coding.h"
#include "drift.h"
#include "line_echo.h"
#include "mailbox.h" /* FRAME_SAMPLES */
#include "nmea.h"
#include "pace.h"
#include "plc.h"
#include "realign.h"
#include "shield.h"
#include "sinc.h"

#define SERIAL_RING_BYTES 16384 /* 1 s; a power of two */
#define SERIAL_RING_SAMPLES (SERIAL_RING_BYTES / 2)

#define SERIAL_STOP_TICKS 250   /* 5 s: a hook flash with its commands takes 2 */
#define SERIAL_PREFILL_MOST 640 /* samples, 80 ms */

/* What the port was declared to be. */
struct serial_form {
    enum coding coding;
    bool shielded;
    int echo_tail;     /* samples; 0: no echo canceller */
    int silence_ticks; /* of the far end, until it is told; 0: never */
};

struct serial_counters {
    uint64_t underruns;  /* frames concealed */
    uint64_t slips;      /* frames of which a part was made up, because a chunk came late */
    uint64_t overruns;   /* backlogs thrown away, and frames the modem did not take */
    uint64_t realigns;   /* lost bytes made up for */
    uint64_t stopped;    /* frames not written because the modem had asked for a stop */
    uint64_t bytes_in, bytes_out;
};

struct serial_pcm {
    int fd;        /* ours; -1 once dead */
    int error;     /* errno of its death, 0 = hung up */
    bool dead;
    bool tty;      /* else a socket or pipe, as in tests */
    bool silent;   /* nothing for 2 s, and said so */
    int empty_reads;
    uint64_t heard_tick; /* of the last arrival, or of the declaration */
    struct serial_counters counters;

    struct serial_form form;
    struct shield shield;
    struct nmea nmea;

    uint8_t ring[SERIAL_RING_BYTES]; /* s16le; byte k of the stream lies at k % SERIAL_RING_BYTES */
    uint64_t received;               /* bytes of the stream so far */
    uint64_t examined;               /* byte at which the next realign block begins */
    int offset;                      /* sample k is bytes 2k+offset, 2k+offset+1 */
    struct realign realign;

    struct drift drift;
    struct plc plc;
    bool running;    /* the position is valid */
    bool jumped;     /* the position did not move on evenly: cross-fade */
    double position; /* samples, where the continuous reading was at tick_ns */
    double played;   /* samples before this one have been heard, or were thrown away */
    double chunk;    /* samples, the usual largest chunk */
    uint64_t tick;   /* the last one played */

    bool fed;        /* the modem has sent something: its clock and phase are known */
    int prefill;     /* samples of silence to write before the next frame */
    int margin;      /* samples a V.253 modem is prefilled with */
    uint64_t filled_tick; /* of the last prefill */
    uint64_t underruns_seen; /* of those the modem told */
    uint64_t given;       /* samples the modem took, prefill and all */
    bool empty;           /* the modem has nothing left to play: what is written next begins anew */
    int64_t anchor;       /* samples that had come when it last began anew, less those given before */
    struct pace pace;
    uint64_t go_tick;     /* nothing is written before this one */
    struct line_echo *echo; /* NULL: none */
    double out_phase;                           /* of the next modem sample, in samples of ours */
    float out_history[SINC_TAPS + FRAME_SAMPLES]; /* the last samples of ours, oldest first */
    uint8_t rest[3]; /* of a sample of which the first byte is out */
    int rest_count;
};

/* Takes `echo`, NULL where the form asks for none; it is freed by whoever made it. */
void serial_pcm_init(struct serial_pcm *s, int fd, const struct serial_form *form, struct line_echo *echo,
                     uint64_t tick, double known_ppm);

/* What lies in the descriptor before the call is nobody's speech. */
void serial_pcm_discard(struct serial_pcm *s);

/* Reads what is there; `at_ns` is when it came, `hangup` what epoll said. Sets `dead` on an error. */
void serial_pcm_readable(struct serial_pcm *s, uint64_t at_ns, bool hangup);

/* The frame of `tick`. */
void serial_pcm_frame(struct serial_pcm *s, const struct sinc *sinc, uint64_t tick, int16_t *out);

/* Writes the frame to the modem; never waits. Sets `dead` on an error. */
void serial_pcm_write(struct serial_pcm *s, const struct sinc *sinc, const int16_t *frame);

/* The modem asks for a stop, or to go on; a stop ends by itself after SERIAL_STOP_TICKS, should the other be lost.
 * Going on, sound that <DLE><ETX> had ended begins again, with its reserve. */
void serial_pcm_flow(struct serial_pcm *s, bool on);

/* Completes a sample that is half out, so that what others write next is not taken for its other half. */
void serial_pcm_finish(struct serial_pcm *s);

/* serial_out.c for serial_pcm.c: a chunk came at `at_ns`; ticks were left out before this one. */
void serial_out_arrived(struct serial_pcm *s, uint64_t at_ns);
void serial_out_missed(struct serial_pcm *s);

/* Samples of ours that have come, whole ones and a half. */
static inline double serial_samples(const struct serial_pcm *s, uint64_t bytes)
{
    return ((double)bytes - s->offset) / 2;
}

#endif
