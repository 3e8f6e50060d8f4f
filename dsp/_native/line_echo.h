/* The echo canceller of a modem's port, on the modem's own clock.
 *
 * A modem takes and makes its samples by one crystal. So the echo of the sample we wrote as number k comes back as
 * number k + a constant, whatever the drift, as long as the modem never runs dry: counted in the modem's samples both
 * ways, before ours and its clock are fitted to each other. The canceller works there, on arrival.
 * `anchor` is where the constant begins: how many samples had come when the first was written to a modem that had
 * nothing left. What comes on top is the modem's and the line's: up to a chunk that it had not sent yet, its buffers
 * both ways, and the hybrid with its delay, which is the tail asked for. The window has 64 ms for the former (128 in
 * all at the most), so that a tail of 64 ms finds an echo that comes within 112 ms.
 * What was sent is kept as the modem gets it, after its coding, so that the coding's noise is no echo of its own.
 * The residual suppressor is on: it takes 4 to 30 dB more, and no digit less is heard through it
 * (tests/dsp/test_engine_echo.py: keys of -30 dBm0 a tone while we speak at -15).
 *
 * Memory: 62 KB a channel. 23 us a frame of 20 ms on an EPYC core.
 */
#ifndef CALLBOX_LINE_ECHO_H
#define CALLBOX_LINE_ECHO_H

#include "echo.h"

#define LINE_ECHO_SENT 4096   /* samples kept, 0.5 s; powers of two */
#define LINE_ECHO_HEARD 8192  /* 1 s, as the port's ring has */

struct line_echo {
    int16_t sent[LINE_ECHO_SENT];   /* number k at k % LINE_ECHO_SENT */
    int16_t heard[LINE_ECHO_HEARD]; /* without echo, number k at k % LINE_ECHO_HEARD */
    uint64_t sent_count, heard_count;
    int64_t anchor;
    struct echo *canceller; /* in the same memory */
};

/* For an echo up to so many samples long, more than 0; NULL where there is no memory. Freed by free(). */
struct line_echo *line_echo_new(int tail_samples);

/* `count` samples the modem was given. */
void line_echo_sent(struct line_echo *e, const int16_t *samples, int count);

/* The next `count` samples that came; they lie in `heard` then. */
void line_echo_heard(struct line_echo *e, const int16_t *samples, int count);

#endif
