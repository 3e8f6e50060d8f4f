#include "player.h"
#include <string.h>

static int from_files(struct player *p, int16_t *out)
{
    int done = 0;
    uint64_t idle = 0; /* empty segments in a row: a loop over nothing ends */
    while (done < FRAME_SAMPLES && p->at < p->segments && idle <= (uint64_t)p->segments) {
        const struct segment *s = &p->segment[p->at];
        uint64_t left = s->count - p->offset, room = (uint64_t)(FRAME_SAMPLES - done);
        uint64_t count = left < room ? left : room;
        memcpy(out + done, s->samples + p->offset, count * sizeof *out);
        done += (int)count;
        p->offset += count;
        idle = count > 0 ? 0 : idle + 1;
        if (p->offset == s->count) {
            p->offset = 0;
            if (++p->at == p->segments && p->loop)
                p->at = 0;
        }
    }
    return done;
}

static bool more_files(const struct player *p)
{
    return p->at < p->segments;
}

bool player_frame(struct player *p, int16_t *out)
{
    int done = p->is_tone ? tone_gen_fill(&p->tone, out, FRAME_SAMPLES) : from_files(p, out);
    memset(out + done, 0, (size_t)(FRAME_SAMPLES - done) * sizeof *out);
    return done == FRAME_SAMPLES && (p->is_tone || more_files(p));
}
