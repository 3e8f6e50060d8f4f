# cython: boundscheck=False
# (the one index, where the samples begin, is only taken when there is one)
# distutils: sources = dsp/_native/echo.c dsp/_native/echo_residual.c
# distutils: depends = dsp/_native/echo.h dsp/_native/echo_residual.h dsp/_native/echo_fft.h dsp/_native/echo_learn.h dsp/_native/saturate.h
"""The line echo canceller of echo.c for Python; dsp/echo.py is the module to use."""

from libc.stdint cimport int16_t
from libc.stdlib cimport free, malloc


cdef extern from "echo.h":
    struct echo:
        pass

    struct echo_status_c "echo_status":
        float erle_db
        int double_talk
        int converged

    size_t echo_size(int tail_samples) nogil
    void echo_init(echo *ec, int tail_samples, int suppress) nogil
    void echo_cancel(echo *ec, const int16_t *far, const int16_t *near, int16_t *out, int count) nogil
    void read_status "echo_status"(const echo *ec, echo_status_c *status) nogil


cdef class EchoLine:
    """One channel's canceller."""

    cdef echo *ec
    cdef readonly size_t memory_bytes

    def __cinit__(self, int tail_samples, bint suppress):
        self.memory_bytes = echo_size(tail_samples)
        if self.memory_bytes == 0:
            raise ValueError(f"no tail of {tail_samples} samples: give 1 to 1024 samples, 128 ms")
        self.ec = <echo *>malloc(self.memory_bytes)
        if self.ec is NULL:
            raise MemoryError
        echo_init(self.ec, tail_samples, suppress)

    def __dealloc__(self):
        free(self.ec)

    def cancel(self, const int16_t[::1] far not None, const int16_t[::1] near not None,
               int16_t[::1] out not None):
        """Samples of the same time, and as many for the result; the caller has checked their number."""
        cdef int count = <int>far.shape[0]
        if count == 0:
            return
        with nogil:
            echo_cancel(self.ec, &far[0], &near[0], &out[0], count)

    def status(self):
        """(erle_db, double_talk, converged) as echo.h says."""
        cdef echo_status_c found
        read_status(self.ec, &found)
        return found.erle_db, bool(found.double_talk), bool(found.converged)
