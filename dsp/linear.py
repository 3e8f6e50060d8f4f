"""Linear sound as modems send it (ITU-T V.253 voice modes and vendors' own) to 16-bit samples and back.

The forms, the rounding and the saturation are described and done in dsp/_native/linear.h.
"""

from enum import Enum

from dsp._native import linear_codec


class Form(Enum):
    """How a sample is written. 14 bits come in two bytes, low byte first."""

    S16LE = "s16le"
    S16BE = "s16be"
    S14_LEFT = "s14-left"  # a multiple of 4; the two low bits are not looked at
    S14_RIGHT = "s14-right"  # -8192 to 8191
    U8 = "u8"  # 0x80 is zero
    S8 = "s8"

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample."""
        return linear_codec.sample_bytes(self.value)


def decode(data: bytes, form: Form) -> bytes:
    """Samples, s16 in host order. Raises ValueError for half a sample at the end."""
    return linear_codec.decode(_whole(data, form.sample_bytes), form.value)


def encode(samples: bytes, form: Form) -> bytes:
    """s16 samples in host order, in another form: rounded to the nearest, halves away from zero, saturating.

    Raises ValueError for half a sample at the end.
    """
    return linear_codec.encode(_whole(samples, 2), form.value)


def _whole(data: bytes, sample_bytes: int) -> bytes:
    if len(data) % sample_bytes:
        raise ValueError(
            f"linear: {len(data)} bytes are not whole samples of {sample_bytes} bytes. "
            "Keep the last byte for the next call."
        )
    return bytes(data)
