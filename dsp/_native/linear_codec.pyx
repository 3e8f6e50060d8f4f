# distutils: sources = dsp/_native/linear.c
# distutils: depends = dsp/_native/linear.h
"""The conversions of linear.c for Python; dsp/linear.py is the module to use."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int16_t, uint8_t


cdef extern from "linear.h" nogil:
    enum linear_form:
        LINEAR_S16LE
        LINEAR_S16BE
        LINEAR_S14_LEFT
        LINEAR_S14_RIGHT
        LINEAR_U8
        LINEAR_S8

    size_t linear_bytes(linear_form form)
    void linear_to_s16(linear_form form, int16_t *to, const uint8_t *source, size_t count)
    void linear_from_s16(linear_form form, uint8_t *to, const int16_t *source, size_t count)


FORMS = {
    "s16le": LINEAR_S16LE,
    "s16be": LINEAR_S16BE,
    "s14-left": LINEAR_S14_LEFT,
    "s14-right": LINEAR_S14_RIGHT,
    "u8": LINEAR_U8,
    "s8": LINEAR_S8,
}


def sample_bytes(str form not None):
    """Bytes of one sample; KeyError for what is not in FORMS."""
    return linear_bytes(<linear_form>FORMS[form])


def decode(bytes data not None, str form not None):
    """Samples (s16, host order) of whole samples in `form`."""
    cdef linear_form number = <linear_form>FORMS[form]
    cdef size_t count = len(data) // linear_bytes(number)
    cdef bytes made = PyBytes_FromStringAndSize(NULL, 2 * count)
    cdef int16_t *to = <int16_t *>PyBytes_AS_STRING(made)
    cdef const uint8_t *source = <const uint8_t *>PyBytes_AS_STRING(data)
    with nogil:
        linear_to_s16(number, to, source, count)
    return made


def encode(bytes samples not None, str form not None):
    """Whole s16 samples in `form`."""
    cdef linear_form number = <linear_form>FORMS[form]
    cdef size_t count = len(samples) // 2
    cdef bytes made = PyBytes_FromStringAndSize(NULL, count * linear_bytes(number))
    cdef uint8_t *to = <uint8_t *>PyBytes_AS_STRING(made)
    cdef const int16_t *source = <const int16_t *>PyBytes_AS_STRING(samples)
    with nogil:
        linear_from_s16(number, to, source, count)
    return made
