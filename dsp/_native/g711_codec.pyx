# distutils: sources = dsp/_native/g711.c
# distutils: depends = dsp/_native/g711.h
"""The codec of g711.c for Python; dsp/g711.py is the module to use."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int16_t, uint8_t


cdef extern from "g711.h" nogil:
    void g711_alaw_from_s16(uint8_t *to, const int16_t *source, size_t count)
    void g711_alaw_to_s16(int16_t *to, const uint8_t *source, size_t count)
    void g711_ulaw_from_s16(uint8_t *to, const int16_t *source, size_t count)
    void g711_ulaw_to_s16(int16_t *to, const uint8_t *source, size_t count)
    void g711_alaw_from_ulaw(uint8_t *to, const uint8_t *source, size_t count)
    void g711_ulaw_from_alaw(uint8_t *to, const uint8_t *source, size_t count)


ctypedef void (*coder)(uint8_t *, const int16_t *, size_t) noexcept nogil
ctypedef void (*decoder)(int16_t *, const uint8_t *, size_t) noexcept nogil
ctypedef void (*changer)(uint8_t *, const uint8_t *, size_t) noexcept nogil


cdef bytes coded(coder code, bytes samples):
    cdef bytes made = PyBytes_FromStringAndSize(NULL, len(samples) // 2)
    cdef uint8_t *to = <uint8_t *>PyBytes_AS_STRING(made)
    cdef const int16_t *source = <const int16_t *>PyBytes_AS_STRING(samples)
    cdef size_t count = len(made)
    with nogil:
        code(to, source, count)
    return made


cdef bytes decoded(decoder decode, bytes data):
    cdef bytes made = PyBytes_FromStringAndSize(NULL, 2 * len(data))
    cdef int16_t *to = <int16_t *>PyBytes_AS_STRING(made)
    cdef const uint8_t *source = <const uint8_t *>PyBytes_AS_STRING(data)
    cdef size_t count = len(data)
    with nogil:
        decode(to, source, count)
    return made


cdef bytes changed(changer change, bytes data):
    cdef bytes made = PyBytes_FromStringAndSize(NULL, len(data))
    cdef uint8_t *to = <uint8_t *>PyBytes_AS_STRING(made)
    cdef const uint8_t *source = <const uint8_t *>PyBytes_AS_STRING(data)
    cdef size_t count = len(data)
    with nogil:
        change(to, source, count)
    return made


def alaw_encode(bytes samples not None):
    return coded(g711_alaw_from_s16, samples)


def alaw_decode(bytes data not None):
    return decoded(g711_alaw_to_s16, data)


def ulaw_encode(bytes samples not None):
    return coded(g711_ulaw_from_s16, samples)


def ulaw_decode(bytes data not None):
    return decoded(g711_ulaw_to_s16, data)


def alaw_from_ulaw(bytes data not None):
    return changed(g711_alaw_from_ulaw, data)


def ulaw_from_alaw(bytes data not None):
    return changed(g711_ulaw_from_alaw, data)
