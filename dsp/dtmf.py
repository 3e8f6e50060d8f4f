"""DTMF: the digits in 8 kHz samples, and the samples of digits.

The receiver is dsp/_native/dtmf.c. As a program, `python -m dsp.dtmf` reads s16le 8 kHz mono from standard
input and prints `digit start_sample end_sample`, a line as soon as each is known.
"""

import argparse
import math
import sys
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dsp._native.dtmf_rx import DtmfGroup
from dsp.samples import Pieces, stream

RATE = 8000  # samples a second
LOW_HZ = (697, 770, 852, 941)  # ITU-T Q.23
HIGH_HZ = (1209, 1336, 1477, 1633)
KEYS = "123A456B789C*0#D"
AMPLITUDE_0DBM0 = 32767 * 10 ** (-3.14 / 20)  # of a sine of 0 dBm0, ITU-T G.711 A-law
FLUSH_SAMPLES = 400  # 50 ms: an end is known 35 ms after it


@dataclass(frozen=True, slots=True)
class Digit:
    """One key press. Samples count from the receiver's first; `end_sample` is the first after the tone."""

    digit: str
    start_sample: int
    end_sample: int


class Receiver:
    """Finds digits in one channel; each is reported once, at most 35 ms after its tone ended."""

    def __init__(self) -> None:
        self._group = DtmfGroup()
        self._pieces = Pieces()

    def feed(self, samples: bytes | bytearray | memoryview) -> list[Digit]:
        """Any number of bytes of s16 samples, host order; half a sample waits for its other half."""
        found = self._group.feed([self._pieces.take(samples)])
        return [Digit(digit, start, end) for _, digit, start, end in found]

    def flush(self) -> list[Digit]:
        """At the end of the samples: a digit that sounds to the very end. (Silence brings it out.)"""
        return self.feed(self._pieces.silence(FLUSH_SAMPLES))


def generate(
    digits: str, on_ms: float = 100, off_ms: float = 100, level_dbm0: float = -9.0, twist_db: float = 2.0
) -> bytes:
    """Samples (s16, 8 kHz) of the digits, each with its pause after it.

    `level_dbm0` is of the stronger tone of the two. `twist_db` is how far the low tone is below the high one,
    negative for the other way round. Raises ValueError for a sign that is no key.
    """
    out = array("h")
    for digit in digits:
        if digit not in KEYS:
            raise ValueError(f"digits: {digit!r} is no key of a telephone. Use 0-9 * # A B C D.")
        out.extend(_key(digit, round(on_ms * RATE / 1000), level_dbm0, twist_db))
        out.frombytes(bytes(2 * round(off_ms * RATE / 1000)))
    return out.tobytes()


def _key(digit: str, count: int, level_dbm0: float, twist_db: float) -> Iterator[int]:
    row, column = divmod(KEYS.index(digit), 4)
    low = AMPLITUDE_0DBM0 * 10 ** ((level_dbm0 - max(0.0, twist_db)) / 20)
    high = AMPLITUDE_0DBM0 * 10 ** ((level_dbm0 + min(0.0, twist_db)) / 20)
    for n in range(count):
        turn = 2 * math.pi * n / RATE
        value = low * math.sin(turn * LOW_HZ[row]) + high * math.sin(turn * HIGH_HZ[column])
        yield max(-32768, min(32767, round(value)))


def listen(pieces: Iterable[bytes]) -> Iterator[Digit]:
    """The digits of samples that come in pieces of any length, each as soon as it is known."""
    receiver = Receiver()
    for piece in pieces:
        yield from receiver.feed(piece)
    yield from receiver.flush()


def main() -> None:
    """`python -m dsp.dtmf`: s16le, 8 kHz, mono on standard input; a line a digit on standard output."""
    parser = argparse.ArgumentParser(
        prog="python -m dsp.dtmf",
        description="Finds DTMF digits in s16le 8 kHz mono on standard input. Prints `digit start_sample"
        " end_sample` a line, as soon as each is known: at most 35 ms after its tone ended.",
        epilog="Other formats: sox FILE -t raw -r 8000 -c 1 -b 16 -e signed - | python -m dsp.dtmf",
    )
    _, unknown = parser.parse_known_args()
    if unknown:
        parser.error(f"{unknown[0]!r} is no option or argument. It takes none: pipe the samples in.")
    for found in listen(stream(sys.stdin.fileno())):
        sys.stdout.write(f"{found.digit} {found.start_sample} {found.end_sample}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
