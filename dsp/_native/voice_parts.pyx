# cython: boundscheck=False
# (every index is below a length that was asked for just before)
# distutils: sources = dsp/_native/level.c dsp/_native/vad.c dsp/_native/spectrum.c dsp/_native/agc.c dsp/_native/comfort_noise.c dsp/_native/plc.c
# distutils: depends = dsp/_native/level.h dsp/_native/dc.h dsp/_native/vad.h dsp/_native/spectrum.h dsp/_native/agc.h dsp/_native/comfort_noise.h dsp/_native/plc.h
"""The small parts of a voice channel for Python; the modules to use are dsp/level.py, dc.py, vad.py, agc.py,
comfort_noise.py and plc.py. Samples are any buffer of s16; what comes out is bytes of s16."""

from cpython.bytes cimport PyBytes_AS_STRING
from libc.stdint cimport int16_t, uint8_t, uint32_t, uint64_t


cdef extern from "level.h":
    struct level:
        int peak
        uint64_t clipped
        uint64_t samples

    struct speech_level:
        pass

    void level_init(level *meter, float time_constant_seconds)
    void level_feed(level *meter, const int16_t *samples, int count) nogil
    float level_now_dbm0(const level *meter)
    float level_mean_dbm0(const level *meter)
    void speech_level_init(speech_level *meter)
    void speech_level_feed(speech_level *meter, const int16_t *samples, int count) nogil
    float speech_level_dbm0(const speech_level *meter)
    float speech_level_activity(const speech_level *meter)

cdef extern from "dc.h":
    struct dc:
        int sum

    void dc_init(dc *state)
    void dc_remove(dc *state, const int16_t *samples, int16_t *out, int count) nogil

cdef extern from "vad.h":
    struct vad:
        bint active
        bint tone

    enum: VAD_HOP

    void vad_init(vad *state)
    bint vad_feed(vad *state, const int16_t *samples, int count) nogil

cdef extern from "agc.h":
    struct agc:
        float gain_db

    void agc_init(agc *state, float target_dbm0, float most_gain_db)
    void agc_run(agc *state, const int16_t *samples, int16_t *out, int count) nogil

cdef extern from "comfort_noise.h":
    struct cn:
        float level_dbm0
        float *reflection

    struct cn_analyser:
        int blocks

    struct cn_generator:
        pass

    enum: CN_ORDER, CN_MOST_PAYLOAD

    void cn_analyser_init(cn_analyser *state)
    void cn_analyser_feed(cn_analyser *state, const int16_t *samples, int count) nogil
    cn cn_analyser_result(const cn_analyser *state)
    int cn_to_payload(const cn *noise, int order, uint8_t *payload)
    cn cn_from_payload(const uint8_t *payload, int count)
    void cn_generator_init(cn_generator *state, uint32_t seed)
    void cn_generator_set(cn_generator *state, const cn *noise)
    void cn_generator_fill(cn_generator *state, int16_t *out, int count) nogil

cdef extern from "plc.h":
    struct plc:
        pass

    void plc_init(plc *state)
    void plc_good(plc *state, const int16_t *samples, int16_t *out, int count) nogil
    bint plc_lost(plc *state, int16_t *out, int count) nogil


BYTES = {
    "level": sizeof(level), "speech_level": sizeof(speech_level), "dc": sizeof(dc), "vad": sizeof(vad),
    "agc": sizeof(agc), "cn": sizeof(cn), "cn_analyser": sizeof(cn_analyser),
    "cn_generator": sizeof(cn_generator), "plc": sizeof(plc),
}  # memory of a channel


cdef int16_t *room(bytes out):
    return <int16_t *>PyBytes_AS_STRING(out)


cdef class LevelMeter:
    cdef level meter

    def __cinit__(self, float time_constant_seconds):
        level_init(&self.meter, time_constant_seconds)

    def feed(self, const int16_t[::1] samples not None):
        if samples.shape[0]:
            level_feed(&self.meter, &samples[0], <int>samples.shape[0])

    def reading(self):
        return (level_now_dbm0(&self.meter), level_mean_dbm0(&self.meter), self.meter.peak, self.meter.clipped)


cdef class SpeechLevelMeter:
    cdef speech_level meter

    def __cinit__(self):
        speech_level_init(&self.meter)

    def feed(self, const int16_t[::1] samples not None):
        if samples.shape[0]:
            speech_level_feed(&self.meter, &samples[0], <int>samples.shape[0])

    def reading(self):
        return speech_level_dbm0(&self.meter), speech_level_activity(&self.meter)


cdef class DcRemover:
    cdef dc state

    def __cinit__(self):
        dc_init(&self.state)

    def run(self, const int16_t[::1] samples not None):
        cdef bytes out = bytes(2 * samples.shape[0])
        if samples.shape[0]:
            dc_remove(&self.state, &samples[0], room(out), <int>samples.shape[0])
        return out


cdef class Vad:
    cdef vad state

    def __cinit__(self):
        vad_init(&self.state)

    def feed(self, const int16_t[::1] samples not None):
        if samples.shape[0]:
            vad_feed(&self.state, &samples[0], <int>samples.shape[0])
        return self.state.active, self.state.tone


cdef class Agc:
    cdef agc state

    def __cinit__(self, float target_dbm0, float most_gain_db):
        agc_init(&self.state, target_dbm0, most_gain_db)

    @property
    def gain_db(self):
        return self.state.gain_db

    def run(self, const int16_t[::1] samples not None):
        cdef bytes out = bytes(2 * samples.shape[0])
        if samples.shape[0]:
            agc_run(&self.state, &samples[0], room(out), <int>samples.shape[0])
        return out


cdef cn as_cn(float level_dbm0, reflection):
    cdef cn noise
    noise.level_dbm0 = level_dbm0
    for i in range(CN_ORDER):
        noise.reflection[i] = reflection[i] if i < len(reflection) else 0.0
    return noise


cdef tuple as_tuple(const cn *noise):
    return noise.level_dbm0, tuple([noise.reflection[i] for i in range(CN_ORDER)])


def to_payload(float level_dbm0, reflection):
    cdef cn noise = as_cn(level_dbm0, reflection)
    cdef uint8_t out[CN_MOST_PAYLOAD]
    cdef int count = cn_to_payload(&noise, min(len(reflection), CN_ORDER), out)
    return (<const char *>out)[:count]


def from_payload(const uint8_t[::1] payload not None):
    cdef cn noise = cn_from_payload(&payload[0] if payload.shape[0] else NULL, <int>payload.shape[0])
    return as_tuple(&noise)


cdef class CnAnalyser:
    cdef cn_analyser state

    def __cinit__(self):
        cn_analyser_init(&self.state)

    def feed(self, const int16_t[::1] samples not None):
        if samples.shape[0]:
            cn_analyser_feed(&self.state, &samples[0], <int>samples.shape[0])

    def result(self):
        cdef cn noise = cn_analyser_result(&self.state)
        return as_tuple(&noise)


cdef class CnGenerator:
    cdef cn_generator state

    def __cinit__(self, uint32_t seed):
        cn_generator_init(&self.state, seed)

    def set(self, float level_dbm0, reflection):
        cdef cn noise = as_cn(level_dbm0, reflection)
        cn_generator_set(&self.state, &noise)

    def fill(self, int count):
        cdef bytes out = bytes(2 * count)
        cn_generator_fill(&self.state, room(out), count)
        return out


cdef class Plc:
    cdef plc state

    def __cinit__(self):
        plc_init(&self.state)

    def good(self, const int16_t[::1] samples not None):
        cdef bytes out = bytes(2 * samples.shape[0])
        if samples.shape[0]:
            plc_good(&self.state, &samples[0], room(out), <int>samples.shape[0])
        return out

    def lost(self, int count):
        cdef bytes out = bytes(2 * count)
        return out, plc_lost(&self.state, room(out), count)
