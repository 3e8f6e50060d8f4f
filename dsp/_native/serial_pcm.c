#include "serial_pcm.h"
#include "grid.h"
#include "saturate.h"
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/ioctl.h> /* TIOCOUTQ */
#include <termios.h>   /* tcflush */
#include <unistd.h>

#define READ_BYTES 4096
#define READS 4              /* in one go; what is left wakes us again */
#define EMPTY_READS 50       /* readable and empty so often: nobody is there */
#define USUAL_CHUNK 160.0    /* samples; until more is known */
#define LARGEST_CHUNK 800.0  /* samples; 1600 B every 100 ms is the most a modem was seen to send */
#define CHUNK_FADE 0.98      /* an arrival; so a larger chunk is forgotten in a few seconds */
#define OUT_BACKLOG 1920     /* bytes, 120 ms: a modem that leaves more unread gets no more */

void serial_pcm_init(struct serial_pcm *s, int fd, uint64_t tick, double known_ppm)
{
    memset(s, 0, sizeof *s);
    s->fd = fd;
    s->tty = isatty(fd);
    s->tick = s->heard_tick = tick;
    s->chunk = USUAL_CHUNK;
    drift_init(&s->drift, known_ppm);
    plc_init(&s->plc);
}

static void die(struct serial_pcm *s, int error)
{
    s->dead = true;
    s->error = error;
}

/* --- in ------------------------------------------------------------------------------------------- */

static double samples_of(const struct serial_pcm *s, uint64_t bytes) { return ((double)bytes - s->offset) / 2; }

static double position_at(const struct serial_pcm *s, uint64_t at_ns)
{
    double since = (double)(int64_t)(at_ns - grid_time_ns(s->tick));
    return s->position + since * SAMPLES_PER_NS * s->drift.ratio;
}

/* The first chunk, or the first after a gap: keep the usual chunk of it, and read it a guard from now. */
static void prime(struct serial_pcm *s, double before, double after, uint64_t at_ns)
{
    double stale = fmax(0.0, after - before - fmax(s->chunk, USUAL_CHUNK));
    double guard = s->fed ? DRIFT_GUARD : DRIFT_START_GUARD;
    if (stale > 0.0) {
        s->counters.overruns++;
        s->played = before + stale;
    }
    s->position = 0.0;
    s->position = before + stale - guard - position_at(s, at_ns);
    s->running = s->jumped = true;
}

/* Flushes what the modem did not read before it spoke, and prefills for the phase it reads in. */
static void meet(struct serial_pcm *s, uint64_t at_ns)
{
    double into_tick = (double)(int64_t)(at_ns - grid_time_ns(s->tick)) * SAMPLES_PER_NS;
    into_tick = fmin(FRAME_SAMPLES, fmax(0.0, into_tick));
    if (s->tty)
        tcflush(s->fd, TCOFLUSH);
    s->half_due = false;
    s->prefill = (int)lrint(DRIFT_START_GUARD + FRAME_SAMPLES - into_tick);
    s->fed = true;
}

static void examine(struct serial_pcm *s)
{
    uint8_t block[REALIGN_BYTES];
    while (s->examined + REALIGN_BYTES <= s->received) {
        for (int i = 0; i < REALIGN_BYTES; i++)
            block[i] = s->ring[(s->examined + i) % SERIAL_RING_BYTES];
        s->examined += REALIGN_BYTES - 2;
        if (realign_block(&s->realign, block)) {
            s->examined += s->offset ? -1 : 1;
            s->offset = !s->offset;
            s->counters.realigns++;
        }
    }
}

static void arrived(struct serial_pcm *s, const uint8_t *bytes, size_t count, uint64_t at_ns)
{
    double before = samples_of(s, s->received), chunk = (double)count / 2;
    for (size_t i = 0; i < count; i++)
        s->ring[(s->received + i) % SERIAL_RING_BYTES] = bytes[i];
    s->received += count;
    s->counters.bytes_in += count;
    s->heard_tick = s->tick;
    double depth = before - position_at(s, at_ns);
    if (s->running && depth < -FRAME_SAMPLES) { /* we slept, or it did: what was due is past */
        s->running = false;
        s->played = s->position;
    }
    if (s->running)
        drift_arrival(&s->drift, depth);
    else
        prime(s, before, before + chunk, at_ns);
    if (chunk <= LARGEST_CHUNK)
        s->chunk = fmax(chunk, s->chunk * CHUNK_FADE);
    if (!s->fed)
        meet(s, at_ns);
    examine(s);
}

void serial_pcm_readable(struct serial_pcm *s, uint64_t at_ns, bool hangup)
{
    uint8_t bytes[READS * READ_BYTES];
    size_t count = 0;
    ssize_t got = 0;
    for (int i = 0; i < READS; i++, count += (size_t)got) { /* one chunk may take several reads */
        got = read(s->fd, bytes + count, READ_BYTES);
        if (got <= 0)
            break;
    }
    int error = got < 0 && errno != EAGAIN && errno != EINTR ? errno : 0;
    if (count > 0) {
        s->empty_reads = 0;
        arrived(s, bytes, count, at_ns);
    }
    if (error != 0)
        die(s, error);
    else if (count == 0 && (hangup || got == 0)) {
        /* a tty with VMIN=0 reads 0 when it is merely empty, anything else when it is closed */
        if (hangup || !s->tty || ++s->empty_reads > EMPTY_READS)
            die(s, 0);
    }
}

static void skip(struct serial_pcm *s, double samples)
{
    s->position += samples;
    s->played = fmax(s->played, s->position);
    s->jumped = true;
}

static bool dry(struct serial_pcm *s, double end)
{
    return end + SINC_AFTER + 1 > floor(samples_of(s, s->received));
}

static void lose(struct serial_pcm *s, int16_t *out)
{
    if (s->running) {
        s->running = false;
        s->played = fmax(s->played, s->position);
    }
    if (plc_lost(&s->plc, out, FRAME_SAMPLES) && s->received > 0)
        s->counters.underruns++;
}

static void read_window(const struct serial_pcm *s, int64_t first, float *out, int count)
{
    for (int i = 0; i < count; i++) {
        int64_t byte = 2 * (first + i) + s->offset;
        uint8_t low = s->ring[(uint64_t)byte % SERIAL_RING_BYTES];
        uint8_t high = s->ring[(uint64_t)(byte + 1) % SERIAL_RING_BYTES];
        out[i] = byte < 0 ? 0.0f : (float)(int16_t)(low | high << 8);
    }
}

static void resample(const struct serial_pcm *s, const struct sinc *sinc, int16_t *out)
{
    float window[FRAME_SAMPLES + SINC_TAPS + 2];
    int64_t first = (int64_t)floor(s->position) - SINC_BEFORE;
    read_window(s, first, window, FRAME_SAMPLES + SINC_TAPS + 2);
    for (int i = 0; i < FRAME_SAMPLES; i++) {
        double at = s->position + i * s->drift.ratio - (double)(first + SINC_BEFORE);
        int whole = (int)at;
        out[i] = saturated(sinc_at(sinc, window + whole, at - whole));
    }
}

void serial_pcm_frame(struct serial_pcm *s, const struct sinc *sinc, uint64_t tick, int16_t *out)
{
    uint64_t missed = tick - s->tick - 1;
    double frame = FRAME_SAMPLES * s->drift.ratio;
    s->tick = tick;
    if (s->running && missed > 0)
        skip(s, (double)missed * frame);
    if (s->running && samples_of(s, s->received) - s->position > SERIAL_RING_SAMPLES - 2 * FRAME_SAMPLES) {
        skip(s, samples_of(s, s->received) - s->position - s->chunk - FRAME_SAMPLES);
        s->counters.overruns++;
    }
    if (!s->running || dry(s, s->position + frame)) {
        lose(s, out);
        return;
    }
    resample(s, sinc, out);
    double unheard = (s->played - s->position) / s->drift.ratio;
    int lost = s->jumped && unheard > 0.0 ? (int)ceil(fmin(unheard, FRAME_SAMPLES)) : 0;
    if (s->jumped)
        plc_lost(&s->plc, out, lost); /* though none be lost: what follows a jump is joined */
    plc_good(&s->plc, out + lost, out + lost, FRAME_SAMPLES - lost);
    s->jumped = s->jumped && lost == FRAME_SAMPLES;
    s->position += frame;
    double excess = drift_tick(&s->drift);
    if (excess > 0.0) {
        skip(s, excess);
        s->counters.overruns++;
    }
}

/* --- out ------------------------------------------------------------------------------------------ */

/* Our frame in modem samples, 159 to 161 of them, as bytes. */
static int to_modem(struct serial_pcm *s, const struct sinc *sinc, const int16_t *frame, uint8_t *out)
{
    int count = 0;
    memmove(s->out_history, s->out_history + FRAME_SAMPLES, SINC_TAPS * sizeof(float));
    for (int i = 0; i < FRAME_SAMPLES; i++)
        s->out_history[SINC_TAPS + i] = frame[i];
    for (; s->out_phase < FRAME_SAMPLES; s->out_phase += 1.0 / s->drift.ratio, count++) {
        int whole = (int)s->out_phase;
        int16_t value = saturated(sinc_at(sinc, s->out_history + whole, s->out_phase - whole));
        out[2 * count] = (uint8_t)value;
        out[2 * count + 1] = (uint8_t)((uint16_t)value >> 8);
    }
    s->out_phase -= FRAME_SAMPLES;
    return 2 * count;
}

static bool clogged(const struct serial_pcm *s)
{
    int waiting = 0;
    return s->tty && ioctl(s->fd, TIOCOUTQ, &waiting) == 0 && waiting > OUT_BACKLOG;
}

/* Gives the modem `bytes` whole samples; what does not fit is dropped, but never half a sample. */
static void push(struct serial_pcm *s, const uint8_t *bytes, size_t count)
{
    ssize_t put = write(s->fd, bytes, count);
    if (put < 0 && errno != EAGAIN && errno != EINTR) {
        die(s, errno);
        return;
    }
    size_t done = put < 0 ? 0 : (size_t)put;
    bool had_half = count % 2 == 1; /* bytes[0] is then the half of the frame before */
    s->counters.bytes_out += done;
    if (had_half && done > 0)
        s->half_due = false;
    if (done < count) {
        s->counters.overruns++;
        if (done > 0 && (done % 2 == 1) != had_half) {
            s->half = bytes[done];
            s->half_due = true;
        }
    }
}

void serial_pcm_write(struct serial_pcm *s, const struct sinc *sinc, const int16_t *frame)
{
    uint8_t bytes[1 + 2 * (2 * FRAME_SAMPLES + 2 * (int)DRIFT_START_GUARD)];
    size_t count = 0;
    if (s->half_due)
        bytes[count++] = s->half;
    memset(bytes + count, 0, 2 * (size_t)s->prefill);
    count += 2 * (size_t)s->prefill;
    s->prefill = 0;
    count += (size_t)to_modem(s, sinc, frame, bytes + count);
    if (clogged(s))
        s->counters.overruns++;
    else
        push(s, bytes, count);
}
