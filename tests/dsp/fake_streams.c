/* Streams without a network in front of the worker's audio thread, which is stepped by hand: for relay_rig.py.
 *
 * A stream's jitter buffer holds frames of 10 ms, two a packet, as pjmedia's does for G.711: an empty one takes any
 * packet for the next, else what lies between is missing. What a stream is given is written down with its number.
 */
#include "../../dsp/_native/stream_tick.c"

#include <stdlib.h> /* calloc */

#define HALF 80     /* samples of a frame of the buffer */
#define FRAMES 64   /* of the buffer */
#define SENT 4096   /* frames written down, then round again */

struct sent {
    uint16_t number;
    uint32_t time;
    int16_t sound[FRAME_SAMPLES];
};

struct fake {
    struct pj_port port;
    struct pj_rtp_received in;
    int16_t buffer[FRAMES][HALF];
    int there[FRAMES];
    int held, origin; /* frames; number of the first */
    int last_type;
    uint16_t number; /* of the last packet out */
    uint32_t time;
    int references;
    int sent;
    struct sent log[SENT];
};

static int get_port(void *stream, struct pj_port **port) { *port = &((struct fake *)stream)->port; return 0; }
static char last_frame(const void *stream) { return (char)((const struct fake *)stream)->last_type; }
static int add_reference(void *lock) { return ++((struct fake *)lock)->references; }
static int drop_reference(void *lock) { return --((struct fake *)lock)->references; }

static int get_rtp(void *stream, struct pj_rtp *rtp)
{
    struct fake *fake = stream;
    *rtp = (struct pj_rtp){.in = &fake->in, .out = fake};
    return 0;
}

static int get_buffer(const void *stream, struct pj_buffer_state *state)
{
    state->frame_bytes = HALF;
    state->field[6] = (uint32_t)((const struct fake *)stream)->held;
    return 0;
}

static int encode(void *session, int type, int marker, int bytes, int samples, const void **head, int *head_bytes)
{
    struct fake *fake = session;
    (void)type, (void)marker, (void)head, (void)head_bytes;
    fake->time += (uint32_t)samples;
    fake->number += bytes > 0;
    return 0;
}

static int hear_half(struct fake *fake, int16_t *sound)
{
    if (fake->held == 0)
        return 3;
    int there = fake->there[0];
    memcpy(sound, fake->buffer[0], sizeof fake->buffer[0]);
    fake->held--;
    fake->origin++;
    memmove(fake->buffer[0], fake->buffer[1], sizeof fake->buffer[0] * (FRAMES - 1));
    memmove(fake->there, fake->there + 1, sizeof fake->there[0] * (FRAMES - 1));
    return there ? PJ_JB_NORMAL : PJ_JB_MISSING;
}

static int get_frame(struct pj_port *port, struct pj_frame *frame)
{
    struct fake *fake = (struct fake *)port;
    int16_t *sound = frame->buf;
    frame->type = PJ_FRAME_AUDIO;
    for (int half = 0; half < 2; half++)
        fake->last_type = hear_half(fake, sound + half * HALF);
    return 0;
}

static int put_frame(struct pj_port *port, struct pj_frame *frame)
{
    struct fake *fake = (struct fake *)port;
    struct sent *sent = &fake->log[fake->sent++ % SENT];
    encode(fake, 8, 0, 160, FRAME_SAMPLES, NULL, NULL);
    sent->number = fake->number;
    sent->time = fake->time;
    memcpy(sent->sound, frame->buf, sizeof sent->sound);
    return 0;
}

struct stream_audio *fake_worker(void)
{
    struct stream_audio *audio = calloc(1, sizeof *audio);
    pthread_mutex_init(&audio->lock, NULL);
    for (unsigned i = 0; i < MAILBOX_SLOTS; i++)
        relay_reset(audio, i);
    audio->pj = (struct pj_library){.stream_get_port = get_port, .stream_last_frame = last_frame,
                                    .grp_lock_add_ref = add_reference, .grp_lock_dec_ref = drop_reference,
                                    .stream_rtp = get_rtp, .stream_buffer = get_buffer, .rtp_encode = encode,
                                    .buffer_count = 6};
    audio->page = worker_page_make(&audio->memfd);
    return audio->page != NULL ? audio : NULL;
}

int fake_page(struct stream_audio *audio) { return audio->memfd; }

struct fake *fake_stream(void)
{
    struct fake *fake = calloc(1, sizeof *fake);
    fake->port = (struct pj_port){.clock_rate = 8000, .channels = 1, .bits = 16, .frame_usec = 20000,
                                  .grp_lock = fake, .get_frame = get_frame, .put_frame = put_frame};
    return fake;
}

int fake_references(const struct fake *fake) { return fake->references; }

/* A packet of so many frames of the buffer arrives. */
void fake_packet(struct fake *fake, uint16_t number, const int16_t *sound, int halves)
{
    int at = halves * number - fake->origin;
    fake->in.packets++;
    if ((uint16_t)(number - fake->in.latest) < 0xff9c) /* 100 back is out of order, RFC 3550 A.1 */
        fake->in.latest = number;
    if (fake->held == 0) {
        fake->origin = halves * number;
        at = 0;
    }
    if (at < 0 || at + halves > FRAMES)
        return;
    for (; fake->held < at + halves; fake->held++)
        fake->there[fake->held] = 0;
    for (int half = 0; half < halves; half++) {
        memcpy(fake->buffer[at + half], sound + half * HALF, sizeof fake->buffer[0]);
        fake->there[at + half] = 1;
    }
}

/* A packet without sound: a key (RFC 4733). */
void fake_key(struct fake *fake, uint16_t number)
{
    fake->in.packets++;
    fake->in.latest = number;
}

int fake_attach(struct stream_audio *audio, unsigned slot, struct fake *fake)
{
    char why[256];
    return stream_audio_attach(audio, slot, fake, why, sizeof why);
}

int fake_pass(struct stream_audio *audio) { return pass_directly(audio); }

uint64_t fake_counter(struct stream_audio *audio, int which)
{
    struct stream_counters now;
    stream_audio_counters(audio, &now);
    return which == 0 ? now.direct_frames : which == 1 ? now.skipped_frames : now.silent_frames;
}

int fake_sent(const struct fake *fake) { return fake->sent; }
const struct sent *fake_log(const struct fake *fake, int index) { return &fake->log[index % SENT]; }

void fake_close(struct stream_audio *audio)
{
    stream_audio_close(audio);
    free(audio);
}
