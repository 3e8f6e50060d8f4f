#include "line_echo.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNED 64 /* bytes, see echo_init */
#define PIECE 160  /* samples */
#define BUFFERS 512 /* samples, 64 ms: of a modem, both ways, and a chunk it has not sent yet */

static size_t rounded(size_t bytes) { return (bytes + ALIGNED - 1) / ALIGNED * ALIGNED; }

struct line_echo *line_echo_new(int tail_samples)
{
    int window = tail_samples + BUFFERS < ECHO_MOST_TAPS ? tail_samples + BUFFERS : ECHO_MOST_TAPS;
    size_t ours = rounded(sizeof(struct line_echo)), theirs = tail_samples > 0 ? echo_size(window) : 0;
    struct line_echo *e = theirs != 0 ? aligned_alloc(ALIGNED, rounded(ours + theirs)) : NULL;
    if (e == NULL)
        return NULL;
    memset(e, 0, sizeof *e);
    e->canceller = (struct echo *)((char *)e + ours);
    echo_init(e->canceller, window, 1);
    return e;
}

void line_echo_sent(struct line_echo *e, const int16_t *samples, int count)
{
    for (int i = 0; i < count; i++)
        e->sent[e->sent_count++ % LINE_ECHO_SENT] = samples[i];
}

/* The sample written so that its echo may come as number `heard`, at the earliest; silence if there is none. */
static int16_t far_of(const struct line_echo *e, uint64_t heard)
{
    int64_t sent = (int64_t)heard - e->anchor, count = (int64_t)e->sent_count;
    bool kept = sent >= 0 && sent < count && sent >= count - LINE_ECHO_SENT;
    return kept ? e->sent[(uint64_t)sent % LINE_ECHO_SENT] : 0;
}

void line_echo_heard(struct line_echo *e, const int16_t *samples, int count)
{
    int16_t far[PIECE], left[PIECE];
    for (int done = 0, piece; done < count; done += piece) {
        piece = count - done < PIECE ? count - done : PIECE;
        for (int i = 0; i < piece; i++)
            far[i] = far_of(e, e->heard_count + (uint64_t)i);
        echo_cancel(e->canceller, far, samples + done, left, piece);
        for (int i = 0; i < piece; i++)
            e->heard[e->heard_count++ % LINE_ECHO_HEARD] = left[i];
    }
}
