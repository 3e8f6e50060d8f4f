/* Finds pjproject's functions by name and proves the layout of its ports; see pj_abi.h. */
#include "pj_abi.h"

#include <dlfcn.h>   /* dlopen, dlsym: the library is there already, loaded by Python */
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
    return prove_layout(pj, why, why_size);
}

struct pj_port *pj_silent_port(struct pj_library *pj) {
    struct pj_port *port = NULL;
    if (pj->null_port_create(pj->pool, 8000, 1, FRAME_SAMPLES, 16, &port) != 0)
        return NULL;
    return port;
}
