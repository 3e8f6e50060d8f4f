#include "grid.h"
#include "media_core.h"
#include "saturate.h"
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define POLL_EVENTS 64

void media_say(struct media *m, struct media_event event)
{
    event.tick = m->tick;
    if (m->events_held == MEDIA_EVENTS) {
        m->counters.events_lost++;
        return;
    }
    m->event[(m->events_first + m->events_held++) % MEDIA_EVENTS] = event;
    uint64_t one = 1;
    if (write(m->event_fd, &one, sizeof one) < 0 && errno != EAGAIN) /* EAGAIN: it is readable already */
        m->counters.events_lost++;
}

/* --- between ticks ---------------------------------------------------------------------------------- */

static void bury_if_dead(struct media *m, struct port *p)
{
    if (!p->serial->dead || p->serial->fd < 0)
        return;
    epoll_ctl(m->epoll_fd, EPOLL_CTL_DEL, p->serial->fd, NULL);
    close(p->serial->fd);
    p->serial->fd = -1;
    media_say(m, (struct media_event){.kind = EVENT_PORT_LOST, .handle = p->handle, .value = p->serial->error});
}

static void say_codes(struct media *m, struct port *p)
{
    uint8_t code;
    while (shield_code(&p->serial->shield, &code))
        media_say(m, (struct media_event){.kind = EVENT_MODEM_CODE, .handle = p->handle, .value = code});
}

static void readable(struct media *m, int handle, uint32_t what, uint64_t at_ns)
{
    struct port *p = media_find_port(m, handle);
    if (p == NULL || p->kind != PORT_SERIAL || p->serial->fd < 0)
        return;
    serial_pcm_readable(p->serial, at_ns, what & (EPOLLHUP | EPOLLERR));
    say_codes(m, p);
    bury_if_dead(m, p);
}

static bool timer_went_off(struct media *m)
{
    uint64_t times;
    return read(m->timer_fd, &times, sizeof times) == sizeof times;
}

int media_poll(struct media *m, int timeout_ms, uint64_t at_ns)
{
    struct epoll_event got[POLL_EVENTS];
    int count = epoll_wait(m->epoll_fd, got, POLL_EVENTS, timeout_ms), ticking = 0;
    if (at_ns == 0)
        at_ns = grid_now_ns();
    pthread_mutex_lock(&m->lock);
    for (int i = 0; i < count; i++) {
        if (got[i].data.u64 == 0) /* no handle: the timer */
            ticking = timer_went_off(m);
        else
            readable(m, (int)got[i].data.u64, got[i].events, at_ns);
    }
    pthread_mutex_unlock(&m->lock);
    return ticking;
}

/* --- the tick, in its order -------------------------------------------------------------------------- */

static void await_workers(struct media *m, uint64_t tick)
{
    uint64_t deadline = m->threaded ? grid_time_ns(tick) + WORKER_NS : 0;
    for (int i = 0; i < MEDIA_WORKERS; i++)
        slot_worker_wait(&m->worker[i], tick, deadline);
}

static void read_ports(struct media *m, uint64_t tick)
{
    for (int i = 0; i < m->ports; i++) {
        struct port *p = &m->port[i];
        if (p->kind == PORT_SERIAL) {
            serial_pcm_frame(p->serial, &m->sinc, tick, p->rx);
            dc_remove(&p->dc, p->rx, p->rx, FRAME_SAMPLES);
        } else if (p->kind == PORT_SLOT)
            slot_port_read(&p->slot, tick, p->rx);
        memset(p->mix, 0, sizeof p->mix);
        p->heard = HEARD_NOTHING;
    }
}

static void mix_edges(struct media *m)
{
    for (int i = 0; i < m->edges; i++) {
        struct edge *e = &m->edge[i];
        if (e->source < 0)
            continue;
        struct port *to = &m->port[e->sink];
        bool as_it_is = e->gain.now == 1.0f && e->gain.target == 1.0f;
        to->heard = as_it_is && to->heard == HEARD_NOTHING ? e->source : HEARD_MIX;
        gain_add(&e->gain, m->port[e->source].rx, to->mix);
        if (e->ending)
            e->source = -1;
    }
}

static void mix_player(struct media *m, struct player *p)
{
    int16_t frame[FRAME_SAMPLES];
    struct port *to = media_find_port(m, p->to);
    bool more = player_frame(p, frame), fading = p->state == PLAYER_FADING;
    if (to != NULL && p->alone)
        memset(to->mix, 0, sizeof to->mix);
    if (to != NULL) {
        gain_add(&p->gain, frame, to->mix);
        to->heard = HEARD_MIX;
    }
    if (more && !fading && to != NULL)
        return;
    p->state = PLAYER_OVER;
    media_say(m, (struct media_event){
                     .kind = EVENT_PLAYER_OVER, .handle = p->handle, .value = !fading && to != NULL});
}

static void mix_players(struct media *m, bool alone)
{
    for (int i = 0; i < m->players; i++) {
        struct player *p = &m->player[i];
        if (p->alone == alone && (p->state == PLAYER_ON || p->state == PLAYER_FADING))
            mix_player(m, p);
    }
}

static void saturate(const float *mix, int16_t *out)
{
    for (int i = 0; i < FRAME_SAMPLES; i++)
        out[i] = saturated(mix[i]);
}

static void write_slots(struct media *m, uint64_t tick)
{
    int16_t out[FRAME_SAMPLES];
    for (int i = 0; i < m->ports; i++) {
        struct port *p = &m->port[i];
        if (p->kind != PORT_SLOT)
            continue;
        const struct port *heard = p->heard >= 0 ? &m->port[p->heard] : NULL;
        bool slot = heard != NULL && heard->kind == PORT_SLOT;
        saturate(p->mix, out);
        slot_port_write(&p->slot, tick, out, slot ? &heard->slot : NULL);
    }
    for (int i = 0; i < MEDIA_WORKERS; i++)
        slot_worker_publish(&m->worker[i], tick);
}

static void write_serials(struct media *m)
{
    int16_t out[FRAME_SAMPLES];
    for (int i = 0; i < m->ports; i++) {
        struct port *p = &m->port[i];
        if (p->kind != PORT_SERIAL || p->serial->fd < 0)
            continue;
        saturate(p->mix, out);
        serial_pcm_write(p->serial, &m->sinc, out);
        bury_if_dead(m, p);
    }
}

static const int16_t *says(struct media *m, int handle)
{
    struct port *p = media_find_port(m, handle);
    return p != NULL ? p->rx : NULL;
}

static void record(struct media *m)
{
    for (int i = 0; i < m->recorders; i++) {
        struct recorder *r = m->recorder[i];
        if (r != NULL && atomic_load_explicit(&r->state, memory_order_relaxed) == RECORDER_ON)
            recorder_push(r, says(m, r->left), says(m, r->right));
    }
}

static void count_lateness(struct media *m, uint64_t tick, uint64_t woken_ns)
{
    static const uint64_t BIN_NS[LATE_BINS - 1] = {100000,  300000,   1000000, 3000000,
                                                   5000000, 10000000, 20000000};
    uint64_t due = grid_time_ns(tick), late = woken_ns > due ? woken_ns - due : 0;
    uint64_t skipped = m->tick > 0 && tick > m->tick + 1 ? tick - m->tick - 1 : 0;
    int bin = 0;
    while (bin < LATE_BINS - 1 && late >= BIN_NS[bin])
        bin++;
    late += skipped * TICK_NS;
    m->counters.ticks++;
    m->counters.late_ticks += skipped + (late - skipped * TICK_NS > LATE_NS);
    m->counters.late_histogram[skipped ? LATE_BINS - 1 : bin]++;
    if (late > m->counters.late_max_ns)
        m->counters.late_max_ns = late;
}

void media_tick(struct media *m, uint64_t tick, uint64_t woken_ns)
{
    pthread_mutex_lock(&m->lock);
    count_lateness(m, tick, woken_ns);
    m->tick = tick;
    await_workers(m, tick);
    uint64_t begun_ns = grid_now_ns();
    read_ports(m, tick);
    mix_edges(m);
    mix_players(m, false);
    mix_players(m, true);
    write_slots(m, tick); /* from here on nobody waits for us */
    write_serials(m);
    record(m);
    media_listen(m, tick);
    m->counters.busy_ns += grid_now_ns() - begun_ns;
    pthread_mutex_unlock(&m->lock);
}
