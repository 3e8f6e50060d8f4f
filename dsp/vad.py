"""Voice-activity detection: when somebody speaks, or a tone sounds. Done by dsp/_native/vad.c.

As a program, `python -m dsp.vad` reads s16le 8 kHz mono from standard input and prints
`start_sample end_sample`, a line as soon as each activity has ended.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dsp._native.voice_parts import Vad
from dsp.samples import Bytes, stream, whole

HOP_SAMPLES = 80  # 10 ms: one decision


@dataclass(frozen=True, slots=True)
class Heard:
    """The latest 10 ms. `active` begins 40-60 ms late and lasts 200 ms longer; a tone is active too."""

    active: bool
    tone: bool


class Detector:
    """Listens to one channel. It knows nothing yet for 16 ms."""

    def __init__(self) -> None:
        self._vad = Vad()

    def feed(self, samples: Bytes) -> Heard:
        """Any number of s16 samples; the latest decision."""
        return Heard(*self._vad.feed(whole(samples)))


def activities(pieces: Iterable[bytes]) -> Iterator[tuple[int, int]]:
    """(start, end) of each activity, in samples as decided, hangover included; pieces of any length."""
    detector, at, start = Detector(), 0, -1
    for piece in pieces:
        for offset in range(0, len(piece), 2 * HOP_SAMPLES):
            part = piece[offset : offset + 2 * HOP_SAMPLES]
            active = detector.feed(part).active
            at += len(part) // 2
            if active and start < 0:
                start = at
            elif not active and start >= 0:
                yield start, at
                start = -1
    if start >= 0:
        yield start, at


def main() -> None:
    """`python -m dsp.vad`."""
    argparse.ArgumentParser(
        prog="python -m dsp.vad",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    for start, end in activities(stream(sys.stdin.fileno())):
        sys.stdout.write(f"{start} {end}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
