"""G.711, A-law and mu-law, both ways, by tables derived here from the Recommendation.

ITU-T G.711 gives decision values (tables 1a and 2a) and one output value in the middle of each interval.
It does not say to which side an input exactly on a decision value belongs; here, and in the ITU's own
software (G.191, which takes the one's complement of a negative input), an interval holds its lower end.

CPython's audioop is the same for A-law. For mu-law it differs at 508 inputs, all negative, because it drops
the two low bits, towards minus infinity, before it looks at the sign: at 388 of them its output is farther
from the input than ours (-1 becomes -8, not 0); 120 lie in the middle of two outputs, equally far from both.
"""

from array import array
from enum import Enum
from functools import cache


class Law(Enum):
    """The two laws of G.711."""

    ALAW = "alaw"
    ULAW = "ulaw"


def alaw_encode(samples: bytes) -> bytes:
    """s16 samples (host order) to A-law, one byte each."""
    return _encode(samples, Law.ALAW)


def alaw_decode(data: bytes) -> bytes:
    """A-law bytes to s16 samples (host order)."""
    return _decode(data, Law.ALAW)


def ulaw_encode(samples: bytes) -> bytes:
    """s16 samples (host order) to mu-law, one byte each."""
    return _encode(samples, Law.ULAW)


def ulaw_decode(data: bytes) -> bytes:
    """Mu-law bytes to s16 samples (host order)."""
    return _decode(data, Law.ULAW)


def _encode(samples: bytes, law: Law) -> bytes:
    table = _encode_table(law)
    return bytes([table[sample] for sample in memoryview(samples).cast("B").cast("h")])


def _decode(data: bytes, law: Law) -> bytes:
    table = _decode_table(law)
    return array("h", [table[code] for code in data]).tobytes()


def _decision_values(law: Law) -> list[int]:
    """x(0) to x(128) of the positive side, in steps of 16 bits."""
    values = [0]
    for segment in range(8):
        for step in range(16):
            if law is Law.ALAW:  # full scale 4096; two segments of step 2, then each doubles
                values.append(values[-1] + 8 * (2 << max(0, segment - 1)))
            else:  # full scale 8159; each segment doubles, and the very first step is half
                values.append(values[-1] + 4 * (1 if segment == step == 0 else 2 << segment))
    return values


def _code(law: Law, interval: int, negative: bool) -> int:
    """The byte sent for an interval, 0 the nearest to zero."""
    if law is Law.ALAW:  # sign bit 1 is positive; even bits inverted
        return (interval if negative else interval | 0x80) ^ 0x55
    return (0x7F if negative else 0xFF) - interval


@cache
def _encode_table(law: Law) -> bytes:
    """Byte for each 16-bit sample; index -1 is sample -1, as Python counts from the end."""
    table = bytearray(65536)
    edges = _decision_values(law)
    for interval in range(128):
        first, last = edges[interval], edges[interval + 1]
        if interval == 127:  # and everything beyond
            last = 32768
        table[first:last] = bytes([_code(law, interval, negative=False)]) * (last - first)
        table[65536 - last : 65536 - first] = bytes([_code(law, interval, negative=True)]) * (last - first)
    return bytes(table)


@cache
def _decode_table(law: Law) -> tuple[int, ...]:
    """Sample for each byte."""
    table = [0] * 256
    edges = _decision_values(law)
    for interval in range(128):
        middle = (edges[interval] + edges[interval + 1]) // 2
        if law is Law.ULAW and interval == 0:
            middle = 0  # table 2a: y(0) = 0
        table[_code(law, interval, negative=False)] = middle
        table[_code(law, interval, negative=True)] = -middle
    return tuple(table)
