"""What the call-progress detector listens for: tones of a zone, or a line's own busy tone, compiled.

Widths, and where they come from:
- frequency +-2.5 %, at least 10 Hz (exchanges keep 1 %, old ones 2; ITU-T E.180 asks for +-1 %);
- times +-15 % and 30 ms more (a relay's click, a speech coder's frames);
- special information: +-50 Hz and 1.5 %, 240-450 ms (ITU-T E.180: 950, 1400, 1800 Hz +-50 Hz, 330 +-70 ms,
  with gaps of up to 30 ms, which count as part of the next burst).

What cannot be told apart, and is told as the first of ORDER:
- congestion that is the zone's busy tone (cr, hu, jp, mx, my, pa, pl): busy;
- a steady dial tone from any other burst of its sound until it has outlasted the longest (1.2 s with
  425/1000, 2.4 s in Turkey);
- Spain's busy from its congestion (three bursts, a long gap) before the fourth burst: 3.2 cycles;
- Australia's congestion (every other burst 10 dB down) under noise that hides the quiet ones: nothing;
- modulation under 10 Hz, and lines under 200 Hz (Japan's "400+15"): left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dsp import tones
from dsp._native.progress_rx import MOST_ELEMENTS, MOST_LINES, MOST_SOUNDS, MOST_TONES, ProgressPlan

KINDS = ("dial", "busy", "congestion", "ringback", "sit")  # enum progress_kind
ORDER = ("busy", "congestion", "ringback", "sit", "dial")  # of two that sound the same, the first is found
SAMPLES_PER_MS = 8
FREQUENCY_SHARE = 0.025
FREQUENCY_LEAST_HZ = 10.0
TIME_SHARE = 0.15
TIME_MS = 30.0
LEAST_GAP_MS = 60.0  # a shorter gap is not heard as one
LEAST_LINE_HZ = 200.0  # a lower one ("400+15", Japan) does not pass a telephone line
SIDE_LINES_HZ = 10.0  # modulation from which side lines are told apart
# On, off, on, off, on: what would end a call needs as much, or three tones in their order.
HANG_UP_ELEMENTS = 5
IN_A_ROW = 3  # elements: what ends no call, unless a burst of STEADY_MS tells it
STEADY_MS = 700.0  # of a dial tone that nothing else sounds like
QUIET_POWER = 0.1  # -10 dB
SIT_HZ = (950.0, 1400.0, 1800.0)
SIT_OFF_HZ = 50.0
SIT_MS = (240.0, 330.0, 450.0)

Sound = tuple[float, ...]  # lines in Hz, rising; none: silence


@dataclass(frozen=True, slots=True)
class Part:
    """One element of a tone to listen for: its sound and its times; `most_ms` None: it does not stop."""

    sound: Sound
    least_ms: float
    ms: float
    most_ms: float | None
    quiet: bool = False  # 10 dB below the tone's other parts

    def overlaps(self, other: "Part") -> bool:
        """Whether one, its times up to 10 % off, could pass for the other; if both stop."""
        if self.most_ms is None or other.most_ms is None or self.quiet != other.quiet:
            return False
        return same_sound(self.sound, other.sound) and (self._takes(other.ms) or other._takes(self.ms))

    def _takes(self, ms: float) -> bool:
        assert self.most_ms is not None
        return self.least_ms <= 1.1 * ms and 0.9 * ms <= self.most_ms


@dataclass(frozen=True, slots=True)
class Pattern:
    """A tone to listen for: its kind, the zone it is of, one cycle."""

    kind: str
    parts: tuple[Part, ...]


def patterns(zone: str, folder: Path = tones.FOLDER) -> list[Pattern]:
    """The five tones of a zone that are listened for; raises ToneError, which names file and line."""
    made = []
    for kind in ORDER:
        text = tones.spec(zone, kind, folder)
        try:
            made.append(pattern(kind, text))
        except tones.ToneError as error:
            raise tones.ToneError(f"{tones.where(zone, kind, folder)}: {error}") from error
    return made


def pattern(kind: str, text: str) -> Pattern:
    """One tone's text as a cycle: what sounds once is left out, unless all does; raises ToneError."""
    elements = tones.elements(text)
    cycle = [element for element in elements if not element.once]
    if not any(element.hz for element in cycle):
        cycle = elements
    if len(cycle) > 1 and cycle[-1].ms is None and not cycle[-1].hz:
        cycle = cycle[:-1]
    parts = [
        _part(element) for element in cycle if element.hz or element.ms is None or element.ms >= LEAST_GAP_MS
    ]
    parts = parts[: _period(parts)]
    lines = max((len(part.sound) for part in parts), default=0)
    if not 0 < lines <= MOST_LINES or len(parts) > MOST_ELEMENTS:
        raise tones.ToneError(
            f"{kind}: {text!r} cannot be listened for: expected one to {MOST_LINES} frequencies above "
            f"{LEAST_LINE_HZ:g} Hz, in a cycle of at most {MOST_ELEMENTS} elements. Correct the tone."
        )
    return Pattern(kind, tuple(parts))


def any_sit() -> Pattern:
    """The three tones of ITU-T E.180, whatever the zone."""
    low, usual, high = SIT_MS
    return Pattern("sit", tuple(Part((hz,), low, usual, high) for hz in SIT_HZ))


def compiled(listened: Sequence[Pattern], *, any_busy: bool = False) -> ProgressPlan:
    """The plan for the detector in C; of patterns that fit equally well the first is found."""
    sounds = sorted({part.sound for one in listened for part in one.parts if part.sound})
    if len(sounds) > MOST_SOUNDS or len(listened) > MOST_TONES:
        raise tones.ToneError(
            f"{len(listened)} tones of {len(sounds)} sounds: at most {MOST_TONES} of {MOST_SOUNDS} can be "
            f"listened for at once. Leave some out."
        )
    numbers: dict[Sound, int] = {(): -1, **{sound: number for number, sound in enumerate(sounds)}}
    rows = []
    for one in listened:
        elements = [(numbers[part.sound], *_samples(part)) for part in _steady(one, listened).parts]
        rows.append((KINDS.index(one.kind), needed(one, listened), elements))
    return ProgressPlan([(_share(sound), sound) for sound in sounds], rows, any_busy)


def needed(one: Pattern, listened: Sequence[Pattern]) -> int:
    """How many elements in a row must be heard until it can be no other pattern, nor chance.

    Patterns that cannot be told apart at all count as one: the first is found.
    """
    common = [_common(one, other) for other in listened if other is not one]
    told_apart = 1 + max((run for run in common if run < 2 * MOST_ELEMENTS), default=0)
    if one.kind in ("dial", "ringback"):
        sounding = [part.ms for part in one.parts if part.sound]
        return told_apart if told_apart == 1 and min(sounding) >= STEADY_MS else max(told_apart, IN_A_ROW)
    in_order = len({part.sound for part in one.parts if part.sound}) >= 3
    return max(told_apart, IN_A_ROW if in_order else HANG_UP_ELEMENTS)


def same_sound(a: Sound, b: Sound) -> bool:
    """Whether one, as it should be, would be heard as the other."""
    return len(a) == len(b) and all(abs(x - y) <= _share(b) * y for x, y in zip(a, b, strict=True))


def _common(one: Pattern, other: Pattern) -> int:
    """The longest run of elements that both have, 2 * MOST_ELEMENTS if they have all."""
    longest = 0
    for at in range(len(one.parts)):
        for beside in range(len(other.parts)):
            run = 0
            while run < 2 * MOST_ELEMENTS and _nth(one, at + run).overlaps(_nth(other, beside + run)):
                run += 1
            if run > 1 or _nth(one, at).sound:  # a gap alone tells nothing
                longest = max(longest, run)
    return longest


def _nth(one: Pattern, at: int) -> Part:
    return one.parts[at % len(one.parts)]


def _part(element: tones.Element) -> Part:
    sound = _lines(element)
    if element.ms is None:
        return Part(sound, STEADY_MS, STEADY_MS, None)
    least, most = element.ms * (1 - TIME_SHARE) - TIME_MS, element.ms * (1 + TIME_SHARE) + TIME_MS
    if len(sound) == 1 and _is_sit(sound[0]) and SIT_MS[0] < element.ms < SIT_MS[2]:
        least, most = SIT_MS[0], SIT_MS[2]
    return Part(sound, max(least, 0.0), element.ms, most, element.quiet)


def _lines(element: tones.Element) -> Sound:
    carriers = [hz for hz in element.hz if hz >= LEAST_LINE_HZ]
    off = element.modulation_hz
    if off < SIDE_LINES_HZ or len(carriers) != 1:
        return tuple(sorted(carriers))
    return (carriers[0] - off, carriers[0], carriers[0] + off)


def _period(parts: Sequence[Part]) -> int:
    """The shortest cycle of which these are repetitions, the last perhaps unfinished."""
    for period in range(1, len(parts)):
        if all(parts[i] == parts[i + period] for i in range(len(parts) - period)):
            return period
    return len(parts)


def _steady(one: Pattern, listened: Sequence[Pattern]) -> Pattern:
    """A tone that does not stop is known when it has sounded longer than any other of the same sound may."""
    first = one.parts[0]
    if first.most_ms is not None:
        return one
    others = [part for other in listened for part in other.parts if same_sound(part.sound, first.sound)]
    least = max([STEADY_MS, *(part.most_ms + TIME_MS for part in others if part.most_ms is not None)])
    return Pattern(one.kind, (Part(first.sound, least, least, None),))


def _samples(part: Part) -> tuple[int, int, int, float]:
    most = 0.0 if part.most_ms is None else part.most_ms
    least, longest, nominal = (round(ms * SAMPLES_PER_MS) for ms in (part.least_ms, most, part.ms))
    return least, longest, nominal, QUIET_POWER if part.quiet else 1.0


def _is_sit(hz: float) -> bool:
    return any(abs(hz - one) <= SIT_OFF_HZ for one in SIT_HZ)


def _share(sound: Sound) -> float:
    """By which share each line of a sound may be off."""
    if len(sound) == 1 and _is_sit(sound[0]):
        return SIT_OFF_HZ / sound[0] + 0.015
    return max(FREQUENCY_SHARE, FREQUENCY_LEAST_HZ / max(sound)) if sound else 0.0
