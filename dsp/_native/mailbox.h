/* The shared memory between a SIP worker and the media engine: one mailbox each way for each leg.
 *
 * Both processes live on one grid: tick n is CLOCK_MONOTONIC at n * 20 ms, so a frame needs no queue, only
 * the number of the tick it belongs to. Frame n lies in frame[n & 1]; a reader that does not find number n
 * there has missed it and conceals. Nothing ever builds up, so a restart on either side leaves no delay.
 *
 * One tick, n:
 *   worker  reads every stream port, writes slot[i].up for n, sets done = n, wakes `done`
 *   engine  waits (bounded) until done == n, mixes, writes slot[i].down for n, sets mixed = n, wakes `mixed`
 *   worker  waits (bounded) until mixed == n, hands slot[i].down to every stream port
 * Legs come and go in a slot, so the number carries the leg's too (MAILBOX_NUMBER): nobody takes a frame of the
 * leg before. What the brain calls a slot is both, MAILBOX_LEG and MAILBOX_INDEX take it apart; a worker that
 * never counts its legs has leg 0 everywhere.
 * A frame of `down` says in `source` whether it is the sound of one other slot and nothing else, as that slot
 * says it: then the worker may give the leg that sound itself, sooner (relay.h).
 * The futexes are process-shared (no FUTEX_PRIVATE_FLAG). Fields are accessed with C11 atomics,
 * release on write and acquire on read of `number`, `done` and `mixed`.
 * The memory is a memfd made by the worker; its size is sizeof(struct mailbox_page).
 */
#ifndef CALLBOX_MAILBOX_H
#define CALLBOX_MAILBOX_H

#include <stdatomic.h> /* _Atomic: the two sides are different processes */
#include <stdint.h>

#define MAILBOX_MAGIC 0x43425032u /* "CBP2" */
#define MAILBOX_SLOTS 64          /* PJSUA_MAX_CALLS of our own build of pjproject */
#define TICK_NS 20000000ull       /* 20 ms */
#define FRAME_SAMPLES 160         /* 20 ms at 8 kHz */
#define MAILBOX_LEGS (1u << 24)   /* then they are counted from 0 again */

/* Of a slot as the brain names it: index + MAILBOX_SLOTS * leg. */
#define MAILBOX_INDEX(slot) ((unsigned)(slot) % MAILBOX_SLOTS)
#define MAILBOX_LEG(slot) ((unsigned)(slot) / MAILBOX_SLOTS % MAILBOX_LEGS)
#define MAILBOX_NUMBER(tick, leg) ((uint64_t)(tick) | (uint64_t)(leg) << 40) /* 40 bits of ticks: 700 years */
#define MAILBOX_SOURCE(index, leg) (1u + (uint32_t)(index) + MAILBOX_SLOTS * (uint32_t)(leg)) /* 0: a mix */

struct mailbox {
    _Atomic uint64_t number[2];      /* MAILBOX_NUMBER of the tick and leg that frame[i] belongs to */
    uint32_t source[2];              /* of `down`, goes with frame[i]: MAILBOX_SOURCE, or 0 */
    int16_t frame[2][FRAME_SAMPLES]; /* s16, host order */
};

struct mailbox_slot {
    _Atomic uint32_t in_use; /* 1 while the worker has a stream behind it */
    uint32_t reserved;
    struct mailbox up;   /* worker -> engine: what the phone says */
    struct mailbox down; /* engine -> worker: what the phone hears */
};

struct mailbox_page {
    uint32_t magic;
    uint32_t slots; /* MAILBOX_SLOTS */
    uint32_t frame_samples;
    uint32_t reserved;
    _Atomic uint32_t done;  /* low 32 bits of the tick whose `up` frames are all there; futex */
    _Atomic uint32_t mixed; /* low 32 bits of the tick whose `down` frames are all there; futex */
    struct mailbox_slot slot[MAILBOX_SLOTS];
};

#endif
