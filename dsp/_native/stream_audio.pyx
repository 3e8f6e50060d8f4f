# distutils: sources = dsp/_native/stream_tick.c dsp/_native/worker_page.c dsp/_native/relay.c dsp/_native/pj_abi.c
# distutils: depends = dsp/_native/stream_tick.h dsp/_native/worker_page.h dsp/_native/relay.h dsp/_native/pj_abi.h dsp/_native/mailbox.h dsp/_native/saturate.h
"""The audio thread of a SIP worker, from Python: what streams it serves, never a sample.

The work is done in stream_tick.c; the page it shares with the media engine is described in mailbox.h.
"""

import os

from libc.stdint cimport uint64_t, uintptr_t
from libc.stdlib cimport calloc, free

cdef extern from "pj_abi.h":
    struct pj_port:
        pass

    struct pj_library:
        const char *(*get_version)()
        unsigned (*max_calls)()

    pj_port *pj_silent_port(pj_library *pj)

cdef extern from "stream_tick.h":
    enum:
        MAILBOX_SLOTS

    struct stream_counters:
        uint64_t ticks
        uint64_t late_ticks
        uint64_t missed_ticks
        uint64_t late_max_ns
        uint64_t unmixed_ticks
        uint64_t lost_frames
        uint64_t silent_frames
        uint64_t direct_frames
        uint64_t skipped_frames
        uint64_t tick_ns

    struct stream_audio:
        pj_library pj
        int memfd
        int realtime
        int relaying

    int stream_audio_open(stream_audio *audio, const char *library, char *why, size_t why_size)
    int stream_audio_start(stream_audio *audio, int priority, char *why, size_t why_size)
    int stream_audio_attach(stream_audio *audio, unsigned slot, void *stream, char *why, size_t why_size) nogil
    void stream_audio_detach(stream_audio *audio, unsigned slot) nogil
    void stream_audio_counters(stream_audio *audio, stream_counters *out) nogil
    void stream_audio_close(stream_audio *audio) nogil

SLOTS = MAILBOX_SLOTS


class StreamAudioError(Exception):
    """The library in use, or one of its streams, is not as this thread needs it."""


cdef class StreamAudio:
    cdef stream_audio *_audio

    def __init__(self, library, *, int priority):
        cdef char why[256]
        if self._audio != NULL:
            raise StreamAudioError("audio thread: opened twice")
        self._audio = <stream_audio *>calloc(1, sizeof(stream_audio))
        if self._audio == NULL:
            raise MemoryError
        if stream_audio_open(self._audio, os.fsencode(library), why, sizeof(why)) < 0:
            raise StreamAudioError(f"SIP library {library}: {why.decode()}. Build it again: make pjsua2")
        if stream_audio_start(self._audio, priority, why, sizeof(why)) < 0:
            raise StreamAudioError(f"SIP library {library}: {why.decode()}")

    def __dealloc__(self):
        if self._audio != NULL:
            stream_audio_close(self._audio)
            free(self._audio)

    @property
    def memfd(self):
        return self._audio.memfd

    @property
    def realtime(self):
        return bool(self._audio.realtime)

    @property
    def version(self):
        return self._audio.pj.get_version().decode()

    @property
    def max_calls(self):
        return self._audio.pj.max_calls()

    def attach(self, unsigned slot, uintptr_t stream):
        cdef char why[256]
        cdef int failed
        with nogil:
            failed = stream_audio_attach(self._audio, slot, <void *>stream, why, sizeof(why))
        if failed:
            raise StreamAudioError(why.decode())

    def detach(self, unsigned slot):
        with nogil:
            stream_audio_detach(self._audio, slot)

    def keep_from_bridge(self, uintptr_t param, uintptr_t stream, uintptr_t port):
        # struct OnStreamCreatedParam { void *stream; unsigned index; bool destroyPort; void *pPort; }
        cdef void **field = <void **>param
        if <uintptr_t>field[0] != stream or <uintptr_t>field[2] != port:
            raise StreamAudioError("SIP library: OnStreamCreatedParam is laid out differently")
        cdef pj_port *silent = pj_silent_port(&self._audio.pj)
        if silent == NULL:
            raise MemoryError
        field[2] = silent

    def counters(self):
        cdef stream_counters now
        with nogil:
            stream_audio_counters(self._audio, &now)
        return {
            "ticks": now.ticks,
            "late_ticks": now.late_ticks,
            "missed_ticks": now.missed_ticks,
            "late_max_ms": now.late_max_ns / 1e6,
            "unmixed_ticks": now.unmixed_ticks,
            "lost_frames": now.lost_frames,
            "silent_frames": now.silent_frames,
            "direct_legs": self._audio.relaying,
            "direct_frames": now.direct_frames,
            "skipped_frames": now.skipped_frames,
            "tick_ms_mean": now.tick_ns / 1e6 / max(<uint64_t>1, now.ticks),
        }

    def close(self):
        with nogil:
            stream_audio_close(self._audio)
