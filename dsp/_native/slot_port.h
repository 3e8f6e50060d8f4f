/* The engine's side of the mailbox pages: a page for each SIP worker, a slot in it for each leg. */
#ifndef CALLBOX_SLOT_PORT_H
#define CALLBOX_SLOT_PORT_H

#include "mailbox.h"
#include "plc.h"
#include <stdbool.h>

#define WORKER_TRUST 10 /* so that one that is always late costs the others a wait in ten ticks at most */

struct slot_worker {
    struct mailbox_page *page; /* NULL: nobody is attached */
    int kept_up;               /* ticks in a row it did, even if late; at WORKER_TRUST it is waited for */
    uint64_t missed;           /* ticks it was waited for in vain */
};

struct slot_port {
    struct slot_worker *worker;
    int place;    /* of the worker's slots */
    uint32_t leg; /* which of all legs that had it */
    struct plc plc;
    uint64_t underruns; /* frames concealed */
};

/* Maps the page behind `fd` (which stays the caller's) and seals it against shrinking, so that reading it
 * can never fault. NULL with a sentence in *why. */
struct mailbox_page *slot_page_map(int fd, const char **why);
void slot_page_unmap(struct mailbox_page *page);

/* Takes the page (NULL: none); it is waited for from the first tick it keeps up with. */
void slot_worker_set(struct slot_worker *w, struct mailbox_page *page);

/* Waits until the worker has done `tick`, at most until `deadline_ns`; 0 only looks. One that missed is
 * waited for again when it has kept up by itself for a while. */
void slot_worker_wait(struct slot_worker *w, uint64_t tick, uint64_t deadline_ns);
void slot_worker_publish(struct slot_worker *w, uint64_t tick);

/* `slot` is place and leg, as mailbox.h says. */
void slot_port_init(struct slot_port *p, struct slot_worker *worker, int slot);
void slot_port_read(struct slot_port *p, uint64_t tick, int16_t *out);

/* `source`: the one port that is heard in the frame, as it is and nothing else; NULL: it is a mix. */
void slot_port_write(struct slot_port *p, uint64_t tick, const int16_t *frame, const struct slot_port *source);

#endif
