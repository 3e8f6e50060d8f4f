# cython: boundscheck=False
# (the one index, where a piece begins, is below the length by its loop)
# distutils: sources = dsp/_native/baudot.c dsp/_native/baudot_send.c
# distutils: depends = dsp/_native/baudot.h dsp/_native/baudot_send.h dsp/_native/baudot_code.h
"""The text telephone of baudot.c and baudot_send.c for Python; dsp/text_telephone.py is the module to use."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int16_t, uint32_t, uint64_t


cdef extern from "baudot.h":
    struct baudot_character:
        char character
        uint64_t start_sample

    struct baudot_rx:
        pass

    void baudot_rx_init(baudot_rx *rx, int baud) nogil
    int baudot_rx_feed(
        baudot_rx *rx, const int16_t *samples, int count, baudot_character *out, int max_out
    ) nogil
    void baudot_rx_mute(baudot_rx *rx, uint32_t samples) nogil
    int baudot_rx_baud(const baudot_rx *rx) nogil
    int baudot_rx_caller(const baudot_rx *rx) nogil


cdef extern from "baudot_send.h":
    struct baudot_tx:
        pass

    void baudot_tx_init(baudot_tx *tx, int baud, float level_dbm0) nogil
    int baudot_tx_put(baudot_tx *tx, const char *text, int count) nogil
    void baudot_tx_fill(baudot_tx *tx, int16_t *out, int count) nogil
    int baudot_tx_busy(const baudot_tx *tx) nogil


cdef enum:
    PIECE = 1600  # samples handed over at a time
    MOST = 3  # characters in a piece: PIECE / 1000 + 1, rounded up


cdef class BaudotRx:
    """One channel's receiver."""

    cdef baudot_rx rx

    state_bytes = sizeof(baudot_rx)

    def __cinit__(self, int baud):
        baudot_rx_init(&self.rx, baud)

    def feed(self, const int16_t[::1] samples not None):
        """Any number of samples; gives (character, start_sample) of the characters that ended."""
        cdef baudot_character out[MOST]
        cdef Py_ssize_t at = 0, total = samples.shape[0]
        cdef int count, found, i
        characters = []
        while at < total:
            count = <int>min(total - at, PIECE)
            with nogil:
                found = baudot_rx_feed(&self.rx, &samples[at], count, out, MOST)
            for i in range(found):
                characters.append((chr(out[i].character), out[i].start_sample))
            at += count
        return characters

    def mute(self, uint32_t samples):
        """Forgets what is no whole character yet, and does not receive the next samples."""
        baudot_rx_mute(&self.rx, samples)

    @property
    def baud(self):
        """45 or 50, 0 before the first character."""
        return baudot_rx_baud(&self.rx)

    @property
    def caller(self):
        """True once the caller is known to be at a text telephone."""
        return bool(baudot_rx_caller(&self.rx))


cdef class BaudotTx:
    """One channel's sender."""

    cdef baudot_tx tx

    state_bytes = sizeof(baudot_tx)

    def __cinit__(self, int baud, float level_dbm0):
        baudot_tx_init(&self.tx, baud, level_dbm0)

    def put(self, bytes text not None):
        """Takes as much of the ASCII text as there is room for; gives how many characters it took."""
        return baudot_tx_put(&self.tx, PyBytes_AS_STRING(text), <int>min(len(text), 1 << 16))

    def fill(self, int count):
        """The next samples, as bytes."""
        if count < 0:
            raise ValueError(f"samples: {count} is below 0. Ask for 0 or more.")
        out = PyBytes_FromStringAndSize(NULL, 2 * <Py_ssize_t>count)
        cdef int16_t *samples = <int16_t *>PyBytes_AS_STRING(out)
        with nogil:
            baudot_tx_fill(&self.tx, samples, count)
        return out

    @property
    def busy(self):
        """True while there is carrier on the line or text to be sent."""
        return bool(baudot_tx_busy(&self.tx))
