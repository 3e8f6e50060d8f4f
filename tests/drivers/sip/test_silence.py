"""Whose packets have stopped is told once, and once when they come again."""

from __future__ import annotations

from drivers.sip.silence import SILENT_SECONDS, SilenceWatch


def told(watch: SilenceWatch, *counts: int, begin: float = 0.0) -> list[object]:
    """The news of these counts, a second apart."""
    news = [watch.seen(count, begin + number) for number, count in enumerate(counts)]
    return [one["event"] for one in news if one is not None]


def listening() -> SilenceWatch:
    watch = SilenceWatch()
    watch.begin(0.0, listening=True)
    return watch


def test_silence_is_told_once_after_its_time_and_its_end_at_once() -> None:
    watch = listening()
    assert told(watch, 50, 100, *[100] * 4) == []
    assert watch.seen(100, 1 + SILENT_SECONDS) == {"event": "silent", "seconds": SILENT_SECONDS}
    assert told(watch, 100, 100, 101, 101, begin=10) == ["sounding"]


def test_a_phone_that_never_sends_is_silent_too() -> None:
    assert told(listening(), *[0] * 9) == ["silent"]


def test_a_stream_made_anew_is_no_sound_by_itself() -> None:
    watch = listening()
    assert told(watch, 500, *[500] * 7) == ["silent"]
    assert told(watch, 0, 0, begin=8) == []
    assert told(watch, 3, begin=10) == ["sounding"]
    assert told(watch, 2, begin=11) == []  # anew again, and it speaks


def test_a_hold_gives_the_phone_its_time_again() -> None:
    watch = listening()
    assert told(watch, 50, 50, 50, 50) == []
    watch.begin(4.0, listening=True)
    assert told(watch, 50, 50, 50, 50, begin=4) == []
