#include "media_core.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define GENERATIONS (1 << 22)

static int new_handle(struct media *m, int index)
{
    m->generation = m->generation % GENERATIONS + 1;
    return index + 256 * m->generation;
}

struct port *media_find_port(struct media *m, int handle)
{
    struct port *p = handle > 0 ? &m->port[handle % 256] : NULL;
    return p != NULL && p->kind != PORT_FREE && p->handle == handle ? p : NULL;
}

static struct player *find_player(struct media *m, int handle)
{
    struct player *p = handle > 0 ? &m->player[handle % 256] : NULL;
    return p != NULL && p->state != PLAYER_FREE && p->handle == handle ? p : NULL;
}

struct recorder *media_find_recorder(struct media *m, int handle)
{
    struct recorder *r = handle > 0 && handle % 256 < MEDIA_RECORDERS ? m->recorder[handle % 256] : NULL;
    return r != NULL && r->handle == handle ? r : NULL;
}

/* --- ports ------------------------------------------------------------------------------------------ */

/* A free port, empty; NULL when there is none. With `lock` held. */
static struct port *new_port(struct media *m, enum port_kind kind)
{
    for (int i = 0; i < MEDIA_PORTS; i++) {
        struct port *p = &m->port[i];
        if (p->kind != PORT_FREE)
            continue;
        memset(p, 0, sizeof *p);
        p->kind = kind;
        p->handle = new_handle(m, i);
        media_listen_begin(p);
        m->ports = i + 1 > m->ports ? i + 1 : m->ports;
        return p;
    }
    return NULL;
}

static int watch(struct media *m, struct port *p)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)p->handle};
    int flags = fcntl(p->serial->fd, F_GETFL);
    if (flags < 0 || fcntl(p->serial->fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return errno;
    return epoll_ctl(m->epoll_fd, EPOLL_CTL_ADD, p->serial->fd, &event) < 0 ? errno : 0;
}

static void fill_serial(struct media *m, struct port *p, int fd, const struct serial_form *form,
                        struct line_echo *echo, double known_ppm)
{
    serial_pcm_init(p->serial, fd, form, echo, m->tick, known_ppm);
    p->quiet_ticks = 0;
    int error = watch(m, p);
    if (error == 0) {
        serial_pcm_discard(p->serial);
        return;
    }
    close(fd);
    p->serial->fd = -1;
    p->serial->dead = true;
    p->serial->error = error;
    media_say(m, (struct media_event){.kind = EVENT_PORT_LOST, .handle = p->handle, .value = error});
}

/* The canceller a form asks for, in *echo. False where there is no memory. */
static bool new_echo(const struct serial_form *form, struct line_echo **echo)
{
    *echo = form->echo_tail > 0 ? line_echo_new(form->echo_tail) : NULL;
    return *echo != NULL || form->echo_tail == 0;
}

int media_serial_open(struct media *m, int fd, const struct serial_form *form, double known_ppm)
{
    struct serial_pcm *serial = malloc(sizeof *serial);
    struct line_echo *echo = NULL;
    bool memory = serial != NULL && new_echo(form, &echo);
    pthread_mutex_lock(&m->lock);
    struct port *p = memory ? new_port(m, PORT_SERIAL) : NULL;
    int handle = p != NULL ? p->handle : MEDIA_FULL;
    if (p != NULL) {
        p->serial = serial;
        fill_serial(m, p, fd, form, echo, known_ppm);
    }
    pthread_mutex_unlock(&m->lock);
    if (p == NULL) {
        free(echo);
        free(serial);
        close(fd);
    }
    return handle;
}

static void unwatch(struct media *m, struct serial_pcm *s)
{
    if (s->fd < 0)
        return;
    serial_pcm_finish(s);
    epoll_ctl(m->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
    close(s->fd);
}

static struct port *find_serial(struct media *m, int port)
{
    struct port *p = media_find_port(m, port);
    return p != NULL && p->kind == PORT_SERIAL ? p : NULL;
}

int media_serial_swap(struct media *m, int port, int fd, const struct serial_form *form)
{
    struct line_echo *echo = NULL, *unused;
    bool memory = new_echo(form, &echo);
    pthread_mutex_lock(&m->lock);
    struct port *p = memory ? find_serial(m, port) : NULL;
    unused = p != NULL ? p->serial->echo : echo;
    if (p != NULL) {
        double known_ppm = p->serial->drift.integral_ppm;
        unwatch(m, p->serial);
        fill_serial(m, p, fd, form, echo, known_ppm);
    }
    pthread_mutex_unlock(&m->lock);
    free(unused);
    if (p == NULL)
        close(fd);
    return p != NULL ? port : memory ? MEDIA_NONE : MEDIA_FULL;
}

int media_serial_flow(struct media *m, int port, bool on)
{
    pthread_mutex_lock(&m->lock);
    struct port *p = find_serial(m, port);
    if (p != NULL)
        serial_pcm_flow(p->serial, on);
    pthread_mutex_unlock(&m->lock);
    return p != NULL ? port : MEDIA_NONE;
}

int media_slot_open(struct media *m, int worker, int slot)
{
    if (worker < 0 || worker >= MEDIA_WORKERS || slot < 0)
        return MEDIA_NONE;
    pthread_mutex_lock(&m->lock);
    struct port *p = new_port(m, PORT_SLOT);
    if (p != NULL)
        slot_port_init(&p->slot, &m->worker[worker], slot);
    int handle = p != NULL ? p->handle : MEDIA_FULL;
    pthread_mutex_unlock(&m->lock);
    return handle;
}

int media_slot_move(struct media *m, int port, int worker, int slot)
{
    if (worker < 0 || worker >= MEDIA_WORKERS || slot < 0)
        return MEDIA_NONE;
    pthread_mutex_lock(&m->lock);
    struct port *p = media_find_port(m, port);
    bool fits = p != NULL && p->kind == PORT_SLOT;
    if (fits)
        slot_port_init(&p->slot, &m->worker[worker], slot);
    pthread_mutex_unlock(&m->lock);
    return fits ? port : MEDIA_NONE;
}

int media_port_close(struct media *m, int port)
{
    pthread_mutex_lock(&m->lock);
    struct port *p = media_find_port(m, port);
    struct serial_pcm *serial = p != NULL ? p->serial : NULL;
    struct hearing *hearing = p != NULL ? media_listen_end(m, p) : NULL;
    if (p != NULL) {
        int index = port % 256;
        for (int i = 0; i < m->edges; i++)
            if (m->edge[i].source == index || m->edge[i].sink == index)
                m->edge[i].source = -1;
        if (serial != NULL)
            unwatch(m, serial);
        p->kind = PORT_FREE; /* players to it and recorders of it find out by the handle */
    }
    pthread_mutex_unlock(&m->lock);
    if (serial != NULL)
        free(serial->echo);
    free(serial);
    free(hearing);
    return p != NULL ? port : MEDIA_NONE;
}

int media_worker_set(struct media *m, int worker, struct mailbox_page *page)
{
    if (worker < 0 || worker >= MEDIA_WORKERS)
        return MEDIA_NONE;
    pthread_mutex_lock(&m->lock);
    struct mailbox_page *old = m->worker[worker].page;
    slot_worker_set(&m->worker[worker], page);
    pthread_mutex_unlock(&m->lock);
    slot_page_unmap(old);
    return worker;
}

/* --- who hears whom ------------------------------------------------------------------------------------ */

static struct edge *find_edge(struct media *m, int source, int sink)
{
    for (int i = 0; i < m->edges; i++)
        if (m->edge[i].source == source && m->edge[i].sink == sink)
            return &m->edge[i];
    return NULL;
}

static struct edge *new_edge(struct media *m, int source, int sink)
{
    for (int i = 0; i < MEDIA_EDGES; i++) {
        if (m->edge[i].source >= 0)
            continue;
        m->edge[i] = (struct edge){.source = source, .sink = sink};
        m->edges = i + 1 > m->edges ? i + 1 : m->edges;
        return &m->edge[i];
    }
    return NULL;
}

int media_connect(struct media *m, int source, int sink, float gain)
{
    pthread_mutex_lock(&m->lock);
    bool known = media_find_port(m, source) != NULL && media_find_port(m, sink) != NULL;
    struct edge *e = known ? find_edge(m, source % 256, sink % 256) : NULL;
    if (known && e == NULL)
        e = new_edge(m, source % 256, sink % 256);
    if (e != NULL) {
        e->gain.target = gain;
        e->ending = false;
    }
    pthread_mutex_unlock(&m->lock);
    return !known ? MEDIA_NONE : e == NULL ? MEDIA_FULL : 0;
}

int media_disconnect(struct media *m, int source, int sink)
{
    pthread_mutex_lock(&m->lock);
    bool known = media_find_port(m, source) != NULL && media_find_port(m, sink) != NULL;
    struct edge *e = known ? find_edge(m, source % 256, sink % 256) : NULL;
    if (e != NULL) {
        e->gain.target = 0.0f;
        e->ending = true;
    }
    pthread_mutex_unlock(&m->lock);
    return e != NULL ? 0 : MEDIA_NONE;
}

/* --- players ---------------------------------------------------------------------------------------------- */

static struct player *new_player(struct media *m, int to, float gain)
{
    for (int i = 0; i < MEDIA_PLAYERS; i++) {
        struct player *p = &m->player[i];
        if (p->state != PLAYER_FREE)
            continue;
        p->state = PLAYER_ON;
        p->handle = new_handle(m, i);
        p->to = to;
        p->gain = (struct gain){.now = gain, .target = gain}; /* prompts begin in silence: no ramp */
        p->segments = p->at = 0;
        p->offset = 0;
        p->loop = p->is_tone = p->alone = false;
        m->players = i + 1 > m->players ? i + 1 : m->players;
        return p;
    }
    return NULL;
}

int media_play(struct media *m, int to, float gain, const struct segment *segment, int segments, bool loop)
{
    pthread_mutex_lock(&m->lock);
    bool known = media_find_port(m, to) != NULL && segments <= PLAYER_SEGMENTS;
    struct player *p = known ? new_player(m, to, gain) : NULL;
    int handle = p != NULL ? p->handle : known ? MEDIA_FULL : MEDIA_NONE;
    if (p != NULL) {
        memcpy(p->segment, segment, (size_t)segments * sizeof *segment);
        p->segments = segments;
        p->loop = loop;
    }
    pthread_mutex_unlock(&m->lock);
    return handle;
}

int media_tone(struct media *m, int to, float gain, const struct tone_plan *plan, double level_dbm0, bool alone)
{
    pthread_mutex_lock(&m->lock);
    bool known = media_find_port(m, to) != NULL;
    struct player *p = known ? new_player(m, to, gain) : NULL;
    int handle = p != NULL ? p->handle : known ? MEDIA_FULL : MEDIA_NONE;
    if (p != NULL) {
        tone_gen_init(&p->tone, plan, level_dbm0);
        p->is_tone = true;
        p->alone = alone;
    }
    pthread_mutex_unlock(&m->lock);
    return handle;
}

int media_stop(struct media *m, int player)
{
    pthread_mutex_lock(&m->lock);
    struct player *p = find_player(m, player);
    if (p != NULL && p->state == PLAYER_ON) {
        p->state = PLAYER_FADING;
        p->gain.target = 0.0f;
    }
    pthread_mutex_unlock(&m->lock);
    return p != NULL ? player : MEDIA_NONE;
}

int media_forget_player(struct media *m, int player)
{
    pthread_mutex_lock(&m->lock);
    struct player *p = find_player(m, player);
    if (p != NULL)
        p->state = PLAYER_FREE;
    pthread_mutex_unlock(&m->lock);
    return p != NULL ? player : MEDIA_NONE;
}

/* --- recorders ---------------------------------------------------------------------------------------------- */

static int place_recorder(struct media *m, struct recorder *r)
{
    for (int i = 0; i < MEDIA_RECORDERS; i++) {
        if (m->recorder[i] != NULL)
            continue;
        r->handle = new_handle(m, i);
        atomic_store(&r->state, RECORDER_ON);
        m->recorder[i] = r;
        m->recorders = i + 1 > m->recorders ? i + 1 : m->recorders;
        return r->handle;
    }
    return MEDIA_FULL;
}

int media_record(struct media *m, int left, int right, int fd, enum recorder_format format, const void *info,
                 uint32_t info_bytes, bool paused, bool mask)
{
    struct recorder *r = calloc(1, sizeof *r);
    int handle = r != NULL ? MEDIA_UNWRITTEN : MEDIA_FULL;
    if (r != NULL && recorder_open(r, fd, format, info, info_bytes) == 0) {
        atomic_store(&r->paused, paused);
        r->mask = mask;
        r->left = left;
        r->right = right;
        pthread_mutex_lock(&m->lock);
        handle = place_recorder(m, r);
        pthread_mutex_unlock(&m->lock);
    }
    if (handle < 0) {
        free(r);
        close(fd);
    }
    return handle;
}

int media_record_pause(struct media *m, int recorder, bool on)
{
    struct recorder *r = media_find_recorder(m, recorder);
    if (r != NULL)
        atomic_store(&r->paused, on);
    return r != NULL ? recorder : MEDIA_NONE;
}

int media_record_end(struct media *m, int recorder)
{
    pthread_mutex_lock(&m->lock);
    struct recorder *r = media_find_recorder(m, recorder);
    int on = RECORDER_ON;
    if (r != NULL)
        atomic_compare_exchange_strong(&r->state, &on, RECORDER_ENDING);
    if (r != NULL && on == RECORDER_ON)
        recorder_release(r);
    pthread_mutex_unlock(&m->lock);
    media_kick_writer(m);
    return r != NULL ? recorder : MEDIA_NONE;
}

int media_forget_recorder(struct media *m, int recorder)
{
    pthread_mutex_lock(&m->lock);
    struct recorder *r = media_find_recorder(m, recorder);
    bool closed = r != NULL && atomic_load(&r->state) == RECORDER_CLOSED;
    if (closed)
        m->recorder[recorder % 256] = NULL;
    pthread_mutex_unlock(&m->lock);
    if (closed)
        free(r);
    return closed ? recorder : MEDIA_NONE;
}

/* --- news ------------------------------------------------------------------------------------------------------ */

bool media_next_event(struct media *m, struct media_event *out)
{
    pthread_mutex_lock(&m->lock);
    bool any = m->events_held > 0;
    if (any) {
        *out = m->event[m->events_first];
        m->events_first = (m->events_first + 1) % MEDIA_EVENTS;
        m->events_held--;
    }
    pthread_mutex_unlock(&m->lock);
    return any;
}

/* --- what it is doing --------------------------------------------------------------------------------------------- */

static void serial_status(const struct serial_pcm *s, struct port_status *out)
{
    out->alive = s->fd >= 0;
    out->fd = s->fd;
    out->underruns = s->counters.underruns;
    out->slips = s->counters.slips;
    out->overruns = s->counters.overruns;
    out->realigns = s->counters.realigns;
    out->stopped = s->counters.stopped;
    out->modem_underruns = s->shield.underruns;
    out->modem_overruns = s->shield.overruns;
    out->codes_untold = s->shield.untold;
    out->bytes_in = s->counters.bytes_in;
    out->bytes_out = s->counters.bytes_out;
    out->samples_in = s->received / 2;
    out->samples_out = s->given;
    out->ppm = (s->drift.ratio - 1.0) * 1e6;
    out->delay_ms = s->running ? (serial_samples(s, s->received) - s->position) / 8.0 : 0.0;
    if (s->echo != NULL) {
        struct echo_status echo;
        echo_status(s->echo->canceller, &echo);
        out->erle_db = echo.erle_db;
    }
}

int media_port_status(struct media *m, int port, struct port_status *out)
{
    memset(out, 0, sizeof *out);
    out->fd = -1;
    pthread_mutex_lock(&m->lock);
    struct port *p = media_find_port(m, port);
    if (p != NULL) {
        out->serial = p->kind == PORT_SERIAL;
        out->level_dbm0 = level_now_dbm0(&p->level);
        out->peak = p->level.peak;
        out->clipped = p->level.clipped;
        if (out->serial)
            serial_status(p->serial, out);
        else {
            out->alive = p->slot.worker->page != NULL;
            out->underruns = p->slot.underruns;
        }
    }
    pthread_mutex_unlock(&m->lock);
    return p != NULL ? port : MEDIA_NONE;
}

void media_count(struct media *m, struct media_counters *out)
{
    pthread_mutex_lock(&m->lock);
    *out = m->counters;
    pthread_mutex_unlock(&m->lock);
}

uint64_t media_missed(struct media *m, int worker)
{
    pthread_mutex_lock(&m->lock);
    uint64_t missed = worker >= 0 && worker < MEDIA_WORKERS ? m->worker[worker].missed : 0;
    pthread_mutex_unlock(&m->lock);
    return missed;
}
