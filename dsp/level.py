"""Levels in dBm0: how loud a channel is now and was, its peak, its clipping, and its active speech level.

Done by dsp/_native/level.c. As a program, `python -m dsp.level` reads s16le 8 kHz mono from standard input
and prints `seconds now_dbm0 peak clipped_samples` every second, and at the end `mean M speech S activity A`.
"""

import argparse
import sys
from dataclasses import dataclass

from dsp._native.voice_parts import LevelMeter, SpeechLevelMeter
from dsp.samples import Bytes, stream, whole

RATE = 8000  # samples a second
FLOOR_DBM0 = -90.0  # what silence reads; one sample step is -84
FAST_SECONDS = 0.125  # time constant, the "fast" of sound level meters


@dataclass(frozen=True, slots=True)
class Reading:
    """Unweighted levels. `peak` is in sample steps (to 32768), `clipped` counts samples from 32124 up."""

    now_dbm0: float
    mean_dbm0: float
    peak: int
    clipped: int


class Meter:
    """Level of a channel: now (averaged in `time_constant_seconds`, 5 ms at least) and since it was made."""

    def __init__(self, time_constant_seconds: float = FAST_SECONDS) -> None:
        self._meter = LevelMeter(time_constant_seconds)

    def feed(self, samples: Bytes) -> None:
        """Any number of s16 samples."""
        self._meter.feed(whole(samples))

    def reading(self) -> Reading:
        """What is known so far."""
        return Reading(*self._meter.reading())


class SpeechMeter:
    """Active speech level, ITU-T P.56 method B: that of the speech without its pauses. Remove DC first."""

    def __init__(self) -> None:
        self._meter = SpeechLevelMeter()

    def feed(self, samples: Bytes) -> None:
        """Any number of s16 samples."""
        self._meter.feed(whole(samples))

    @property
    def level_dbm0(self) -> float:
        """Active speech level; FLOOR_DBM0 when there was none."""
        return self._meter.reading()[0]

    @property
    def activity(self) -> float:
        """Share of the time that somebody spoke, 0 to 1."""
        return self._meter.reading()[1]


def main() -> None:
    """`python -m dsp.level`."""
    argparse.ArgumentParser(
        prog="python -m dsp.level",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    meter, speech, count = Meter(), SpeechMeter(), 0
    for piece in stream(sys.stdin.fileno()):
        meter.feed(piece)
        speech.feed(piece)
        before, count = count, count + len(piece) // 2
        if count // RATE > before // RATE:
            read = meter.reading()
            _say(f"{count // RATE} {read.now_dbm0:.1f} {read.peak} {read.clipped}")
    mean = meter.reading().mean_dbm0
    _say(f"mean {mean:.1f} speech {speech.level_dbm0:.1f} activity {speech.activity:.2f}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
