# distutils: sources = dsp/_native/resample.c
# distutils: depends = dsp/_native/resample.h
"""The filters of resample.c for Python; dsp/resample.py is the module to use."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int16_t


cdef extern from "resample.h" nogil:
    enum:
        RESAMPLE_UP_DELAY
        RESAMPLE_DOWN_DELAY

    struct resample_filter:
        int ratio

    struct upsampler:
        pass

    struct downsampler:
        int held

    void resample_filter_init(resample_filter *f, int ratio)
    void upsampler_init(upsampler *u)
    void downsampler_init(downsampler *d)
    void upsample(upsampler *u, const resample_filter *f, const int16_t *source, int count, int16_t *out)
    int downsample(downsampler *d, const resample_filter *f, const int16_t *source, int count, int16_t *out)


UP_DELAY = RESAMPLE_UP_DELAY
DOWN_DELAY = RESAMPLE_DOWN_DELAY
UP_BYTES = sizeof(upsampler)
DOWN_BYTES = sizeof(downsampler)
FILTER_BYTES = sizeof(resample_filter)


cdef enum:
    PIECE = 1 << 20  # samples at a time, so that a count fits an int


cdef class Up:
    """8 kHz to `ratio` (2 or 6) times as much."""

    cdef resample_filter filter
    cdef upsampler state

    def __cinit__(self, int ratio):
        resample_filter_init(&self.filter, ratio)
        upsampler_init(&self.state)

    def feed(self, bytes samples not None):
        """Whole s16 samples, any number; `ratio` times as many come back."""
        cdef int ratio = self.filter.ratio
        cdef Py_ssize_t total = len(samples) // 2, at = 0
        cdef bytes made = PyBytes_FromStringAndSize(NULL, 2 * total * ratio)
        cdef int16_t *out = <int16_t *>PyBytes_AS_STRING(made)
        cdef const int16_t *source = <const int16_t *>PyBytes_AS_STRING(samples)
        cdef int count
        with nogil:
            while at < total:
                count = <int>min(total - at, <Py_ssize_t>PIECE)
                upsample(&self.state, &self.filter, source + at, count, out + at * ratio)
                at += count
        return made


cdef class Down:
    """`ratio` (2 or 6) times 8 kHz to 8 kHz."""

    cdef resample_filter filter
    cdef downsampler state

    def __cinit__(self, int ratio):
        resample_filter_init(&self.filter, ratio)
        downsampler_init(&self.state)

    def feed(self, bytes samples not None):
        """Whole s16 samples, any number; one comes back for every `ratio` fed since the start."""
        cdef Py_ssize_t total = len(samples) // 2, at = 0, done = 0
        cdef bytes made = PyBytes_FromStringAndSize(NULL, 2 * ((total + self.state.held) // self.filter.ratio))
        cdef int16_t *out = <int16_t *>PyBytes_AS_STRING(made)
        cdef const int16_t *source = <const int16_t *>PyBytes_AS_STRING(samples)
        cdef int count
        with nogil:
            while at < total:
                count = <int>min(total - at, <Py_ssize_t>PIECE)
                done += downsample(&self.state, &self.filter, source + at, count, out + done)
                at += count
        return made
