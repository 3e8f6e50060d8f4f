"""G.711, A-law and mu-law, both ways and from one to the other; the codec is dsp/_native/g711.h.

ITU-T G.711 gives decision values (tables 1a and 2a) and one output value in the middle of each interval.
It does not say to which side an input exactly on a decision value belongs; here, and in the ITU's own
software (G.191, which takes the one's complement of a negative input), an interval holds its lower end.

Where others differ from that, of 65,536 inputs (tests/dsp/test_g711.py, benchmarks/formats.py):

| encoder | A-law | mu-law | who is right |
|---|---|---|---|
| CPython's audioop | 0 | 508 | 381 lie inside another interval: audioop is wrong; 127 on a decision value |
| spandsp 0.0.6 | 0 | 127 | both: all are negative and on a decision value, which is left open |

audioop drops the two low bits towards minus infinity before it looks at the sign: -1 becomes -8, not 0.
All decode alike.
"""

from enum import Enum

from dsp._native import g711_codec


class Law(Enum):
    """The two laws of G.711."""

    ALAW = "alaw"
    ULAW = "ulaw"


def alaw_encode(samples: bytes) -> bytes:
    """s16 samples (host order) to A-law, one byte each. Raises ValueError for half a sample."""
    return g711_codec.alaw_encode(_whole(samples))


def alaw_decode(data: bytes) -> bytes:
    """A-law bytes to s16 samples (host order)."""
    return g711_codec.alaw_decode(bytes(data))


def ulaw_encode(samples: bytes) -> bytes:
    """s16 samples (host order) to mu-law, one byte each. Raises ValueError for half a sample."""
    return g711_codec.ulaw_encode(_whole(samples))


def ulaw_decode(data: bytes) -> bytes:
    """Mu-law bytes to s16 samples (host order)."""
    return g711_codec.ulaw_decode(bytes(data))


def alaw_from_ulaw(data: bytes) -> bytes:
    """Mu-law bytes as A-law bytes, ITU-T G.711 table 3. 16 of 256 bytes do not come back as they were."""
    return g711_codec.alaw_from_ulaw(bytes(data))


def ulaw_from_alaw(data: bytes) -> bytes:
    """A-law bytes as mu-law bytes, ITU-T G.711 table 4. 16 of 256 bytes do not come back as they were."""
    return g711_codec.ulaw_from_alaw(bytes(data))


def _whole(samples: bytes) -> bytes:
    if len(samples) % 2:
        raise ValueError(
            f"G.711: {len(samples)} bytes are not whole 16-bit samples. Keep the last byte for the next call."
        )
    return bytes(samples)
