"""8 kHz to 16 or 48 kHz and back, for sound cards and wide-band files: dsp/_native/resample.h in Python.

Not here: clocks that drift (the engine corrects those itself), and other ratios (sox makes such files).
"""

from dsp._native import resample_fir
from dsp.samples import Pieces

RATES = (16000, 48000)  # that 8000 is turned into and made from
FROM_OR_TO = 8000


class Resampler:
    """One channel. Pieces of any length give what one piece of all gives."""

    def __init__(self, from_rate: int, to_rate: int) -> None:
        """Raises ValueError for another pair of rates than 8000 and one of RATES."""
        other = to_rate if from_rate == FROM_OR_TO else from_rate
        if FROM_OR_TO not in (from_rate, to_rate) or other not in RATES:
            raise ValueError(
                f"resample: {from_rate} to {to_rate} Hz. One must be 8000, the other 16000 or 48000; "
                "for other rates convert the file with sox."
            )
        up = from_rate == FROM_OR_TO
        self._fir = (resample_fir.Up if up else resample_fir.Down)(other // FROM_OR_TO)
        # Of the sound, not of its arrival: in samples of 8 kHz, and in seconds.
        self.delay_samples = resample_fir.UP_DELAY if up else resample_fir.DOWN_DELAY
        self.delay_seconds = self.delay_samples / FROM_OR_TO
        self._pieces = Pieces()

    def feed(self, samples: bytes | bytearray | memoryview) -> bytes:
        """Any number of bytes of s16 samples, host order; half a sample waits for its other half."""
        return self._fir.feed(self._pieces.take(samples).tobytes())
