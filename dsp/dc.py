"""Takes the constant offset off a channel, as serial codecs add one. Done by dsp/_native/dc.h."""

from dsp._native.voice_parts import DcRemover
from dsp.samples import Bytes, whole


class Remover:
    """High-pass of 20 Hz for one channel: 200 Hz and up pass within 0.07 dB, nothing of an offset is left."""

    def __init__(self) -> None:
        self._remover = DcRemover()

    def run(self, samples: Bytes) -> bytes:
        """The same number of s16 samples without the offset; no delay."""
        return self._remover.run(whole(samples))
