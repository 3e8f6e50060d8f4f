# distutils: sources = dsp/_native/graph.c dsp/_native/tick.c dsp/_native/media_thread.c dsp/_native/serial_pcm.c dsp/_native/serial_out.c dsp/_native/pace.c dsp/_native/shield.c dsp/_native/nmea.c dsp/_native/coding.c dsp/_native/linear.c dsp/_native/line_echo.c dsp/_native/echo.c dsp/_native/echo_residual.c dsp/_native/slot_port.c dsp/_native/player.c dsp/_native/recorder.c dsp/_native/plc.c dsp/_native/drift.c dsp/_native/realign.c dsp/_native/sinc.c dsp/_native/tone.c dsp/_native/listen.c dsp/_native/dtmf.c dsp/_native/progress.c dsp/_native/progress_burst.c dsp/_native/level.c dsp/_native/g711.c dsp/_native/vad.c dsp/_native/spectrum.c
# distutils: depends = dsp/_native/media_core.h dsp/_native/serial_pcm.h dsp/_native/pace.h dsp/_native/shield.h dsp/_native/nmea.h dsp/_native/coding.h dsp/_native/linear.h dsp/_native/line_echo.h dsp/_native/echo.h dsp/_native/echo_residual.h dsp/_native/echo_fft.h dsp/_native/echo_learn.h dsp/_native/slot_port.h dsp/_native/player.h dsp/_native/recorder.h dsp/_native/plc.h dsp/_native/drift.h dsp/_native/realign.h dsp/_native/sinc.h dsp/_native/gain.h dsp/_native/grid.h dsp/_native/mailbox.h dsp/_native/tone.h dsp/_native/dtmf.h dsp/_native/dtmf_bank.h dsp/_native/dtmf_table.h dsp/_native/progress.h dsp/_native/progress_burst.h dsp/_native/progress_lines.h dsp/_native/progress_table.h dsp/_native/level.h dsp/_native/saturate.h dsp/_native/dc.h dsp/_native/g711.h dsp/_native/vad.h dsp/_native/spectrum.h
"""The media engine of media_core.h for Python: edits, events and figures. The tick never comes here."""

import enum
import os

cimport cython
from libc.stdint cimport uint32_t, uint64_t, uintptr_t

WORKERS = MEDIA_WORKERS
MOST_FILES = PLAYER_SEGMENTS
MOST_ECHO_MS = 128  # ECHO_MOST_TAPS
CODINGS = {
    "s16le": CODING_S16LE,
    "ulaw": CODING_ULAW,
    "alaw": CODING_ALAW,
    "u8": CODING_U8,
    "s8": CODING_S8,
}
MOST_INFO = RECORDER_INFO
RECORD_FORMATS = {"pcm16": RECORDER_PCM16, "alaw": RECORDER_ALAW, "ulaw": RECORDER_ULAW}


class EventKind(enum.IntEnum):
    """What an event is about, see enum media_event_kind; the value's meaning is beside each."""

    DIGIT = 0  # the digit's character
    PLAYER_OVER = 1  # 1: at its natural end
    PORT_LOST = 2  # errno, 0: hung up
    AUDIO_DEAD = 3  # seconds
    AUDIO_ALIVE = 4
    RECORD_CLOSED = 5  # errno, 0: as asked
    TONE_FOUND = 6  # number in dsp.progress_plan.KINDS
    TONE_ENDED = 7  # the same
    MODEM_CODE = 8  # the code's character
    SILENCE_FOUND = 9  # ticks it has lasted
    SILENCE_ENDED = 10  # the same
    VOICE = 11  # 0: quiet, 1: somebody speaks, 2: a tone


def lock_memory():
    """Keep this process from being paged out; False where that is not allowed."""
    cdef int done
    with nogil:
        done = media_lock_memory()
    return done == 0


class EngineError(Exception):
    """The engine cannot do that; the message says why."""


cdef int checked(int code, str what) except -1:
    if code == -1:
        raise EngineError(f"{what}: the engine is full; something was not closed")
    if code == -3:
        raise EngineError(f"{what}: the file cannot be written. Make room on the disk")
    if code < 0:
        raise EngineError(f"{what}: there is no such thing")
    return code


cdef serial_form formed(str coding, bint shielded, int echo_tail_ms, int silence_ticks):
    cdef serial_form form
    form.coding = CODINGS[coding]
    form.shielded = shielded
    form.echo_tail = 8 * min(echo_tail_ms, MOST_ECHO_MS)
    form.silence_ticks = silence_ticks
    return form


@cython.no_gc_clear  # the tick reads the buffers until __dealloc__ has stopped it
cdef class Engine:
    """Ports, edges, players and recorders by handle. Without `start` nothing runs until `step` is called."""

    cdef media *m
    cdef dict buffers  # player handle -> the bytes it plays

    def __cinit__(self):
        self.buffers = {}
        self.m = media_new()
        if self.m == NULL:
            raise MemoryError("the media engine got no memory or no descriptors")

    def __dealloc__(self):
        if self.m != NULL:
            with nogil:
                media_free(self.m)

    def start(self, int priority):
        """Start the tick and the writer; `priority` of SCHED_FIFO, 0 for none. True: it is real-time."""
        cdef int error = 1
        if not self.m.threaded:
            error = media_start(self.m, priority)
            if error != 0:
                raise OSError(error, f"the media engine's threads do not start: {os.strerror(error)}")
        return self.m.realtime

    def close(self):
        """Stop, close every descriptor and file. Nothing else may be called afterwards."""
        cdef media *m = self.m
        self.m = NULL
        if m != NULL:
            with nogil:
                media_free(m)
        self.buffers.clear()

    # --- by hand, without threads -------------------------------------------------------------------

    def step(self, uint64_t tick, uint64_t woken_ns=0):
        """Run one tick."""
        with nogil:
            media_tick(self.m, tick, woken_ns)

    def poll(self, uint64_t at_ns):
        """Take what the serial descriptors hold, as if it had come at `at_ns`."""
        with nogil:
            media_poll(self.m, 0, at_ns)

    def drain(self):
        """One round of the recording writer."""
        with nogil:
            media_drain(self.m)

    # --- edits ----------------------------------------------------------------------------------------

    def serial_open(
        self, int fd, *, str coding="s16le", bint shielded=False, int echo_tail_ms=0, int silence_ticks=0
    ):
        """A port on a serial descriptor, which becomes the engine's; returns its handle.

        `coding` is one of CODINGS, else KeyError; `silence_ticks` of the far end are told, 0: never.
        """
        cdef serial_form form = formed(coding, shielded, echo_tail_ms, silence_ticks)
        cdef int code
        with nogil:
            code = media_serial_open(self.m, fd, &form, 0.0)
        return checked(code, "serial port")

    def serial_swap(
        self,
        int port,
        int fd,
        *,
        str coding="s16le",
        bint shielded=False,
        int echo_tail_ms=0,
        int silence_ticks=0,
    ):
        """The same port on another descriptor, or another kind of sound; edges, players and recordings stay."""
        cdef serial_form form = formed(coding, shielded, echo_tail_ms, silence_ticks)
        cdef int code
        with nogil:
            code = media_serial_swap(self.m, port, fd, &form)
        checked(code, "serial port")

    def serial_flow(self, int port, bint on):
        """Stop writing to the modem, or go on."""
        checked(media_serial_flow(self.m, port, on), "serial port")

    def slot_open(self, int worker, int slot):
        """A port on a slot of worker 0..WORKERS-1, attached or not; returns its handle."""
        return checked(media_slot_open(self.m, worker, slot), f"slot {slot}")

    def slot_move(self, int port, int worker, int slot):
        """The same port on another slot; edges, players and recordings stay."""
        checked(media_slot_move(self.m, port, worker, slot), f"slot {slot}")

    def port_close(self, int port):
        """Remove the port with its edges; what plays to it is over, recordings of it go on in silence."""
        cdef int code
        with nogil:
            code = media_port_close(self.m, port)
        checked(code, "port")

    def worker_attach(self, int worker, int fd):
        """Map a worker's mailbox page; `fd` stays the caller's."""
        cdef const char *why = NULL
        cdef mailbox_page *page = slot_page_map(fd, &why)
        if page == NULL:
            raise EngineError(f"the descriptor is no mailbox page: {why.decode()}")
        if media_worker_set(self.m, worker, page) < 0:
            slot_page_unmap(page)
            raise EngineError(f"worker {worker}: there are only {MEDIA_WORKERS}")

    def worker_detach(self, int worker):
        """Forget a worker's page; its ports go silent."""
        checked(media_worker_set(self.m, worker, NULL), f"worker {worker}")

    def connect(self, int source, int sink, float gain):
        """Let `sink` hear `source` with an amplitude factor, reached over one frame."""
        checked(media_connect(self.m, source, sink, gain), "connect")

    def disconnect(self, int source, int sink):
        """End it, over one frame."""
        checked(media_disconnect(self.m, source, sink), "disconnect")

    def dtmf(self, int port, bint on):
        """Report the digits in what the port says, or stop doing so."""
        checked(media_dtmf(self.m, port, on), "dtmf")

    def progress(self, int port, plan):
        """Report the call-progress tones of a ProgressPlan in what the port says; None: stop doing so."""
        cdef uintptr_t address = plan.address() if plan is not None else 0
        checked(media_progress(self.m, port, <const progress_plan *>address), "progress")

    def voice(self, int port, bint on):
        """Report when somebody begins and ceases to speak, from quiet on, or stop doing so."""
        checked(media_voice(self.m, port, on), "voice")

    def play(self, int to, float gain, list sounds, bint loop):
        """Play s16 sounds (bytes) one after another to a port; returns the player's handle."""
        cdef segment segments[PLAYER_SEGMENTS]
        cdef int code, i, count = len(sounds)
        cdef bytes sound
        if count > PLAYER_SEGMENTS:
            raise EngineError(f"{count} files in one play; the most is {PLAYER_SEGMENTS}")
        for i in range(count):
            sound = sounds[i]
            segments[i].samples = <const int16_t *><const char *>sound
            segments[i].count = len(sound) // 2
        code = checked(media_play(self.m, to, gain, segments, count, loop), "play")
        self.buffers[code] = list(sounds)
        return code

    def tone(self, int to, float gain, bytes spec, double level_dbm0, bint alone=False):
        """Play a tone plan to a port, which hears nothing else if `alone`; returns the player's handle."""
        cdef tone_plan plan
        if tone_plan_parse(spec, &plan) != 0:
            raise EngineError(f"{spec.decode(errors='replace')!r} is no tone plan")
        return checked(media_tone(self.m, to, gain, &plan, level_dbm0, alone), "tone")

    def stop(self, int player):
        """Fade a player out over one frame; its PLAYER_OVER event follows."""
        checked(media_stop(self.m, player), "stop")

    def forget_player(self, int player):
        """Free what a player held, after its PLAYER_OVER."""
        media_forget_player(self.m, player)
        self.buffers.pop(player, None)

    def record(self, int left, int right, int fd, str format="pcm16", *, bytes info=b"", bint paused=False, bint mask=False):
        """Record two ports (0: silence) to an empty file, which becomes the engine's; returns the handle.

        `format` is one of RECORD_FORMATS, else KeyError; `info` are chunks for its head, MOST_INFO at most;
        `mask` leaves out the keys that are found in what a port says, see `dtmf`.
        """
        cdef int code
        cdef recorder_format written = RECORD_FORMATS[format]
        cdef const char *told = info
        cdef uint32_t count = len(info)
        with nogil:
            code = media_record(self.m, left, right, fd, written, told, count, paused, mask)
        return checked(code, "record")

    def record_pause(self, int handle, bint on):
        """Silence from here on, or sound again."""
        checked(media_record_pause(self.m, handle, on), "record")

    def record_end(self, int handle, int wait_ms):
        """End a recording: (seconds, dropped frames of 20 ms, closed within wait_ms)."""
        cdef recorder *r = media_find_recorder(self.m, handle)
        cdef bint closed
        checked(media_record_end(self.m, handle), "record")
        with nogil:
            closed = media_await_closed(self.m, r, wait_ms)
        return r.head / 8000.0, r.dropped // 160, closed

    def recorded(self, int handle):
        """(seconds, dropped frames of 20 ms) of a recording until now."""
        cdef recorder *r = media_find_recorder(self.m, handle)
        if r == NULL:
            raise EngineError("record: there is no such thing")
        return r.head / 8000.0, r.dropped // 160

    def forget_recorder(self, int handle):
        """Free a recorder, after its RECORD_CLOSED."""
        media_forget_recorder(self.m, handle)

    # --- news and figures ----------------------------------------------------------------------------------

    @property
    def event_fd(self):
        """Readable when there are events; read 8 bytes from it, then call `events`."""
        return self.m.event_fd

    def events(self):
        """All waiting events: (kind, handle, value, tick, sample, end sample)."""
        cdef media_event e
        found = []
        while media_next_event(self.m, &e):
            found.append((e.kind, e.handle, e.value, e.tick, e.sample, e.end_sample))
        return found

    def counters(self):
        """Figures of the tick, see struct media_counters."""
        cdef media_counters c
        cdef int i
        media_count(self.m, &c)
        return {
            "ticks": c.ticks,
            "late_ticks": c.late_ticks,
            "late_max_ms": c.late_max_ns / 1e6,
            "late_histogram": [c.late_histogram[i] for i in range(LATE_BINS)],
            "busy_ms": c.busy_ns / 1e6,
            "events_lost": c.events_lost,
        }

    def missed(self, int worker):
        """Ticks a worker was waited for in vain."""
        return media_missed(self.m, worker)

    def port_status(self, int port):
        """Figures of one port, see struct port_status."""
        cdef port_status s
        checked(media_port_status(self.m, port, &s), "port")
        return {
            "alive": bool(s.alive),
            "fd": s.fd,
            "underruns": s.underruns,
            "slips": s.slips,
            "overruns": s.overruns,
            "realigns": s.realigns,
            "stopped_frames": s.stopped,
            "modem_underruns": s.modem_underruns,
            "modem_overruns": s.modem_overruns,
            "codes_untold": s.codes_untold,
            "erle_db": s.erle_db,
            "bytes_in": s.bytes_in,
            "bytes_out": s.bytes_out,
            "samples_in": s.samples_in,
            "samples_out": s.samples_out,
            "ppm": s.ppm,
            "delay_ms": s.delay_ms,
            "level_dbm0": s.level_dbm0,
            "peak": s.peak,
            "clipped": s.clipped,
        }

    @property
    def tick(self):
        """Number of the last tick."""
        return self.m.tick
