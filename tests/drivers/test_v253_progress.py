"""What becomes of a dialled call, in every country, by its sound through mu-law."""

from __future__ import annotations

import pytest

from drivers.v253.coding import Coding
from drivers.v253.ear import Ear, Moment
from drivers.v253.progress import Fate, Progress, ring_back
from dsp import g711
from dsp.tones import Tone, spec, zones

RATE = 8000
FEW = ["us", "uk", "de", "es"]


def _sound(zone: str, tone: str, seconds: float) -> bytes:
    return Tone(spec(zone, tone)).fill(int(RATE * seconds))


def _hear(zone: str, sound: bytes) -> list[tuple[float, Fate]]:
    """Every change of fate, with its time."""
    ear, progress = Ear(Coding.ULAW, zone), Progress(ring_back(zone), polarity=True)
    fates = [(0.0, progress.fate)]
    for moment in ear.feed(g711.ulaw_encode(sound)):
        progress.moment(moment)
        if progress.fate is not fates[-1][1]:
            fates.append((moment.at, progress.fate))
    return fates


def _speech(seconds: float) -> bytes:
    """Syllables: a harmonic sound that moves, with pauses."""
    parts = []
    for number in range(int(seconds / 0.4)):
        base = 110 + 17 * (number % 5)
        lines = "+".join(str(base * n) for n in (2, 3, 5, 8))
        parts.append(Tone(f"!{lines}/280").fill(2240) + bytes(2 * 960))
    return b"".join(parts)


def _countries() -> list[object]:
    return [pytest.param(zone, marks=[] if zone in FEW else pytest.mark.slow) for zone in zones()]


@pytest.mark.parametrize("zone", _countries())
def test_ring_back_rings_until_somebody_speaks_or_it_stops(zone: str) -> None:
    ringing = _sound(zone, "ringback", 26.0)
    assert [fate for _, fate in _hear(zone, ringing)] == [Fate.WAITING, Fate.RINGING]
    for cut in (6.0, 7.3, 8.9, 11.0):
        sound = ringing[: int(cut * RATE) * 2] + bytes(RATE) + _speech(8.0)
        at, fate = _hear(zone, sound)[-1]
        assert fate is Fate.ANSWERED
        assert cut - 0.1 <= at <= cut + 4.0
    at, fate = _hear(zone, ringing[: 10 * RATE * 2] + bytes(2 * RATE * 10))[-1]
    assert fate is Fate.ANSWERED
    assert at <= 16.0


@pytest.mark.parametrize("zone", _countries())
def test_busy_and_congestion_end_it_within_seconds(zone: str) -> None:
    assert _hear(zone, _sound(zone, "busy", 12.0))[-1][1] is Fate.BUSY
    at, fate = _hear(zone, _sound(zone, "congestion", 12.0))[-1]
    assert fate in (Fate.FAILED, Fate.BUSY)  # in seven countries they are the same
    assert at < 6.0


def test_somebody_who_speaks_without_any_ring_back_has_answered() -> None:
    at, fate = _hear("us", _speech(12.0))[-1]
    assert fate is Fate.ANSWERED
    assert 5.0 < at < 12.0


def test_special_information_is_a_failure_and_silence_is_nothing() -> None:
    assert _hear("us", _sound("us", "sit", 2.0))[-1][1] is Fate.FAILED
    assert _hear("us", bytes(2 * RATE * 20))[-1][1] is Fate.WAITING


@pytest.mark.parametrize(
    ("codes", "fate"),
    [
        ("L", Fate.ANSWERED),
        ("r", Fate.RINGING),
        ("a", Fate.ANSWERED),
        ("J", Fate.FAILED),
        ("b", Fate.WAITING),
        ("bb", Fate.BUSY),
        ("qsu", Fate.WAITING),
    ],
)
def test_codes_of_the_modem(codes: str, fate: Fate) -> None:
    progress = Progress(ring_back("us"), polarity=True)
    for code in codes:
        progress.code(code)
    assert progress.fate is fate


def test_polarity_may_be_told_to_mean_nothing() -> None:
    progress = Progress(ring_back("us"), polarity=False)
    progress.code("L")
    assert progress.fate is Fate.WAITING


def test_a_fate_is_final() -> None:
    progress = Progress(ring_back("us"), polarity=True)
    progress.moment(Moment(1.0, True, began=("busy",)))
    progress.code("L")
    progress.moment(Moment(2.0, True, began=("ringback",)))
    assert progress.fate is Fate.BUSY
