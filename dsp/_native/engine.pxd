# What engine.pyx knows of media_core.h and its like.
from libc.stdint cimport int16_t, uint32_t, uint64_t


cdef extern from "media_core.h" nogil:
    enum:
        PLAYER_SEGMENTS
        LATE_BINS
        MEDIA_WORKERS

    struct mailbox_page:
        pass

    struct tone_plan:
        pass

    struct progress_plan:
        pass

    struct segment:
        const int16_t *samples
        uint64_t count

    enum:
        RECORDER_INFO

    enum recorder_format:
        RECORDER_PCM16
        RECORDER_ALAW
        RECORDER_ULAW

    enum coding:
        CODING_S16LE
        CODING_ULAW
        CODING_ALAW
        CODING_U8
        CODING_S8

    struct serial_form:
        coding coding
        bint shielded
        int echo_tail, silence_ticks

    struct recorder:
        uint64_t head, dropped

    struct media_event:
        int kind, handle, value
        uint64_t tick, sample, end_sample

    struct media_counters:
        uint64_t ticks, late_ticks, late_max_ns, busy_ns, events_lost
        uint64_t *late_histogram

    struct port_status:
        bint serial, alive
        int fd
        uint64_t underruns, slips, overruns, realigns, stopped, bytes_in, bytes_out, samples_in, samples_out
        uint64_t modem_underruns, modem_overruns, codes_untold
        double erle_db, ppm, delay_ms, level_dbm0
        int peak
        uint64_t clipped

    struct media:
        int event_fd
        bint threaded, realtime
        uint64_t tick

    int media_lock_memory()
    media *media_new()
    int media_start(media *m, int priority)
    void media_free(media *m)
    void media_drain(media *m)
    bint media_await_closed(media *m, recorder *r, int milliseconds)
    void media_tick(media *m, uint64_t tick, uint64_t woken_ns)
    int media_poll(media *m, int timeout_ms, uint64_t at_ns)
    int media_serial_open(media *m, int fd, const serial_form *form, double known_ppm)
    int media_serial_swap(media *m, int port, int fd, const serial_form *form)
    int media_serial_flow(media *m, int port, bint on)
    int media_slot_open(media *m, int worker, int slot)
    int media_slot_move(media *m, int port, int worker, int slot)
    int media_port_close(media *m, int port)
    int media_worker_set(media *m, int worker, mailbox_page *page)
    int media_connect(media *m, int source, int sink, float gain)
    int media_disconnect(media *m, int source, int sink)
    int media_dtmf(media *m, int port, bint on)
    int media_voice(media *m, int port, bint on)
    int media_progress(media *m, int port, const progress_plan *plan)
    int media_play(media *m, int to, float gain, const segment *segments, int count, bint loop)
    int media_tone(media *m, int to, float gain, const tone_plan *plan, double level_dbm0, bint alone)
    int media_stop(media *m, int player)
    int media_forget_player(media *m, int player)
    int media_record(
        media *m,
        int left,
        int right,
        int fd,
        recorder_format format,
        const void *info,
        uint32_t info_bytes,
        bint paused,
        bint mask,
    )
    int media_record_pause(media *m, int recorder, bint on)
    int media_record_end(media *m, int recorder)
    int media_forget_recorder(media *m, int recorder)
    bint media_next_event(media *m, media_event *out)
    int media_port_status(media *m, int port, port_status *out)
    void media_count(media *m, media_counters *out)
    uint64_t media_missed(media *m, int worker)
    recorder *media_find_recorder(media *m, int handle)
    int tone_plan_parse(const char *spec, tone_plan *plan)


cdef extern from "slot_port.h" nogil:
    mailbox_page *slot_page_map(int fd, const char **why)
    void slot_page_unmap(mailbox_page *page)
