"""Call progress: dial tone, busy, congestion, ring-back, special information in 8 kHz samples.

By zone (config/tones), or busy whatever the zone, or the busy tone that a line was heard to have (`Cadence`).
The detector is dsp/_native/progress.c, what it listens for dsp/progress_plan.py.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from dsp import tones
from dsp._native.progress_rx import BurstRx, ProgressPlan, ProgressRx
from dsp.progress_plan import KINDS, Pattern, any_sit, compiled, pattern, patterns
from dsp.samples import Pieces, stream

ANY = "any"  # instead of a zone
SAMPLES_PER_MS = 8
LEAST_BURSTS = 3  # of a busy tone that is learned
EVEN_SHARE, EVEN_MS = 0.04, 24.0  # by which its bursts and gaps may differ
EVEN_HZ = 6.0
BUSY_MS = (80.0, 2000.0)  # a burst or gap of any exchange's busy tone that was seen, with room
KEPT_BURSTS = 64  # for learning
FLUSH_SAMPLES = 8 * 8000  # 8 s: longer than any gap of the 46 zones
HELP = """\
Reads s16le 8 kHz mono from standard input. Prints, as soon as each is known, a line when a tone is found:
  busy 1600 -        its name, the sample it began at
and a line when it has stopped:
  busy 1600 36640    and the first sample after its last burst
Names: dial, busy, congestion, ringback, sit. Two tones of a zone that are the same are told as the first of
busy, congestion, ringback, sit, dial.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """A tone that goes on (`end_sample` None) or has stopped. Samples count from the detector's first."""

    tone: str
    start_sample: int
    end_sample: int | None
    bursts: int  # so far; cycles, for a tone of one burst and one gap


@dataclass(frozen=True, slots=True)
class Cadence:
    """A line's own busy tone. `text` is one line for a file or a database, as in config/tones."""

    hz: tuple[float, ...]
    on_ms: float
    off_ms: float

    @property
    def text(self) -> str:
        """`"440+480/350,0/350"`."""
        return f"{'+'.join(f'{hz:g}' for hz in self.hz)}/{self.on_ms:g},0/{self.off_ms:g}"

    @classmethod
    def from_text(cls, text: str) -> "Cadence":
        """Raises ToneError for a text that is no tone of one burst and one gap."""
        elements = tones.elements(text)
        if len(elements) == 2 and elements[0].hz and not elements[1].hz and not elements[0].modulation_hz:
            on, off = elements
            if on.ms is not None and off.ms is not None:
                return cls(on.hz, on.ms, off.ms)
        raise tones.ToneError(
            f'busy cadence {text!r}: expected one burst and one gap. Write it as "440+480/350,0/350".'
        )


class Detector:
    """Finds the tones of one plan in one channel; each is told when found, and again when it has stopped."""

    def __init__(
        self, zone: str = "", busy: Cadence | None = None, *, listened: Sequence[Pattern] | None = None
    ) -> None:
        """`zone`: one of `tones.zones()`, `ANY`, or "" for none; `busy`: the line's own as well.

        Raises ToneError for an unknown zone or a cadence that cannot be listened for.
        """
        self.plan = compiled(listened) if listened is not None else plan(zone, busy)
        self._receiver = ProgressRx(self.plan)
        self._pieces = Pieces()

    def feed(self, samples: bytes | bytearray | memoryview) -> list[Finding]:
        """Any number of bytes of s16 samples, host order; half a sample waits for its other half."""
        return [
            Finding(KINDS[kind], start, end if ended else None, bursts)
            for kind, _, ended, start, end, bursts in self._receiver.feed(self._pieces.take(samples))
        ]

    def flush(self) -> list[Finding]:
        """At the end of the samples: what had not stopped. (Silence brings it out.)"""
        return self.feed(self._pieces.silence(FLUSH_SAMPLES))


def plan(zone: str = "", busy: Cadence | None = None) -> ProgressPlan:
    """What a detector, here or in the media engine, listens for; arguments and errors as `Detector`'s."""
    return compiled(_listened(zone, busy), any_busy=zone == ANY)


def _listened(zone: str, busy: Cadence | None) -> list[Pattern]:
    own = [pattern("busy", busy.text)] if busy else []
    if zone == ANY:
        return [*own, any_sit()]
    return [*own, *(patterns(zone) if zone else [])]


class Learner:
    """Learns a line's busy tone from what the line sounds like after a known hang-up."""

    def __init__(self) -> None:
        self._receiver = BurstRx()
        self._pieces = Pieces()
        self._bursts: list[_Burst] = []

    def feed(self, samples: bytes | bytearray | memoryview) -> Cadence | None:
        """Any number of bytes of s16 samples; gives what is known so far: None before three even bursts."""
        for start, end, _, hz in self._receiver.feed(self._pieces.take(samples)):
            self._bursts.append(_Burst(start / SAMPLES_PER_MS, end / SAMPLES_PER_MS, hz))
        del self._bursts[:-KEPT_BURSTS]
        return _cadence(_longest_even(self._bursts))


def learn(samples: bytes) -> Cadence | None:
    """The busy tone of a recording, or None where there is none; the longest, should there be several."""
    learner = Learner()
    learner.feed(samples)
    return learner.feed(bytes(2 * 8 * 200))  # 200 ms of silence end a burst that sounds to the very end


@dataclass(frozen=True, slots=True)
class _Burst:
    start_ms: float
    end_ms: float
    hz: tuple[float, ...]

    @property
    def ms(self) -> float:
        return self.end_ms - self.start_ms


def _longest_even(bursts: Sequence[_Burst]) -> Sequence[_Burst]:
    """The longest run of bursts of one machine, the latest of several as long."""
    best: Sequence[_Burst] = ()
    first = 0
    for at in range(len(bursts)):
        while first < at and not _is_even(bursts[first : at + 1]):
            first += 1
        if at + 1 - first >= len(best):
            best = bursts[first : at + 1]
    return best


def _is_even(run: Sequence[_Burst]) -> bool:
    """Whether the newest burst and gap are like the others of the run; the oldest burst may be cut short."""
    *older, newest = run
    gaps = [later.start_ms - earlier.end_ms for earlier, later in pairwise(run)]
    return (
        all(_same_lines(burst.hz, newest.hz) for burst in older)
        and all(_near(burst.ms, newest.ms) for burst in older[1:])
        and (older[0].ms < newest.ms or _near(older[0].ms, newest.ms))
        and all(BUSY_MS[0] <= gap <= BUSY_MS[1] and _near(gap, gaps[-1]) for gap in gaps)
        and BUSY_MS[0] <= newest.ms <= BUSY_MS[1]
    )


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= EVEN_MS + EVEN_SHARE * b


def _same_lines(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return len(a) == len(b) and all(abs(x - y) <= EVEN_HZ for x, y in zip(a, b, strict=True))


def _cadence(run: Sequence[_Burst]) -> Cadence | None:
    """Means over the run, its oldest burst left out."""
    if len(run) < LEAST_BURSTS:
        return None
    hz = tuple(round(fmean(lines), 1) for lines in zip(*(burst.hz for burst in run[1:]), strict=True))
    gaps = [later.start_ms - earlier.end_ms for earlier, later in pairwise(run)]
    return Cadence(hz, round(fmean(burst.ms for burst in run[1:])), round(fmean(gaps)))


def listen(detector: Detector, pieces: Iterable[bytes]) -> Iterator[Finding]:
    """The findings in samples that come in pieces of any length, each as soon as it is known."""
    for piece in pieces:
        yield from detector.feed(piece)
    yield from detector.flush()


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dsp.progress",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--zone",
        default="",
        help="de, uk, us ...; any: busy and special information of any zone (the default)",
    )
    parser.add_argument(
        "--busy", metavar="TEXT", help='a line\'s own busy tone, as --learn prints it: "425/350,0/350"'
    )
    parser.add_argument(
        "--learn", action="store_true", help="print the busy tone of the input, and nothing else"
    )
    return parser


def _learn_from_input() -> int:
    if (cadence := learn(b"".join(stream(sys.stdin.fileno())))) is None:
        sys.stderr.write(
            "no busy tone learned: expected at least three bursts of the same length and frequency with gaps "
            "of the same length. Record what the line sounds like for 5 s after the far end has hung up.\n"
        )
        return 1
    sys.stdout.write(cadence.text + "\n")
    return 0


def main() -> int:
    """`python -m dsp.progress`; see HELP. Exit code 1: nothing learned; 2: unknown zone or no tone."""
    parser = _options()
    options = parser.parse_args()
    if options.learn:
        return _learn_from_input()
    try:
        busy = Cadence.from_text(options.busy) if options.busy else None
        detector = Detector(options.zone or ("" if busy else ANY), busy)
    except tones.ToneError as error:
        parser.error(str(error))
    for found in listen(detector, stream(sys.stdin.fileno())):
        end = "-" if found.end_sample is None else found.end_sample
        sys.stdout.write(f"{found.tone} {found.start_sample} {end}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
