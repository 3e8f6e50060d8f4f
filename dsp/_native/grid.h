/* The common clock: tick n is CLOCK_MONOTONIC at n * 20 ms in every process, so nobody has to be told. */
#ifndef CALLBOX_GRID_H
#define CALLBOX_GRID_H

#include "mailbox.h" /* TICK_NS, FRAME_SAMPLES */
#include <time.h>    /* clock_gettime */

#define SAMPLES_PER_NS 8e-6 /* 8 kHz */

static inline uint64_t grid_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static inline uint64_t grid_tick(uint64_t ns) { return ns / TICK_NS; }

static inline uint64_t grid_time_ns(uint64_t tick) { return tick * TICK_NS; }

#endif
