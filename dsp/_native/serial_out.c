#include "grid.h"
#include "saturate.h"
#include "serial_pcm.h"
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/ioctl.h> /* TIOCOUTQ */
#include <termios.h>   /* tcflush */
#include <unistd.h>

#define BACKLOG_SAMPLES 960  /* 120 ms: a modem that leaves more unread gets no more */
#define MOST_SAMPLES (SERIAL_PREFILL_MOST + 2 * FRAME_SAMPLES) /* of one write */
#define MOST_BYTES 4         /* of a sample: two, both shielded */
#define RESERVE 48           /* samples, 6 ms: a tick that is 5 ms late, which is late, starves nobody */
#define MARGIN (FRAME_SAMPLES + RESERVE) /* of a V.253 modem that takes 20 ms at once */
#define MARGIN_STEP 80       /* samples, 10 ms: longer for a modem that ran dry with less */
#define REFILL_TICKS 25      /* 0.5 s: until then what the modem says of running dry may be old news */

/* --- before the first frame, and after running dry ------------------------------------------------------------- */

static double into_tick(const struct serial_pcm *s, uint64_t at_ns)
{
    return (double)(int64_t)(at_ns - grid_time_ns(s->tick)) * SAMPLES_PER_NS;
}

/* Silence before the next frame, for a modem that has nothing left to play. */
static void fill(struct serial_pcm *s, int samples)
{
    s->prefill = samples;
    s->empty = true;
    s->filled_tick = s->tick;
    pace_init(&s->pace);
}

static void meet(struct serial_pcm *s, uint64_t at_ns)
{
    s->fed = true;
    s->margin = MARGIN;
    if (s->form.shielded) {
        fill(s, s->margin);
        return;
    }
    if (s->tty)
        tcflush(s->fd, TCOFLUSH);
    s->rest_count = 0;
    double phase = fmin(FRAME_SAMPLES, fmax(0.0, into_tick(s, at_ns)));
    fill(s, (int)lrint(RESERVE + FRAME_SAMPLES - phase));
}

void serial_out_arrived(struct serial_pcm *s, uint64_t at_ns)
{
    if (!s->fed)
        meet(s, at_ns);
    else if (s->prefill == 0)
        pace_arrival(&s->pace, (double)s->given + into_tick(s, at_ns) - serial_samples(s, s->received));
}

void serial_out_missed(struct serial_pcm *s)
{
    if (s->fed && s->prefill == 0)
        s->prefill = FRAME_SAMPLES; /* for one that was not given: else every later tick would be as late to it */
}

/* How many samples a V.253 modem still has to play, if it plays one for each it makes; a chunk too many at the most. */
static int64_t left_to_play(const struct serial_pcm *s)
{
    return (int64_t)s->given + s->anchor - (int64_t)serial_samples(s, s->received);
}

static void refill_if_dry(struct serial_pcm *s)
{
    bool told = s->shield.underruns != s->underruns_seen;
    s->underruns_seen = s->shield.underruns;
    if (s->empty || s->tick < s->filled_tick + REFILL_TICKS || (!told && left_to_play(s) >= -s->chunk))
        return;
    s->margin += s->margin < SERIAL_PREFILL_MOST ? MARGIN_STEP : 0;
    fill(s, s->margin);
}

/* --- bytes -------------------------------------------------------------------------------------------------- */

/* Our frame in modem samples, 159 to 161 of them. */
static int to_modem(struct serial_pcm *s, const struct sinc *sinc, const int16_t *frame, int16_t *out)
{
    double ratio = 1.0 + 1e-6 * (s->drift.integral_ppm + s->pace.ppm);
    int count = 0;
    memmove(s->out_history, s->out_history + FRAME_SAMPLES, SINC_TAPS * sizeof(float));
    for (int i = 0; i < FRAME_SAMPLES; i++)
        s->out_history[SINC_TAPS + i] = frame[i];
    for (; s->out_phase < FRAME_SAMPLES; s->out_phase += 1.0 / ratio, count++) {
        int whole = (int)s->out_phase;
        out[count] = saturated(sinc_at(sinc, s->out_history + whole, s->out_phase - whole));
    }
    s->out_phase -= FRAME_SAMPLES;
    return count;
}

static size_t to_bytes(const struct serial_pcm *s, const uint8_t *coded, size_t count, uint8_t *out)
{
    if (s->form.shielded)
        return shield_close(coded, count, out);
    memcpy(out, coded, count);
    return count;
}

/* Bytes of the sample that begins at `bytes`. */
static size_t sample_bytes(const struct serial_pcm *s, const uint8_t *bytes)
{
    size_t count = 0;
    for (int i = 0; i < coding_bytes(s->form.coding); i++)
        count += s->form.shielded && bytes[count] == SHIELD_DLE ? 2 : 1;
    return count;
}

static bool clogged(const struct serial_pcm *s)
{
    int waiting = 0, most = BACKLOG_SAMPLES * coding_bytes(s->form.coding);
    return s->tty && ioctl(s->fd, TIOCOUTQ, &waiting) == 0 && waiting > most;
}

static size_t put(struct serial_pcm *s, const uint8_t *bytes, size_t count)
{
    ssize_t done = write(s->fd, bytes, count);
    if (done < 0 && errno != EAGAIN && errno != EINTR) {
        s->dead = true;
        s->error = errno;
    }
    s->counters.bytes_out += done > 0 ? (size_t)done : 0;
    return done > 0 ? (size_t)done : 0;
}

/* Gives the modem the rest of a sample and then whole ones; what does not fit is dropped, but never half a sample.
 * Returns how many it took, or will have taken with their rest. */
static int push(struct serial_pcm *s, const uint8_t *bytes, size_t count)
{
    size_t done = put(s, bytes, count), at = (size_t)s->rest_count;
    int samples = 0;
    for (; at < done; samples++)
        at += sample_bytes(s, bytes + at);
    s->counters.overruns += done < count && !s->dead;
    s->rest_count = (int)(at - done);
    memmove(s->rest, bytes + done, at - done);
    return samples;
}

void serial_pcm_finish(struct serial_pcm *s)
{
    size_t done = s->rest_count > 0 ? put(s, s->rest, (size_t)s->rest_count) : 0;
    s->rest_count -= (int)done;
    memmove(s->rest, s->rest + done, (size_t)s->rest_count);
}

/* --- a frame ------------------------------------------------------------------------------------------------ */

void serial_pcm_flow(struct serial_pcm *s, bool on)
{
    s->go_tick = on ? 0 : s->tick + SERIAL_STOP_TICKS;
    if (on && s->shield.state == SHIELD_ENDED) { /* it was taken out of voice for a hook flash, and is back */
        s->shield.state = SHIELD_SOUND;
        s->fed = false; /* and has nothing to play */
    }
}

/* Whether the modem wants sound now. */
static bool wanted(struct serial_pcm *s)
{
    bool stopped = s->tick < s->go_tick;
    if (s->form.shielded && (!s->fed || s->shield.state == SHIELD_ENDED))
        return false;
    s->counters.stopped += stopped;
    if (!stopped && clogged(s)) {
        s->counters.overruns++;
        return false;
    }
    return !stopped;
}

/* Writes `count` samples, and notes those the modem took. */
static void give(struct serial_pcm *s, const int16_t *samples, int count)
{
    uint8_t coded[2 * MOST_SAMPLES], bytes[sizeof s->rest + MOST_BYTES * MOST_SAMPLES];
    int16_t taken[MOST_SAMPLES];
    size_t rest = (size_t)s->rest_count, coded_bytes = (size_t)(count * coding_bytes(s->form.coding));
    coding_from_s16(s->form.coding, coded, samples, (size_t)count);
    memcpy(bytes, s->rest, rest);
    count = push(s, bytes, rest + to_bytes(s, coded, coded_bytes, bytes + rest));
    s->given += (uint64_t)count;
    if (s->echo != NULL) {
        coding_to_s16(s->form.coding, taken, coded, (size_t)count);
        line_echo_sent(s->echo, taken, count);
    }
}

void serial_pcm_write(struct serial_pcm *s, const struct sinc *sinc, const int16_t *frame)
{
    int16_t samples[MOST_SAMPLES], made[2 * FRAME_SAMPLES];
    int count = to_modem(s, sinc, frame, made);
    pace_tick(&s->pace);
    if (!wanted(s))
        return;
    if (s->form.shielded)
        refill_if_dry(s);
    if (s->empty)
        s->anchor = (int64_t)serial_samples(s, s->received) - (int64_t)s->given;
    s->empty = false;
    memset(samples, 0, (size_t)s->prefill * sizeof *samples);
    memcpy(samples + s->prefill, made, (size_t)count * sizeof *made);
    count += s->prefill;
    s->prefill = 0;
    give(s, samples, count);
}
