/* The part of pjmedia's binary interface that the audio thread of a SIP worker uses, without its headers.
 *
 * The library is loaded by Python, as our own build or as a wheel, so nothing can be compiled against it:
 * functions are found by name at run time, and the layout of the structures below, in pjproject 2.14 to 2.17, is
 * proved at start on a port, a jitter buffer and an RTP session of the library's own (`pj_load`).
 */
#ifndef CALLBOX_PJ_ABI_H
#define CALLBOX_PJ_ABI_H

#include <stddef.h> /* size_t */
#include <stdint.h>

enum { PJ_FRAME_NONE = 0, PJ_FRAME_AUDIO = 1 }; /* pjmedia_frame_type */
enum { PJ_JB_MISSING = 0, PJ_JB_NORMAL = 1 };   /* pjmedia_jb_frame_type: lost; neither lost nor waited for */

struct pj_frame { /* pjmedia_frame */
    int type;
    void *buf;
    size_t size; /* bytes */
    uint64_t timestamp;
    uint32_t bit_info;
};

struct pj_port { /* pjmedia_port */
    char *name;
    long name_length;
    uint32_t signature;
    int dir;
    uint32_t format_id;
    int format_type;
    int detail_type;
    uint32_t clock_rate; /* Hz */
    uint32_t channels;
    uint32_t frame_usec;
    uint32_t bits;
    uint32_t avg_bps;
    uint32_t max_bps;
    uint32_t format_user;
    void *pdata;
    long ldata;
    void *grp_lock;
    void *(*get_clock_src)(struct pj_port *, int);
    int (*put_frame)(struct pj_port *, struct pj_frame *);
    int (*get_frame)(struct pj_port *, struct pj_frame *);
    int (*on_destroy)(struct pj_port *);
};

_Static_assert(sizeof(struct pj_frame) == 40, "pjmedia_frame is 40 bytes on 64-bit");
_Static_assert(offsetof(struct pj_port, put_frame) == 96, "pjmedia_port.put_frame is at 96");
_Static_assert(offsetof(struct pj_port, get_frame) == 104, "pjmedia_port.get_frame is at 104");
_Static_assert(sizeof(struct pj_port) == 120, "pjmedia_port is 120 bytes on 64-bit");

struct pj_time { /* pj_time_val */
    long seconds, milliseconds;
};

struct pj_rtp_received { /* pjmedia_rtp_session, as far as we read it */
    uint8_t head[12];
    uint16_t latest; /* sequence number, host order */
    uint8_t between[34];
    uint32_t packets; /* all that came and were taken */
};

struct pj_rtp { /* pjmedia_stream_rtp_sess_info */
    const struct pj_rtp_received *in;
    void *out;
    const void *rtcp;
};

struct pj_buffer_state { /* pjmedia_jb_state: its fields move with every version, `buffer_count` is found */
    uint32_t frame_bytes;
    uint32_t field[63];
};

struct pj_library {
    const char *(*get_version)(void);
    unsigned (*max_calls)(void); /* the limit compiled in, after libInit asked for more */
    int (*thread_register)(const char *name, long *desc, void **thread);
    int (*grp_lock_add_ref)(void *lock);
    int (*grp_lock_dec_ref)(void *lock);
    void *(*pool_create)(const char *name, size_t initial, size_t increment);
    int (*null_port_create)(void *pool, unsigned rate, unsigned channels, unsigned samples, unsigned bits,
                            struct pj_port **port);
    struct pj_port *(*set_no_sound)(void);
    int (*stream_get_port)(void *stream, struct pj_port **port);
    char (*stream_last_frame)(const void *stream);
    int (*stream_rtp)(void *stream, struct pj_rtp *rtp);
    int (*stream_buffer)(const void *stream, struct pj_buffer_state *state);
    /* Numbers the next packet of a session; with 1 as `bytes` it is as if it had been sent. */
    int (*rtp_encode)(void *session, int type, int marker, int bytes, int samples, const void **head,
                      int *head_bytes);
    void *(*media)(void);
    void *(*media_queue)(void *media);
    int (*stop_media_threads)(void *media); /* waits for them, up to 500 ms */
    int (*poll_queue)(void *queue, const struct pj_time *most); /* events served; 0 none, < 0 an error */
    int buffer_count; /* which field of pj_buffer_state says how many frames it holds */
    void *pool; /* what null ports are made from; lives as long as the library */
};

/* Find the functions in the library at `path`, which must be loaded, and prove the layout.
 * Returns 0, or -1 with a sentence in `why`. Call it after libInit, in the thread that did. */
int pj_load(struct pj_library *pj, const char *path, char *why, size_t why_size);

/* A port that hears nothing and says nothing, to stand in a stream's place at the bridge; NULL: no memory. */
struct pj_port *pj_silent_port(struct pj_library *pj);

#endif
