#include "slot_port.h"
#include "grid.h"
#include <fcntl.h>       /* F_ADD_SEALS */
#include <limits.h>      /* INT_MAX */
#include <linux/futex.h> /* FUTEX_WAIT, FUTEX_WAKE */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h> /* SYS_futex */
#include <unistd.h>

static bool sealed_against_shrinking(int fd)
{
    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK);
    int seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & F_SEAL_SHRINK);
}

struct mailbox_page *slot_page_map(int fd, const char **why)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !sealed_against_shrinking(fd)) {
        *why = "it is no memfd that can be sealed; make it with MFD_ALLOW_SEALING";
        return NULL;
    }
    if ((uint64_t)st.st_size < sizeof(struct mailbox_page)) {
        *why = "it is smaller than a mailbox page; worker and engine must come from the same build";
        return NULL;
    }
    struct mailbox_page *page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
        *why = "it cannot be mapped for reading and writing";
        return NULL;
    }
    if (page->magic == MAILBOX_MAGIC && page->slots == MAILBOX_SLOTS && page->frame_samples == FRAME_SAMPLES)
        return page;
    munmap(page, sizeof *page);
    *why = "its head is not that of a mailbox page; worker and engine must come from the same build";
    return NULL;
}

void slot_page_unmap(struct mailbox_page *page)
{
    if (page != NULL)
        munmap(page, sizeof *page);
}

static void futex_wait(_Atomic uint32_t *word, uint32_t seen, uint64_t until_ns)
{
    struct timespec until = {(time_t)(until_ns / 1000000000ull), (long)(until_ns % 1000000000ull)};
    /* WAIT_BITSET takes an absolute CLOCK_MONOTONIC time */
    syscall(SYS_futex, word, FUTEX_WAIT_BITSET, seen, &until, NULL, FUTEX_BITSET_MATCH_ANY);
}

void slot_worker_set(struct slot_worker *w, struct mailbox_page *page)
{
    w->page = page;
    w->kept_up = WORKER_TRUST - 1;
}

/* True when it has done `tick`, or the one before, which is all that a living worker can have done yet. */
static bool lives(const struct slot_worker *w, uint32_t tick)
{
    uint32_t done = atomic_load_explicit(&w->page->done, memory_order_acquire);
    return done == tick || done == tick - 1;
}

void slot_worker_wait(struct slot_worker *w, uint64_t tick, uint64_t deadline_ns)
{
    if (w->page == NULL)
        return;
    w->kept_up = !lives(w, (uint32_t)tick) ? 0 : w->kept_up < WORKER_TRUST ? w->kept_up + 1 : WORKER_TRUST;
    while (w->kept_up == WORKER_TRUST && deadline_ns != 0) {
        uint32_t done = atomic_load_explicit(&w->page->done, memory_order_acquire);
        if (done == (uint32_t)tick)
            return;
        if (grid_now_ns() < deadline_ns)
            futex_wait(&w->page->done, done, deadline_ns);
        else {
            w->kept_up = 0;
            w->missed++;
        }
    }
}

void slot_worker_publish(struct slot_worker *w, uint64_t tick)
{
    if (w->page == NULL)
        return;
    atomic_store_explicit(&w->page->mixed, (uint32_t)tick, memory_order_release);
    syscall(SYS_futex, &w->page->mixed, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void slot_port_init(struct slot_port *p, struct slot_worker *worker, int slot)
{
    memset(p, 0, sizeof *p);
    p->worker = worker;
    p->place = (int)MAILBOX_INDEX(slot);
    p->leg = MAILBOX_LEG(slot);
    plc_init(&p->plc);
}

static bool take(struct mailbox *box, uint64_t number, int16_t *out)
{
    int i = (int)(number & 1);
    if (atomic_load_explicit(&box->number[i], memory_order_acquire) != number)
        return false;
    memcpy(out, box->frame[i], sizeof box->frame[i]);
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&box->number[i], memory_order_relaxed) == number;
}

void slot_port_read(struct slot_port *p, uint64_t tick, int16_t *out)
{
    struct mailbox_page *page = p->worker->page;
    bool streaming = page != NULL && atomic_load_explicit(&page->slot[p->place].in_use, memory_order_acquire);
    if (!streaming || !take(&page->slot[p->place].up, MAILBOX_NUMBER(tick, p->leg), out)) {
        bool repeated = plc_lost(&p->plc, out, FRAME_SAMPLES);
        p->underruns += repeated && streaming;
    } else
        plc_good(&p->plc, out, out, FRAME_SAMPLES);
}

void slot_port_write(struct slot_port *p, uint64_t tick, const int16_t *frame, const struct slot_port *source)
{
    if (p->worker->page == NULL)
        return;
    struct mailbox *box = &p->worker->page->slot[p->place].down;
    int i = (int)(tick & 1);
    bool direct = source != NULL && source->worker == p->worker;
    atomic_store_explicit(&box->number[i], 0, memory_order_relaxed); /* nobody may take half of it */
    atomic_thread_fence(memory_order_release);
    memcpy(box->frame[i], frame, sizeof box->frame[i]);
    box->source[i] = direct ? MAILBOX_SOURCE(source->place, source->leg) : 0;
    atomic_store_explicit(&box->number[i], MAILBOX_NUMBER(tick, p->leg), memory_order_release);
}
