# distutils: sources = dsp/_native/tone.c
# distutils: depends = dsp/_native/tone.h
"""The tone generator of tone.c for Python; dsp/tones.py is the module to use."""

from cpython.bytes cimport PyBytes_AS_STRING
from libc.stdint cimport int16_t


cdef extern from "tone.h":
    struct tone_plan:
        pass

    struct tone_gen:
        pass

    int tone_plan_parse(const char *spec, tone_plan *plan)
    void tone_gen_init(tone_gen *gen, const tone_plan *plan, double level_dbm0)
    int tone_gen_fill(tone_gen *gen, int16_t *out, int count) nogil


cdef class ToneGen:
    """Plays one plan; ValueError where the text is no plan."""

    cdef tone_gen gen

    def __cinit__(self, bytes spec not None, double level_dbm0):
        cdef tone_plan plan
        if b"\0" in spec or tone_plan_parse(spec, &plan) != 0:
            raise ValueError("no tone plan")
        tone_gen_init(&self.gen, &plan, level_dbm0)

    def fill(self, int count):
        """The next `count` samples as s16 bytes; fewer at the end of a plan that ends."""
        cdef bytes out = bytes(2 * count)
        cdef int16_t *at = <int16_t *>PyBytes_AS_STRING(out)
        cdef int done
        with nogil:
            done = tone_gen_fill(&self.gen, at, count)
        return out[: 2 * done]
