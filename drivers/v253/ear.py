"""Our own ear while the driver itself listens (dial tone, what becomes of a dialled call).

While a call is up the media engine listens, with the same detector.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drivers.v253.coding import RATE, Coding
from dsp import level, progress, vad

HOP_SAMPLES = 80  # 10 ms
LOUD_DBM0 = -43.0  # quieter than any speech that is meant for a telephone
LEVEL_SECONDS = 0.005  # so that a tone's end is heard at once, unlike by the activity detector


@dataclass(frozen=True)
class Moment:
    """10 ms of the line: what sounds, and tones of the country that began or stopped in them."""

    at: float  # seconds of sound since the ear was opened
    active: bool  # anything, up to 0.3 s longer than it really sounds
    voice: bool = False  # it sounds now, and not like a tone
    began: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()


class Ear:
    """Sound of one line as the modem sends it, in any pieces. Raises ToneError for an unknown zone."""

    def __init__(self, coding: Coding, zone: str) -> None:
        self._coding = coding
        self._tones = progress.Detector(zone)
        self._activity = vad.Detector()
        self._level = level.Meter(LEVEL_SECONDS)
        self._waiting = b""
        self._hops = 0

    def feed(self, sound: bytes) -> Iterator[Moment]:
        """What is heard, hop by hop."""
        samples = self._waiting + self._coding.samples(sound)
        whole = len(samples) - len(samples) % (2 * HOP_SAMPLES)
        self._waiting = samples[whole:]
        for start in range(0, whole, 2 * HOP_SAMPLES):
            yield self._hop(samples[start : start + 2 * HOP_SAMPLES])

    def _hop(self, samples: bytes) -> Moment:
        self._hops += 1
        found = self._tones.feed(samples)
        heard = self._activity.feed(samples)
        self._level.feed(samples)
        return Moment(
            at=self._hops * HOP_SAMPLES / RATE,
            active=heard.active,
            voice=not heard.tone and self._level.reading().now_dbm0 > LOUD_DBM0,
            began=tuple(finding.tone for finding in found if finding.end_sample is None),
            stopped=tuple(finding.tone for finding in found if finding.end_sample is not None),
        )
