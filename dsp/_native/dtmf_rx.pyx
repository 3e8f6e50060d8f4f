# cython: boundscheck=False
# (the one index, where a piece begins, is below the length by its loop)
# distutils: sources = dsp/_native/dtmf.c
# distutils: depends = dsp/_native/dtmf.h dsp/_native/dtmf_table.h
"""The DTMF receiver of dtmf.c for Python; dsp/dtmf.py is the module to use."""

from libc.stdint cimport int16_t, uint64_t


cdef extern from "dtmf.h":
    struct dtmf_digit:
        char digit
        uint64_t start_sample
        uint64_t end_sample

    struct dtmf_rx:
        pass

    void dtmf_rx_init(dtmf_rx *rx) nogil
    int dtmf_rx_feed(dtmf_rx *rx, const int16_t *samples, int count, dtmf_digit *out, int max_out) nogil


cdef enum:
    PIECE = 1600  # samples handed over at a time
    MOST = 8  # digits in a piece: PIECE / 240 + 1


cdef class DtmfRx:
    """One channel's receiver."""

    cdef dtmf_rx rx

    def __cinit__(self):
        dtmf_rx_init(&self.rx)

    def feed(self, const int16_t[::1] samples not None):
        """Any number of samples; gives (digit, start_sample, end_sample) of the digits that ended."""
        cdef dtmf_digit out[MOST]
        cdef Py_ssize_t at = 0, total = samples.shape[0]
        cdef int count, found, i
        digits = []
        while at < total:
            count = <int>min(total - at, PIECE)
            with nogil:
                found = dtmf_rx_feed(&self.rx, &samples[at], count, out, MOST)
            for i in range(found):
                digits.append((chr(out[i].digit), out[i].start_sample, out[i].end_sample))
            at += count
        return digits
