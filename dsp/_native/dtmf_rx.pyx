# cython: boundscheck=False, wraparound=False
# (lanes and samples are counted before they are touched)
# distutils: sources = dsp/_native/dtmf.c
# distutils: depends = dsp/_native/dtmf.h dsp/_native/dtmf_bank.h dsp/_native/dtmf_table.h dsp/_native/vector.h
"""The DTMF receivers of dtmf.c for Python; dsp/dtmf.py is the module to use."""

from libc.stdint cimport int16_t, uint64_t


cdef extern from "dtmf.h":
    enum:
        DTMF_LANES

    struct dtmf_digit:
        int lane
        char digit
        uint64_t start_sample
        uint64_t end_sample

    struct dtmf_group:
        pass

    void dtmf_group_init(dtmf_group *group) nogil
    void dtmf_group_begin(dtmf_group *group, int lane) nogil
    int dtmf_group_feed(dtmf_group *group, const int16_t **rows, int count, dtmf_digit *out) nogil


cdef enum:
    PIECE = 1600  # samples handed over at a time
    MOST = 16 * 11  # digits in a piece: DTMF_MOST_DIGITS(PIECE)

LANES = DTMF_LANES
GROUP_BYTES = sizeof(dtmf_group)


cdef class DtmfGroup:
    """The receivers of up to LANES channels, which are fed together."""

    cdef dtmf_group group

    def __cinit__(self):
        dtmf_group_init(&self.group)

    def begin(self, int lane):
        """The lane begins anew, for another channel. Raises IndexError for a lane that is not there."""
        if not 0 <= lane < DTMF_LANES:
            raise IndexError(f"lane {lane}: a group has lanes 0 to {DTMF_LANES - 1}. Use one of them.")
        dtmf_group_begin(&self.group, lane)

    def feed(self, channels not None):
        """Samples of each lane, all of one length, None for a lane not in use; lanes left out are not in use.

        Gives (lane, digit, start_sample, end_sample) of the digits that ended. Raises ValueError when there are
        too many channels, or they differ in length.
        """
        cdef const int16_t *rows[DTMF_LANES]
        cdef const int16_t *at[DTMF_LANES]
        cdef const int16_t[::1] samples
        cdef dtmf_digit out[MOST]
        cdef Py_ssize_t done = 0, total = -1
        cdef int lane, count, found, i
        if len(channels) > DTMF_LANES:
            raise ValueError(f"{len(channels)} channels: a group has {DTMF_LANES}. Use more groups.")
        held = []  # keeps the buffers while they are read
        for lane in range(DTMF_LANES):
            rows[lane] = NULL
            if lane >= len(channels) or channels[lane] is None:
                continue
            samples = channels[lane]
            held.append(samples)
            if total >= 0 and samples.shape[0] != total:
                raise ValueError(
                    f"lane {lane}: {samples.shape[0]} samples, others {total}. Feed all lanes the same number."
                )
            total = samples.shape[0]
            if total > 0:
                rows[lane] = &samples[0]
        digits = []
        while done < total:
            count = <int>min(total - done, PIECE)
            for lane in range(DTMF_LANES):
                at[lane] = rows[lane] + done if rows[lane] != NULL else NULL
            with nogil:
                found = dtmf_group_feed(&self.group, at, count, out)
            for i in range(found):
                digits.append((out[i].lane, chr(out[i].digit), out[i].start_sample, out[i].end_sample))
            done += count
        return digits
