/* The audio thread of a SIP worker; see stream_tick.h. */
#include "stream_tick.h"

#include "worker_page.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>         /* snprintf */
#include <string.h>
#include <sys/mman.h>      /* munmap */
#include <time.h>
#include <unistd.h>

#define SAMPLE_NS 125000 /* at 8 kHz */

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static struct timespec at_ns(uint64_t ns) {
    return (struct timespec){.tv_sec = (time_t)(ns / 1000000000ull), .tv_nsec = (long)(ns % 1000000000ull)};
}

/* --- one leg, one tick --- */

int stream_hear(struct stream_audio *audio, struct stream_slot *slot, int16_t *sound) {
    /* Read once: the library sets it to NULL from its own thread when the stream ends. */
    int (*get)(struct pj_port *, struct pj_frame *) = slot->port->get_frame;
    struct pj_frame frame = {.type = PJ_FRAME_NONE, .buf = sound, .timestamp = now_ns() / SAMPLE_NS};

    frame.size = FRAME_SAMPLES * sizeof *sound;
    if (!get || get(slot->port, &frame) != 0 || frame.type != PJ_FRAME_AUDIO)
        return 0;
    /* With its own concealment off the library gives zeros for a lost packet; the engine does it better. */
    return audio->pj.stream_last_frame(slot->stream) == PJ_JB_NORMAL;
}

void stream_say(struct stream_slot *slot, int16_t *sound) {
    int (*put)(struct pj_port *, struct pj_frame *) = slot->port->put_frame;
    struct pj_frame frame = {.type = PJ_FRAME_AUDIO, .buf = sound, .timestamp = now_ns() / SAMPLE_NS};

    frame.size = FRAME_SAMPLES * sizeof *sound;
    if (put)
        put(slot->port, &frame);
}

/* The frame of this tick: just read, or read before it for those who hear it directly. */
static int hear_in_tick(struct stream_audio *audio, struct stream_slot *slot, int16_t *frame) {
    if (slot->relay.hearers)
        return relay_take(slot, frame);
    int whole = stream_hear(audio, slot, frame);
    slot->relay.whole = whole ? slot->relay.whole + 1 : 0;
    return whole;
}

/* What the leg hears from this tick on, and its frame of it unless that goes directly. */
static void say_in_tick(struct stream_audio *audio, unsigned index, uint64_t tick, int answered) {
    struct stream_slot *slot = &audio->slot[index];
    int16_t frame[FRAME_SAMPLES];
    uint32_t source;
    int told = worker_page_fetch(&audio->page->slot[index].down, tick, slot->leg, frame, &source);
    int heard = told ? relay_told(audio, index, source) : relay_untold(audio, index, answered);

    slot->relay.untold = told ? 0 : slot->relay.untold;
    if (heard >= 0 && heard == slot->relay.source)
        return;
    if (!told) {
        memset(frame, 0, sizeof frame);
        audio->counters.silent_frames++;
    }
    if (slot->relay.source >= 0 || slot->relay.join)
        relay_leave(audio, slot, frame);
    stream_say(slot, frame);
    slot->relay.source = heard;
}

/* --- the tick --- */

/* RTP from the sockets into the jitter buffers. */
static void receive(struct stream_audio *audio) {
    const struct pj_time at_once = {0, 0};
    void *queue = atomic_load_explicit(&audio->received, memory_order_acquire);
    for (int polls = 0; polls < MOST_POLLS && queue; polls++)
        if (audio->pj.poll_queue(queue, &at_once) <= 0)
            break;
}

/* What the phones say, to the page. */
unsigned stream_audio_up(struct stream_audio *audio, uint64_t tick) {
    int16_t frame[FRAME_SAMPLES];
    unsigned legs = 0;

    receive(audio);
    pthread_mutex_lock(&audio->lock);
    relay_pass(audio);
    for (unsigned i = 0; i < MAILBOX_SLOTS; i++) {
        if (!audio->slot[i].stream)
            continue;
        legs++;
        if (hear_in_tick(audio, &audio->slot[i], frame))
            worker_page_post(&audio->page->slot[i].up, tick, audio->slot[i].leg, frame);
        else
            audio->counters.lost_frames++;
    }
    pthread_mutex_unlock(&audio->lock);
    worker_page_tell(&audio->page->done, tick);
    return legs;
}

/* What the engine says, to the phones; `answered`: its turn of this tick is over. */
int stream_audio_down(struct stream_audio *audio, uint64_t tick, int answered) {
    pthread_mutex_lock(&audio->lock);
    for (unsigned i = 0; i < MAILBOX_SLOTS; i++)
        if (audio->slot[i].stream)
            say_in_tick(audio, i, tick, answered);
    relay_count(audio);
    int relaying = audio->relaying;
    pthread_mutex_unlock(&audio->lock);
    return relaying;
}

/* Between the ticks. */
static int pass_directly(struct stream_audio *audio) {
    receive(audio);
    pthread_mutex_lock(&audio->lock);
    relay_pass(audio);
    int relaying = audio->relaying;
    pthread_mutex_unlock(&audio->lock);
    return relaying;
}

/* 1 when the engine answered in time. Who is heard directly does not wait for it. */
static int await_mix(struct stream_audio *audio, uint64_t tick) {
    uint64_t end = tick * TICK_NS + WAIT_MIXED_NS, until = tick * TICK_NS + RELAY_NS;
    while (until < end) {
        if (worker_page_wait(&audio->page->mixed, tick, until))
            return 1;
        pass_directly(audio);
        until += RELAY_NS;
    }
    return worker_page_wait(&audio->page->mixed, tick, end);
}

static void count(struct stream_audio *audio, uint64_t missed, uint64_t late_ns, int mixed, uint64_t busy_ns) {
    pthread_mutex_lock(&audio->lock);
    struct stream_counters *counters = &audio->counters;
    counters->ticks++;
    counters->missed_ticks += missed;
    counters->late_ticks += late_ns > LATE_NS;
    if (late_ns > counters->late_max_ns)
        counters->late_max_ns = late_ns;
    counters->unmixed_ticks += !mixed;
    counters->tick_ns += busy_ns;
    pthread_mutex_unlock(&audio->lock);
}

/* Returns how many legs hear another directly. */
static int one_tick(struct stream_audio *audio, uint64_t tick, uint64_t missed) {
    uint64_t begin = now_ns();
    uint64_t late = begin - tick * TICK_NS;
    unsigned legs = stream_audio_up(audio, tick);
    uint64_t posted = now_ns(), answered = posted;
    int mixed = 1, relaying = 0;
    if (legs) {
        mixed = await_mix(audio, tick);
        answered = now_ns();
        relaying = stream_audio_down(audio, tick, mixed);
    }
    count(audio, missed, late, mixed, (posted - begin) + (now_ns() - answered));
    return relaying;
}

static void sleep_until(uint64_t ns) {
    struct timespec due = at_ns(ns);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR) {
    }
}

static void *run(void *given) {
    struct stream_audio *audio = given;
    long desc[64] = {0}; /* pj_thread_desc: lives as long as the thread */
    void *registered = NULL;
    int relaying = 0;

    audio->pj.thread_register("callbox audio", desc, &registered);
    uint64_t tick = now_ns() / TICK_NS;
    while (!atomic_load_explicit(&audio->stop, memory_order_relaxed)) {
        uint64_t now = now_ns(), step = relaying ? RELAY_NS : TICK_NS;
        uint64_t begun = now / TICK_NS; /* later than `tick` when that one took too long */
        uint64_t due = begun > tick ? begun * TICK_NS : (now / step + 1) * step;
        sleep_until(due);
        if (due % TICK_NS == 0) {
            relaying = one_tick(audio, due / TICK_NS, due / TICK_NS - tick - 1);
            tick = due / TICK_NS;
        } else {
            relaying = pass_directly(audio);
        }
    }
    return NULL;
}

/* --- beside the tick: what takes locks that the worker's thread holds --- */

/* Adding and removing ports at the bridge is queued and done only here; its sound goes nowhere. Whoever holds its
 * lock may be kept from the processor for a whole tick, which the audio thread must not wait for. */
static void *serve_bridge(void *given) {
    struct stream_audio *audio = given;
    int16_t sound[FRAME_SAMPLES];
    long desc[64] = {0};
    void *registered = NULL;

    audio->pj.thread_register("callbox bridge", desc, &registered);
    audio->pj.stop_media_threads(audio->pj.media());
    atomic_store_explicit(&audio->received, audio->pj.media_queue(audio->pj.media()), memory_order_release);
    while (!atomic_load_explicit(&audio->stop, memory_order_relaxed)) {
        struct pj_frame frame = {.buf = sound, .size = sizeof sound, .timestamp = now_ns() / SAMPLE_NS};
        audio->bridge->get_frame(audio->bridge, &frame);
        sleep_until(now_ns() + TICK_NS);
    }
    return NULL;
}

/* --- from the worker's own thread --- */

int stream_audio_open(struct stream_audio *audio, const char *library, char *why, size_t why_size) {
    pthread_mutexattr_t kind;

    memset(audio, 0, sizeof *audio);
    audio->memfd = -1;
    for (unsigned i = 0; i < MAILBOX_SLOTS; i++)
        relay_reset(audio, i);
    /* The worker's thread takes the lock too, at normal priority: it must not stand in the tick's way. */
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setprotocol(&kind, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&audio->lock, &kind);
    pthread_mutexattr_destroy(&kind);
    if (pj_load(&audio->pj, library, why, why_size))
        return -1;
    audio->page = worker_page_make(&audio->memfd);
    if (!audio->page) {
        snprintf(why, why_size, "no shared memory: %s", strerror(errno));
        return -1;
    }
    audio->bridge = audio->pj.set_no_sound();
    if (!audio->bridge) {
        snprintf(why, why_size, "the library gave no bridge without a sound device");
        return -1;
    }
    return 0;
}

int stream_audio_start(struct stream_audio *audio, int priority, char *why, size_t why_size) {
    struct sched_param scheduling = {.sched_priority = priority};
    pthread_attr_t how;
    int failed;

    pthread_attr_init(&how);
    if (priority > 0) {
        pthread_attr_setinheritsched(&how, PTHREAD_EXPLICIT_SCHED);
        pthread_attr_setschedpolicy(&how, SCHED_FIFO);
        pthread_attr_setschedparam(&how, &scheduling);
    }
    failed = pthread_create(&audio->thread, &how, run, audio);
    audio->realtime = priority > 0 && failed == 0;
    if (failed == EPERM) /* not allowed real time: an ordinary thread, and the worker says so */
        failed = pthread_create(&audio->thread, NULL, run, audio);
    pthread_attr_destroy(&how);
    audio->running = failed == 0;
    if (!failed)
        failed = pthread_create(&audio->bridge_thread, NULL, serve_bridge, audio);
    audio->bridged = failed == 0;
    if (failed)
        snprintf(why, why_size, "no audio thread: %s", strerror(failed));
    return failed ? -1 : 0;
}

/* What is needed of the stream, or -1 with a sentence in `why`. */
static int look_at(struct stream_audio *audio, struct stream_slot *slot, unsigned index, char *why, size_t why_size) {
    struct pj_buffer_state state;

    if (audio->pj.stream_get_port(slot->stream, &slot->port) != 0 || !slot->port) {
        snprintf(why, why_size, "slot %u: the stream has no port", index);
        return -1;
    }
    if (slot->port->clock_rate != 8000 || slot->port->channels != 1 || slot->port->bits != 16 ||
        slot->port->frame_usec != 20000 || !slot->port->grp_lock) {
        snprintf(why, why_size, "slot %u: a stream of %u Hz, %u channels, %u us a frame; 8000, 1, 20000 needed",
                 index, slot->port->clock_rate, slot->port->channels, slot->port->frame_usec);
        return -1;
    }
    if (audio->pj.stream_rtp(slot->stream, &slot->rtp) == 0 &&
        audio->pj.stream_buffer(slot->stream, &state) == 0 && state.frame_bytes > 0 &&
        FRAME_SAMPLES % state.frame_bytes == 0)
        slot->frame_buffers = FRAME_SAMPLES / (int)state.frame_bytes; /* G.711: a byte a sample */
    return 0;
}

/* Puts `fresh` in the place of what the slot had; only if that was `leg`'s, where one is named. */
static void put(struct stream_audio *audio, unsigned index, struct stream_slot fresh, const uint32_t *leg) {
    struct pj_port *old = NULL;

    pthread_mutex_lock(&audio->lock);
    struct stream_slot *slot = &audio->slot[index];
    bool fits = leg == NULL || slot->leg == *leg;
    if (fits) {
        old = slot->stream ? slot->port : NULL;
        *slot = fresh;
        relay_reset(audio, index);
        atomic_store_explicit(&audio->page->slot[index].in_use, fresh.stream != NULL, memory_order_release);
    }
    pthread_mutex_unlock(&audio->lock);
    if (old)
        audio->pj.grp_lock_dec_ref(old->grp_lock); /* may free the port: only here, out of the tick */
}

int stream_audio_attach(struct stream_audio *audio, unsigned slot, void *stream, char *why, size_t why_size) {
    struct stream_slot fresh = {.stream = stream, .leg = MAILBOX_LEG(slot)};

    if (look_at(audio, &fresh, MAILBOX_INDEX(slot), why, why_size))
        return -1;
    audio->pj.grp_lock_add_ref(fresh.port->grp_lock);
    put(audio, MAILBOX_INDEX(slot), fresh, NULL);
    return 0;
}

void stream_audio_detach(struct stream_audio *audio, unsigned slot) {
    uint32_t leg = MAILBOX_LEG(slot);
    put(audio, MAILBOX_INDEX(slot), (struct stream_slot){.leg = leg}, &leg);
}

void stream_audio_counters(struct stream_audio *audio, struct stream_counters *out) {
    pthread_mutex_lock(&audio->lock);
    *out = audio->counters;
    pthread_mutex_unlock(&audio->lock);
}

void stream_audio_close(struct stream_audio *audio) {
    if (audio->running) {
        atomic_store(&audio->stop, 1);
        pthread_join(audio->thread, NULL);
        if (audio->bridged)
            pthread_join(audio->bridge_thread, NULL);
        audio->running = audio->bridged = 0;
    }
    for (unsigned i = 0; i < MAILBOX_SLOTS; i++)
        if (audio->slot[i].stream)
            put(audio, i, (struct stream_slot){0}, NULL);
    if (audio->page)
        munmap(audio->page, sizeof *audio->page);
    if (audio->memfd >= 0)
        close(audio->memfd);
    audio->page = NULL;
    audio->memfd = -1;
}
