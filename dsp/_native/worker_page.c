/* The page, from the worker; see worker_page.h. */
#include "worker_page.h"

#include <errno.h>
#include <limits.h>      /* INT_MAX: wake everyone who waits */
#include <linux/futex.h> /* FUTEX_WAIT_BITSET: its time-out is absolute CLOCK_MONOTONIC */
#include <string.h>
#include <sys/mman.h>    /* memfd_create, mmap */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct mailbox_page *worker_page_make(int *memfd) {
    *memfd = memfd_create("callbox-sip", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*memfd < 0 || ftruncate(*memfd, sizeof(struct mailbox_page)) < 0)
        return NULL;
    struct mailbox_page *page =
        mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, *memfd, 0);
    if (page == MAP_FAILED)
        return NULL;
    page->slots = MAILBOX_SLOTS;
    page->frame_samples = FRAME_SAMPLES;
    page->magic = MAILBOX_MAGIC;
    return page;
}

void worker_page_post(struct mailbox *box, uint64_t tick, uint32_t leg, const int16_t *frame) {
    unsigned side = tick & 1;
    /* 0 while it is being written: a reader must not take half of the frame two ticks back. */
    atomic_store_explicit(&box->number[side], 0, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
    memcpy(box->frame[side], frame, sizeof box->frame[side]);
    atomic_store_explicit(&box->number[side], MAILBOX_NUMBER(tick, leg), memory_order_release);
}

int worker_page_fetch(struct mailbox *box, uint64_t tick, uint32_t leg, int16_t *frame, uint32_t *source) {
    unsigned side = tick & 1;
    if (atomic_load_explicit(&box->number[side], memory_order_acquire) != MAILBOX_NUMBER(tick, leg))
        return 0;
    memcpy(frame, box->frame[side], sizeof box->frame[side]);
    *source = box->source[side];
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&box->number[side], memory_order_relaxed) == MAILBOX_NUMBER(tick, leg);
}

void worker_page_tell(_Atomic uint32_t *word, uint64_t tick) {
    atomic_store_explicit(word, (uint32_t)tick, memory_order_release);
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

int worker_page_wait(_Atomic uint32_t *word, uint64_t tick, uint64_t until_ns) {
    struct timespec until = {(time_t)(until_ns / 1000000000ull), (long)(until_ns % 1000000000ull)};
    for (;;) {
        uint32_t seen = atomic_load_explicit(word, memory_order_acquire);
        if ((int32_t)(seen - (uint32_t)tick) >= 0)
            return 1;
        if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET, seen, &until, NULL, FUTEX_BITSET_MATCH_ANY) < 0 &&
            errno == ETIMEDOUT)
            return 0;
    }
}
