/* A worker's side of the page it shares with the media engine (mailbox.h). */
#ifndef CALLBOX_WORKER_PAGE_H
#define CALLBOX_WORKER_PAGE_H

#include "mailbox.h"

/* A new page, its memory in *memfd; NULL with errno, and *memfd is to be closed unless it is -1. */
struct mailbox_page *worker_page_make(int *memfd);

void worker_page_post(struct mailbox *box, uint64_t tick, uint32_t leg, const int16_t *frame);

/* The frame of this tick and leg with its source; 0: there is none. */
int worker_page_fetch(struct mailbox *box, uint64_t tick, uint32_t leg, int16_t *frame, uint32_t *source);

/* Sets a word of the page to the tick and wakes who waits for it. */
void worker_page_tell(_Atomic uint32_t *word, uint64_t tick);

/* 1 when *word reached `tick`, 0 when it was `until_ns` of CLOCK_MONOTONIC. */
int worker_page_wait(_Atomic uint32_t *word, uint64_t tick, uint64_t until_ns);

#endif
