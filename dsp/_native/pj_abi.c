/* Finds pjproject's functions by name and proves the layout of its ports; see pj_abi.h. */
#include "pj_abi.h"

#include <dlfcn.h>   /* dlopen, dlsym: the library is there already, loaded by Python */
#include <stdbool.h>
#include <stdio.h>   /* snprintf */
#include <string.h>  /* memset, memcmp */

#include "mailbox.h" /* FRAME_SAMPLES */

#define GUARD 0x5a

struct wanted {
    const char *name;
    void *where;
};

static int find_all(void *handle, const struct wanted *wanted, size_t count, char *why, size_t why_size) {
    for (size_t i = 0; i < count; i++) {
        void *found = dlsym(handle, wanted[i].name);
        if (!found) {
            snprintf(why, why_size, "it has no function %s", wanted[i].name);
            return -1;
        }
        memcpy(wanted[i].where, &found, sizeof found);
    }
    return 0;
}

struct text { /* pj_str_t */
    const char *start;
    long length;
};

/* The field of a jitter buffer's state that counts its frames: 3, and two later 5. */
static int find_buffer_count(struct pj_library *pj, void *handle, char *why, size_t why_size) {
    int (*create)(void *, const struct text *, unsigned, unsigned, unsigned, void **);
    int (*destroy)(void *);
    int (*state_of)(const void *, struct pj_buffer_state *);
    void (*put)(void *, const void *, size_t, int);
    const struct wanted wanted[] = {{"pjmedia_jbuf_create", &create},
                                    {"pjmedia_jbuf_destroy", &destroy},
                                    {"pjmedia_jbuf_get_state", &state_of},
                                    {"pjmedia_jbuf_put_frame", &put}};
    struct text name = {"callbox", 7};
    struct pj_buffer_state three = {0}, five = {0};
    char frame[80] = {0};
    void *buffer = NULL;
    int field = 0, fields = sizeof five.field / sizeof *five.field;

    if (find_all(handle, wanted, sizeof wanted / sizeof *wanted, why, why_size))
        return -1;
    if (create(pj->pool, &name, sizeof frame, 10, 50, &buffer) != 0) {
        snprintf(why, why_size, "it has no memory for a jitter buffer");
        return -1;
    }
    for (int number = 1; number <= 5; number++) {
        put(buffer, frame, sizeof frame, number);
        state_of(buffer, number <= 3 ? &three : &five);
    }
    destroy(buffer);
    while (field < fields && (three.field[field] != 3 || five.field[field] != 5))
        field++;
    pj->buffer_count = field;
    if (five.frame_bytes == sizeof frame && field < fields)
        return 0;
    snprintf(why, why_size, "its pjmedia_jb_state is laid out differently");
    return -1;
}

/* The last packet received must be the latest, and one more than before it; of two numbered the second is one on. */
static int prove_rtp(struct pj_library *pj, void *handle, char *why, size_t why_size) {
    int (*init)(void *, int, uint32_t);
    void (*update)(void *, const void *, void *);
    const struct wanted wanted[] = {{"pjmedia_rtp_session_init", &init}, {"pjmedia_rtp_session_update", &update}};
    union {
        struct pj_rtp_received received;
        uint64_t room[64];
    } session = {.room = {0}};
    uint32_t status[8], before = 0;
    const void *head = NULL;
    unsigned char first[12], packet[12] = {0x80, 8, 0x12, 0x66, 0, 0, 0, 0, 0, 0, 0, 9};
    int head_bytes = 0;

    if (find_all(handle, wanted, sizeof wanted / sizeof *wanted, why, why_size))
        return -1;
    init(&session, 8, 9);
    for (; packet[3] <= 0x69; packet[3]++) {
        before = session.received.packets;
        update(&session, packet, status);
    }
    pj->rtp_encode(&session, 0, 0, 1, FRAME_SAMPLES, &head, &head_bytes);
    memcpy(first, head, sizeof first);
    pj->rtp_encode(&session, 0, 0, 1, FRAME_SAMPLES, &head, &head_bytes);
    const unsigned char *second = head;
    bool skips = (uint8_t)(second[3] - first[3]) == 1 && (uint8_t)(second[7] - first[7]) == FRAME_SAMPLES;
    bool counts = session.received.latest == 0x1269 && session.received.packets == before + 1;
    if (counts && head_bytes == sizeof first && skips)
        return 0;
    snprintf(why, why_size, "its pjmedia_rtp_session is laid out differently");
    return -1;
}

/* Reads a frame from a port of the library's own: every field we rely on must be where we think it is. */
static int prove_layout(struct pj_library *pj, char *why, size_t why_size) {
    struct {
        struct pj_frame frame;
        unsigned char guard[16];
    } given;
    int16_t sound[FRAME_SAMPLES];
    struct pj_port *port = pj_silent_port(pj);

    if (!port) {
        snprintf(why, why_size, "it has no memory for a port");
        return -1;
    }
    if (port->clock_rate != 8000 || port->channels != 1 || port->bits != 16 || port->frame_usec != 20000 ||
        !port->put_frame || !port->get_frame || !port->on_destroy) {
        snprintf(why, why_size, "its pjmedia_port is laid out differently");
        return -1;
    }
    memset(&given, GUARD, sizeof given);
    memset(sound, GUARD, sizeof sound);
    given.frame = (struct pj_frame){.type = PJ_FRAME_NONE, .buf = sound, .size = sizeof sound};
    port->get_frame(port, &given.frame);
    for (size_t i = 0; i < sizeof given.guard; i++)
        if (given.guard[i] != GUARD) {
            snprintf(why, why_size, "its pjmedia_frame is larger than 40 bytes");
            return -1;
        }
    if (given.frame.type != PJ_FRAME_AUDIO || given.frame.size != sizeof sound || given.frame.buf != sound ||
        given.frame.timestamp != FRAME_SAMPLES || sound[0] != 0 || sound[FRAME_SAMPLES - 1] != 0) {
        snprintf(why, why_size, "its pjmedia_frame is laid out differently");
        return -1;
    }
    port->on_destroy(port);
    return 0;
}

int pj_load(struct pj_library *pj, const char *path, char *why, size_t why_size) {
    const struct wanted wanted[] = {
        {"pj_get_version", &pj->get_version},
        {"pjsua_call_get_max_count", &pj->max_calls},
        {"pj_thread_register", &pj->thread_register},
        {"pj_grp_lock_add_ref", &pj->grp_lock_add_ref},
        {"pj_grp_lock_dec_ref", &pj->grp_lock_dec_ref},
        {"pjsua_pool_create", &pj->pool_create},
        {"pjmedia_null_port_create", &pj->null_port_create},
        {"pjsua_set_no_snd_dev", &pj->set_no_sound},
        {"pjmedia_stream_get_port", &pj->stream_get_port},
        {"pjmedia_stream_get_last_jb_frame_type", &pj->stream_last_frame},
        {"pjmedia_stream_get_rtp_session_info", &pj->stream_rtp},
        {"pjmedia_stream_get_stat_jbuf", &pj->stream_buffer},
        {"pjmedia_rtp_encode_rtp", &pj->rtp_encode},
        {"pjsua_get_pjmedia_endpt", &pj->media},
        {"pjmedia_endpt_get_ioqueue", &pj->media_queue},
        {"pjmedia_endpt_stop_threads", &pj->stop_media_threads},
        {"pj_ioqueue_poll", &pj->poll_queue},
    };
    void *handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);

    if (!handle) {
        snprintf(why, why_size, "%s", dlerror());
        return -1;
    }
    if (find_all(handle, wanted, sizeof wanted / sizeof *wanted, why, why_size))
        return -1;
    if (strncmp(pj->get_version(), "2.", 2) != 0) {
        snprintf(why, why_size, "it is version %s, only 2.x is known", pj->get_version());
        return -1;
    }
    pj->pool = pj->pool_create("callbox", 4096, 4096);
    if (!pj->pool) {
        snprintf(why, why_size, "it has no memory for a pool");
        return -1;
    }
    if (find_buffer_count(pj, handle, why, why_size) || prove_rtp(pj, handle, why, why_size))
        return -1;
    return prove_layout(pj, why, why_size);
}

struct pj_port *pj_silent_port(struct pj_library *pj) {
    struct pj_port *port = NULL;
    if (pj->null_port_create(pj->pool, 8000, 1, FRAME_SAMPLES, 16, &port) != 0)
        return NULL;
    return port;
}
