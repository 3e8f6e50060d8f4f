#include "grid.h"
#include "media_core.h"
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>     /* mlockall */
#include <sys/resource.h> /* RLIMIT_MEMLOCK */
#include <sys/timerfd.h>
#include <unistd.h>

#define STACK_BYTES (512 * 1024)
#define WRITE_EVERY_NS 100000000l /* 100 ms: what a kill -9 costs a recording at most, and a tick more */
#define SYNC_EVERY_NS 300000000ull /* what a power cut costs, beside the time the disk takes */

static void make_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

static void make_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

int media_lock_memory(void)
{
    struct rlimit most;
    /* Under a limit MCL_FUTURE would make later allocations fail instead of paging. */
    bool unlimited = geteuid() == 0 ||
                     (getrlimit(RLIMIT_MEMLOCK, &most) == 0 && most.rlim_cur == RLIM_INFINITY);
    if (!unlimited)
        return EPERM;
    return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0 ? errno : 0;
}

struct media *media_new(void)
{
    struct media *m = calloc(1, sizeof *m);
    if (m == NULL)
        return NULL;
    make_lock(&m->lock);
    pthread_mutex_init(&m->writer_lock, NULL);
    make_condition(&m->writer_wake);
    make_condition(&m->writer_done);
    sinc_init(&m->sinc);
    for (int i = 0; i < MEDIA_EDGES; i++)
        m->edge[i].source = -1;
    m->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    m->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    m->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    struct epoll_event timer = {.events = EPOLLIN, .data.u64 = 0};
    if (m->epoll_fd >= 0 && m->event_fd >= 0 && m->timer_fd >= 0 &&
        epoll_ctl(m->epoll_fd, EPOLL_CTL_ADD, m->timer_fd, &timer) == 0)
        return m;
    media_free(m);
    return NULL;
}

/* --- the tick's thread --------------------------------------------------------------------------------- */

static int start_timer(struct media *m, uint64_t first_ns)
{
    struct itimerspec times = {
        .it_value = {(time_t)(first_ns / 1000000000ull), (long)(first_ns % 1000000000ull)},
        .it_interval = {0, (long)TICK_NS},
    };
    return timerfd_settime(m->timer_fd, TFD_TIMER_ABSTIME, &times, NULL) < 0 ? errno : 0;
}

static void *run_ticks(void *argument)
{
    struct media *m = argument;
    while (!atomic_load_explicit(&m->stopping, memory_order_relaxed)) {
        if (!media_poll(m, -1, 0))
            continue;
        uint64_t now = grid_now_ns(), tick = grid_tick(now);
        if (tick > m->tick) /* whole ticks missed (a suspend) are left out, never made up for in a burst */
            media_tick(m, tick, now);
    }
    return NULL;
}

static int start_tick_thread(struct media *m, int priority)
{
    struct sched_param parameter = {.sched_priority = priority};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
    pthread_attr_setschedparam(&attributes, &parameter);
    int error = priority > 0 ? pthread_create(&m->tick_thread, &attributes, run_ticks, m) : EPERM;
    m->realtime = error == 0;
    if (error != 0) { /* not allowed, or not asked for */
        pthread_attr_setinheritsched(&attributes, PTHREAD_INHERIT_SCHED);
        error = pthread_create(&m->tick_thread, &attributes, run_ticks, m);
    }
    pthread_attr_destroy(&attributes);
    return error;
}

/* --- the writer's thread -------------------------------------------------------------------------------- */

static bool drain_one(struct media *m, struct recorder *r)
{
    if (!recorder_drain(r))
        return false;
    pthread_mutex_lock(&m->lock);
    media_say(m, (struct media_event){
                     .kind = EVENT_RECORD_CLOSED, .handle = r->handle, .value = atomic_load(&r->error)});
    atomic_store_explicit(&r->state, RECORDER_CLOSED, memory_order_release); /* r is the control's now */
    pthread_mutex_unlock(&m->lock);
    return true;
}

void media_drain(struct media *m)
{
    bool closed = false;
    for (int i = 0; i < MEDIA_RECORDERS; i++) {
        pthread_mutex_lock(&m->lock);
        struct recorder *r = m->recorder[i];
        int state = r != NULL ? atomic_load_explicit(&r->state, memory_order_acquire) : RECORDER_FREE;
        pthread_mutex_unlock(&m->lock);
        if (state == RECORDER_ON || state == RECORDER_ENDING) /* nobody but us ends these two states */
            closed |= drain_one(m, r);
    }
    if (closed) {
        pthread_mutex_lock(&m->writer_lock);
        pthread_cond_broadcast(&m->writer_done);
        pthread_mutex_unlock(&m->writer_lock);
    }
}

static struct timespec in_ns(long ns)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (at.tv_nsec + ns) / 1000000000l;
    at.tv_nsec = (at.tv_nsec + ns) % 1000000000l;
    return at;
}

/* Everything written so far to the disk, in one go for all recordings: they are on one file system. */
static void sync_recordings(struct media *m)
{
    int fd = -1;
    pthread_mutex_lock(&m->lock);
    for (int i = 0; i < MEDIA_RECORDERS && fd < 0; i++)
        if (m->recorder[i] != NULL && atomic_load(&m->recorder[i]->state) == RECORDER_ON)
            fd = m->recorder[i]->fd;
    pthread_mutex_unlock(&m->lock);
    if (fd >= 0) /* nobody but us closes it; what the disk has against it, the next write tells */
        syncfs(fd);
}

static void *run_writer(void *argument)
{
    struct media *m = argument;
    uint64_t synced_ns = 0;
    while (!atomic_load_explicit(&m->stopping, memory_order_relaxed)) {
        struct timespec until = in_ns(WRITE_EVERY_NS);
        pthread_mutex_lock(&m->writer_lock);
        while (!m->writer_kicked &&
               pthread_cond_timedwait(&m->writer_wake, &m->writer_lock, &until) != ETIMEDOUT) {
        }
        m->writer_kicked = false;
        pthread_mutex_unlock(&m->writer_lock);
        media_drain(m);
        if (grid_now_ns() - synced_ns >= SYNC_EVERY_NS) {
            synced_ns = grid_now_ns();
            sync_recordings(m);
        }
    }
    return NULL;
}

void media_kick_writer(struct media *m)
{
    pthread_mutex_lock(&m->writer_lock);
    m->writer_kicked = true;
    pthread_cond_signal(&m->writer_wake);
    pthread_mutex_unlock(&m->writer_lock);
}

bool media_await_closed(struct media *m, struct recorder *r, int milliseconds)
{
    struct timespec until = in_ns(milliseconds * 1000000l);
    int error = 0;
    if (!m->threaded)
        media_drain(m);
    pthread_mutex_lock(&m->writer_lock);
    while (atomic_load(&r->state) != RECORDER_CLOSED && error == 0)
        error = pthread_cond_timedwait(&m->writer_done, &m->writer_lock, &until);
    pthread_mutex_unlock(&m->writer_lock);
    return atomic_load(&r->state) == RECORDER_CLOSED;
}

/* --- start and end --------------------------------------------------------------------------------------- */

int media_start(struct media *m, int priority)
{
    uint64_t first = grid_tick(grid_now_ns()) + 1;
    m->tick = first - 1;
    int error = start_timer(m, grid_time_ns(first));
    if (error == 0)
        error = pthread_create(&m->writer_thread, NULL, run_writer, m);
    if (error != 0)
        return error;
    m->threaded = true;
    error = start_tick_thread(m, priority);
    if (error != 0) {
        atomic_store(&m->stopping, true);
        media_kick_writer(m);
        pthread_join(m->writer_thread, NULL);
        m->threaded = false;
    }
    return error;
}

static void close_all_of(struct media *m)
{
    for (int i = 0; i < m->ports; i++)
        if (m->port[i].kind != PORT_FREE)
            media_port_close(m, m->port[i].handle);
    for (int i = 0; i < MEDIA_RECORDERS; i++)
        if (m->recorder[i] != NULL)
            media_record_end(m, m->recorder[i]->handle);
    media_drain(m);
    for (int i = 0; i < MEDIA_RECORDERS; i++)
        if (m->recorder[i] != NULL)
            media_forget_recorder(m, m->recorder[i]->handle);
    for (int i = 0; i < MEDIA_WORKERS; i++)
        slot_page_unmap(m->worker[i].page);
}

void media_free(struct media *m)
{
    if (m->threaded) {
        atomic_store(&m->stopping, true);
        media_kick_writer(m);
        pthread_join(m->tick_thread, NULL);
        pthread_join(m->writer_thread, NULL);
        m->threaded = false;
    }
    close_all_of(m);
    media_listen_free(m);
    if (m->epoll_fd >= 0)
        close(m->epoll_fd);
    if (m->event_fd >= 0)
        close(m->event_fd);
    if (m->timer_fd >= 0)
        close(m->timer_fd);
    free(m);
}
