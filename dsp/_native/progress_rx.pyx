# cython: boundscheck=False
# (the one index, where a piece begins, is below the length by its loop)
# distutils: sources = dsp/_native/progress.c dsp/_native/progress_burst.c
# distutils: depends = dsp/_native/progress.h dsp/_native/progress_burst.h dsp/_native/progress_lines.h dsp/_native/progress_table.h
"""The call-progress detector of progress.c for Python; dsp/progress.py is the module to use."""

from libc.stdint cimport int16_t, uint32_t, uint64_t, uintptr_t
from libc.string cimport memset


cdef extern from "progress.h":
    enum:
        PROGRESS_LINES
        PROGRESS_SOUNDS
        PROGRESS_TONES
        PROGRESS_ELEMENTS

    struct progress_sound:
        int lines
        float hz[PROGRESS_LINES]

    struct progress_burst:
        uint64_t start_sample
        uint64_t end_sample
        float power
        progress_sound sound

    struct progress_heard:
        int ended
        progress_burst burst

    struct progress_burst_rx:
        pass

    struct progress_element:
        int sound
        uint32_t least_samples
        uint32_t most_samples
        uint32_t samples
        float gain

    enum progress_kind:
        pass

    struct progress_tone:
        progress_kind kind
        int elements
        int need
        progress_element element[PROGRESS_ELEMENTS]

    struct progress_plan:
        int any_busy
        int sounds
        int tones
        float share[PROGRESS_SOUNDS]
        progress_sound sound[PROGRESS_SOUNDS]
        progress_tone tone[PROGRESS_TONES]

    struct progress_finding:
        progress_kind kind
        int tone
        int ended
        uint64_t start_sample
        uint64_t end_sample
        uint32_t bursts

    struct progress:
        pass

    void progress_init(progress *progress, const progress_plan *plan) nogil
    int progress_feed(progress *progress, const int16_t *samples, int count, progress_finding *out, int max_out) nogil
    void progress_burst_init(progress_burst_rx *rx) nogil
    int progress_burst_take(progress_burst_rx *rx, const int16_t *samples, int count, progress_heard *heard) nogil


cdef enum:
    PIECE = 1600  # samples handed over at a time
    MOST = 52  # findings in a piece: 2 + PIECE / 32

CHANNEL_BYTES = sizeof(progress)
PLAN_BYTES = sizeof(progress_plan)
MOST_LINES = PROGRESS_LINES
MOST_SOUNDS = PROGRESS_SOUNDS
MOST_TONES = PROGRESS_TONES
MOST_ELEMENTS = PROGRESS_ELEMENTS


cdef class ProgressPlan:
    """A compiled plan; every receiver made with it keeps it alive.

    sounds: (share, (hz, ...)); tones: (kind, need, [(sound, least, most, nominal samples, gain), ...]).
    ValueError where there are more than a plan holds.
    """

    cdef progress_plan plan

    def __cinit__(self, sounds, tones, bint any_busy):
        memset(&self.plan, 0, sizeof(self.plan))
        if len(sounds) > PROGRESS_SOUNDS or len(tones) > PROGRESS_TONES:
            raise ValueError("too many sounds or tones")
        self.plan.any_busy = any_busy
        for share, hz in sounds:
            self._add_sound(share, hz)
        for kind, need, elements in tones:
            self._add_tone(kind, need, elements)

    cdef _add_sound(self, float share, hz):
        cdef progress_sound *sound = &self.plan.sound[self.plan.sounds]
        if len(hz) > PROGRESS_LINES:
            raise ValueError("too many lines")
        for line in sorted(hz):
            sound.hz[sound.lines] = line
            sound.lines += 1
        self.plan.share[self.plan.sounds] = share
        self.plan.sounds += 1

    cdef _add_tone(self, int kind, int need, elements):
        cdef progress_tone *tone = &self.plan.tone[self.plan.tones]
        if not 1 <= len(elements) <= PROGRESS_ELEMENTS:
            raise ValueError("too many elements, or none")
        tone.kind = <progress_kind>kind
        tone.need = need
        for sound, least, most, nominal, gain in elements:
            if not -1 <= sound < self.plan.sounds:
                raise ValueError("no such sound")
            tone.element[tone.elements] = progress_element(sound, least, most, nominal, gain)
            tone.elements += 1
        self.plan.tones += 1

    def address(self):
        """Where the `struct progress_plan` is, for C that runs for as long as this object is kept."""
        return <uintptr_t>&self.plan


cdef class ProgressRx:
    """One channel's detector."""

    cdef progress progress
    cdef ProgressPlan plan

    def __cinit__(self, ProgressPlan plan not None):
        self.plan = plan
        progress_init(&self.progress, &plan.plan)

    def feed(self, const int16_t[::1] samples not None):
        """Any number of samples; gives (kind, tone, ended, start_sample, end_sample, bursts) of what was found."""
        cdef progress_finding out[MOST]
        cdef Py_ssize_t at = 0, total = samples.shape[0]
        cdef int count, found, i
        findings = []
        while at < total:
            count = <int>min(total - at, PIECE)
            with nogil:
                found = progress_feed(&self.progress, &samples[at], count, out, MOST)
            for i in range(found):
                findings.append(
                    (
                        <int>out[i].kind,
                        out[i].tone,
                        bool(out[i].ended),
                        out[i].start_sample,
                        out[i].end_sample,
                        out[i].bursts,
                    )
                )
            at += count
        return findings


cdef class BurstRx:
    """One channel's bursts of tone, for learning a line's busy tone."""

    cdef progress_burst_rx rx

    def __cinit__(self):
        progress_burst_init(&self.rx)

    def feed(self, const int16_t[::1] samples not None):
        """Any number of samples; gives (start_sample, end_sample, power, (hz, ...)) of the bursts that ended."""
        cdef progress_heard heard
        cdef Py_ssize_t at = 0, total = samples.shape[0]
        cdef int i
        bursts = []
        while at < total:
            with nogil:
                at += progress_burst_take(&self.rx, &samples[at], <int>min(total - at, PIECE), &heard)
            if heard.ended:
                hz = tuple(heard.burst.sound.hz[i] for i in range(heard.burst.sound.lines))
                bursts.append((heard.burst.start_sample, heard.burst.end_sample, heard.burst.power, hz))
        return bursts
