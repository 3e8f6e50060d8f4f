"""Packet-loss concealment: fills what did not arrive, and joins what comes after (dsp/_native/plc.c)."""

from dsp._native.voice_parts import Plc
from dsp.samples import Bytes, whole


class Concealer:
    """One channel's. Every piece of time is handed in once: `good` when it came, `lost` when it did not."""

    def __init__(self) -> None:
        self._plc = Plc()

    def good(self, samples: Bytes) -> bytes:
        """The same s16 samples; right after a gap they are joined to what filled it."""
        return self._plc.good(whole(samples))

    def lost(self, samples: int) -> bytes:
        """That many samples instead; silence from 60 ms on."""
        return self._plc.lost(samples)[0]
