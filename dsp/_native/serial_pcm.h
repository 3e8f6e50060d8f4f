/* The sound of one modem on a serial descriptor: s16le, 8 kHz, mono, each way, on the modem's own clock.
 *
 * In: bytes come in chunks of any size. A reading position moves on continuously with time, at the ratio
 * `drift` gives, as late as the latest chunk allows; the frame of tick n is what it passed since tick n-1.
 * Out: the same ratio says how many samples a tick is worth to the modem. At the first arrival the stale
 * output is flushed and so much silence prefilled that a modem that reads when it sends never starves.
 */
#ifndef CALLBOX_SERIAL_PCM_H
#define CALLBOX_SERIAL_PCM_H

#include "drift.h"
#include "mailbox.h" /* FRAME_SAMPLES */
#include "plc.h"
#include "realign.h"
#include "sinc.h"

#define SERIAL_RING_BYTES 16384 /* 1 s; a power of two */
#define SERIAL_RING_SAMPLES (SERIAL_RING_BYTES / 2)

struct serial_counters {
    uint64_t underruns;  /* frames concealed */
    uint64_t overruns;   /* backlogs thrown away, and frames the modem did not take */
    uint64_t realigns;   /* lost bytes made up for */
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

    uint8_t ring[SERIAL_RING_BYTES]; /* byte k of the stream lies at k % SERIAL_RING_BYTES */
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
    double out_phase;                           /* of the next modem sample, in samples of ours */
    float out_history[SINC_TAPS + FRAME_SAMPLES]; /* the last samples of ours, oldest first */
    uint8_t half;    /* second byte of a sample of which the first is out */
    bool half_due;
};

void serial_pcm_init(struct serial_pcm *s, int fd, uint64_t tick, double known_ppm);

/* Reads what is there; `at_ns` is when it came, `hangup` what epoll said. Sets `dead` on an error. */
void serial_pcm_readable(struct serial_pcm *s, uint64_t at_ns, bool hangup);

/* The frame of `tick`. */
void serial_pcm_frame(struct serial_pcm *s, const struct sinc *sinc, uint64_t tick, int16_t *out);

/* Writes the frame to the modem; never waits. Sets `dead` on an error. */
void serial_pcm_write(struct serial_pcm *s, const struct sinc *sinc, const int16_t *frame);

#endif
