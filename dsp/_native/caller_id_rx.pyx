# cython: boundscheck=False
# (the one index, where a piece begins, is below the length by its loop)
# distutils: sources = dsp/_native/caller_id.c dsp/_native/caller_id_alert.c dsp/_native/fsk.c
"""The receivers of caller_id.c and caller_id_alert.c for Python; dsp/caller_id.py is the module to use."""

from libc.stdint cimport int16_t, int64_t, uint8_t


cdef extern from "caller_id.h":
    cdef enum:
        FSK_BLOCK

    enum caller_id_standard:
        CALLER_ID_BELL202
        CALLER_ID_ETSI

    struct caller_id_message:
        uint8_t bytes[258]  # CALLER_ID_MOST
        int count
        int whole
        int checksum_ok
        int64_t start_sample
        int64_t end_sample

    struct caller_id_rx:
        pass

    void caller_id_rx_init(caller_id_rx *rx, caller_id_standard standard) nogil
    int caller_id_rx_feed(caller_id_rx *rx, const int16_t *samples, int count, caller_id_message *out) nogil


cdef extern from "caller_id_alert.h":
    cdef enum:
        ALERT_PART

    struct alert_found:
        int64_t start_sample
        int64_t end_sample

    struct alert_rx:
        pass

    void alert_rx_init(alert_rx *rx) nogil
    int alert_rx_feed(alert_rx *rx, const int16_t *samples, int count, alert_found *out) nogil


cdef class CallerIdRx:
    """One channel's receiver; `is_etsi` for V.23, else Bell 202."""

    cdef caller_id_rx rx

    STATE_BYTES = sizeof(caller_id_rx)

    def __cinit__(self, bint is_etsi):
        caller_id_rx_init(&self.rx, CALLER_ID_ETSI if is_etsi else CALLER_ID_BELL202)

    def feed(self, const int16_t[::1] samples not None):
        """Any number of samples; gives (bytes, whole, checksum_ok, start_sample, end_sample) of messages that ended."""
        cdef caller_id_message out
        cdef Py_ssize_t at = 0, total = samples.shape[0]
        cdef int count, found
        messages = []
        while at < total:
            count = <int>min(total - at, FSK_BLOCK)
            with nogil:
                found = caller_id_rx_feed(&self.rx, &samples[at], count, &out)
            if found:
                messages.append(
                    (
                        out.bytes[: out.count],
                        bool(out.whole),
                        bool(out.checksum_ok),
                        out.start_sample,
                        out.end_sample,
                    )
                )
            at += count
        return messages


cdef class AlertRx:
    """One channel's detector of the alert tone."""

    cdef alert_rx rx

    STATE_BYTES = sizeof(alert_rx)

    def __cinit__(self):
        alert_rx_init(&self.rx)

    def feed(self, const int16_t[::1] samples not None):
        """Any number of samples; gives (start_sample, end_sample) of alerts that ended."""
        cdef alert_found out
        cdef Py_ssize_t at = 0, total = samples.shape[0]
        cdef int count, found
        alerts = []
        while at < total:
            count = <int>min(total - at, ALERT_PART)
            with nogil:
                found = alert_rx_feed(&self.rx, &samples[at], count, &out)
            if found:
                alerts.append((out.start_sample, out.end_sample))
            at += count
        return alerts
