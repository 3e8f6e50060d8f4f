#include "serial_pcm.h"
#include "grid.h"
#include "saturate.h"
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES 4096
#define READS 4              /* in one go; what is left wakes us again */
#define PIECE 160            /* samples made at once */
#define SLIP_MOST 144.0      /* samples, 18 ms: a frame of which at least 2 ms are there */
#define EMPTY_READS 50       /* readable and empty so often: nobody is there */
#define USUAL_CHUNK 160.0    /* samples; until more is known */
#define LARGEST_CHUNK 800.0  /* samples; 1600 B every 100 ms is the most a modem was seen to send */
#define CHUNK_FADE 0.98      /* an arrival; so a larger chunk is forgotten in a few seconds */
#define STALE_READS 64       /* of what is thrown away at once */

void serial_pcm_init(struct serial_pcm *s, int fd, const struct serial_form *form, struct line_echo *echo,
                     uint64_t tick, double known_ppm)
{
    memset(s, 0, sizeof *s);
    s->fd = fd;
    s->form = *form;
    s->echo = echo;
    shield_init(&s->shield);
    s->tty = isatty(fd);
    s->tick = s->heard_tick = tick;
    s->chunk = USUAL_CHUNK;
    drift_init(&s->drift, known_ppm);
    pace_init(&s->pace);
    plc_init(&s->plc);
}

static void die(struct serial_pcm *s, int error)
{
    s->dead = true;
    s->error = error;
}

/* --- in ------------------------------------------------------------------------------------------- */

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

static void keep(struct serial_pcm *s, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        s->ring[s->received++ % SERIAL_RING_BYTES] = bytes[i];
}

/* Sound as the modem codes it, into the ring as s16le. */
static void decode(struct serial_pcm *s, const uint8_t *sound, size_t count)
{
    int16_t samples[PIECE];
    uint8_t bytes[2 * PIECE];
    if (s->form.coding == CODING_S16LE) {
        keep(s, sound, count);
        return;
    }
    for (size_t done = 0, piece; done < count; done += piece) {
        piece = count - done < PIECE ? count - done : PIECE;
        coding_to_s16(s->form.coding, samples, sound + done, piece);
        coding_from_s16(CODING_S16LE, bytes, samples, piece);
        keep(s, bytes, 2 * piece);
    }
}

static int16_t sample(const struct serial_pcm *s, int64_t number)
{
    uint64_t byte = (uint64_t)(2 * number + s->offset);
    uint8_t low = s->ring[byte % SERIAL_RING_BYTES], high = s->ring[(byte + 1) % SERIAL_RING_BYTES];
    return (int16_t)(low | high << 8);
}

/* The whole samples that are new, to the canceller. */
static void cancel(struct serial_pcm *s)
{
    int64_t end = (int64_t)floor(serial_samples(s, s->received)), next = (int64_t)s->echo->heard_count;
    int16_t samples[PIECE];
    s->echo->anchor = s->anchor;
    for (int count; next < end; next += count) {
        count = end - next < PIECE ? (int)(end - next) : PIECE;
        for (int i = 0; i < count; i++)
            samples[i] = sample(s, next + i);
        line_echo_heard(s->echo, samples, count);
    }
}

/* Sound that came at once: what is left of the bytes of a read. `held` bytes of it came before. */
static void arrived(struct serial_pcm *s, const uint8_t *sound, size_t count, size_t held, uint64_t at_ns)
{
    double before = serial_samples(s, s->received + held), chunk = (double)count / coding_bytes(s->form.coding);
    decode(s, sound, count);
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
    serial_out_arrived(s, at_ns);
    if (s->form.coding == CODING_S16LE) /* others have no second byte to lose */
        examine(s);
    if (s->echo != NULL)
        cancel(s);
}

/* Takes out of `bytes` what is no sound, where there is any; `sound` has room for NMEA_LONGEST bytes more. */
static size_t unshielded(struct serial_pcm *s, const uint8_t *bytes, size_t count, uint8_t *sound)
{
    if (s->form.shielded)
        return shield_open(&s->shield, s->tick, bytes, count, sound);
    if (s->form.coding == CODING_S16LE)
        return nmea_strip(&s->nmea, bytes, count, sound);
    memcpy(sound, bytes, count);
    return count;
}

void serial_pcm_discard(struct serial_pcm *s)
{
    uint8_t bytes[READ_BYTES], sound[READ_BYTES + NMEA_LONGEST];
    ssize_t got;
    int reads = 0;
    for (; reads < STALE_READS && (got = read(s->fd, bytes, sizeof bytes)) > 0; reads++)
        unshielded(s, bytes, (size_t)got, sound); /* the codes among it count, and where the last byte stands */
    s->counters.overruns += reads > 0;
}

void serial_pcm_readable(struct serial_pcm *s, uint64_t at_ns, bool hangup)
{
    uint8_t bytes[READS * READ_BYTES], sound[READS * READ_BYTES + NMEA_LONGEST];
    size_t count = 0, left, held = s->nmea.count;
    ssize_t got = 0;
    for (int i = 0; i < READS; i++, count += (size_t)got) { /* one chunk may take several reads */
        got = read(s->fd, bytes + count, READ_BYTES);
        if (got <= 0)
            break;
    }
    int error = got < 0 && errno != EAGAIN && errno != EINTR ? errno : 0;
    s->counters.bytes_in += count;
    if (count > 0)
        s->empty_reads = 0;
    if ((left = unshielded(s, bytes, count, sound)) > 0)
        arrived(s, sound, left, held, at_ns);
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

/* Samples that are not there yet of a frame that ends there. */
static double missing(const struct serial_pcm *s, double end)
{
    return end + SINC_AFTER + 1 - floor(serial_samples(s, s->received));
}

/* A chunk is late: what the frame lacks of it is made up at the frame's beginning, and all is read so much later. */
static void slip(struct serial_pcm *s, double samples)
{
    s->played = fmax(s->played, s->position);
    s->position -= samples;
    s->jumped = true;
    s->counters.slips++;
    drift_slipped(&s->drift, samples);
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
    for (int i = 0; i < count; i++)
        if (first + i < 0)
            out[i] = 0.0f;
        else if (s->echo != NULL)
            out[i] = s->echo->heard[(uint64_t)(first + i) % LINE_ECHO_HEARD];
        else
            out[i] = sample(s, first + i);
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
    if (missed > 0)
        serial_out_missed(s);
    if (s->running && serial_samples(s, s->received) - s->position > SERIAL_RING_SAMPLES - 2 * FRAME_SAMPLES) {
        skip(s, serial_samples(s, s->received) - s->position - s->chunk - FRAME_SAMPLES);
        s->counters.overruns++;
    }
    double late = missing(s, s->position + frame);
    if (s->running && late > 0.0 && late <= SLIP_MOST) {
        slip(s, ceil(late));
        late = 0.0;
    }
    if (!s->running || late > 0.0) {
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
