"""Comfort noise: what a line's noise is like, its RFC 3389 payload, and noise like it.

Done by dsp/_native/comfort_noise.c.
"""

from dataclasses import dataclass

from dsp._native import voice_parts
from dsp.samples import Bytes, whole

MOST_COEFFICIENTS = 10


@dataclass(frozen=True, slots=True)
class Noise:
    """Level, and reflection coefficients (each between -1 and 1) of 1 / (1 + sum a_i z^-i); none: white."""

    level_dbm0: float
    reflection: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.reflection) > MOST_COEFFICIENTS or any(abs(k) >= 1 for k in self.reflection):
            raise ValueError(
                f"reflection: {self.reflection} is no model. Use up to 10 values between -1 and 1."
            )

    def payload(self) -> bytes:
        """RFC 3389: a byte of level (0 to -127 dBov; 0 dBov is 6.15 dBm0), a byte a coefficient."""
        return voice_parts.to_payload(self.level_dbm0, self.reflection)


def from_payload(payload: Bytes) -> Noise:
    """What an RFC 3389 payload says; any bytes. Coefficients beyond ten are left out, as the RFC allows."""
    return Noise(*voice_parts.from_payload(memoryview(payload).cast("B")))


class Analyser:
    """Learns from noise alone; averages over half a second."""

    def __init__(self) -> None:
        self._analyser = voice_parts.CnAnalyser()

    def feed(self, samples: Bytes) -> None:
        """Any number of s16 samples in which nobody speaks."""
        self._analyser.feed(whole(samples))

    def noise(self) -> Noise:
        """What it was like; -90 dBm0 and white before the first 20 ms."""
        return Noise(*self._analyser.result())


class Generator:
    """Makes noise; the same seed makes the same samples."""

    def __init__(self, noise: Noise, seed: int = 1) -> None:
        self._generator = voice_parts.CnGenerator(seed & 0xFFFFFFFF)
        self.change(noise)

    def change(self, noise: Noise) -> None:
        """From now on like this; it gets there smoothly within 100 ms."""
        self._generator.set(noise.level_dbm0, noise.reflection)

    def fill(self, samples: int) -> bytes:
        """The next samples, s16."""
        return self._generator.fill(samples)
