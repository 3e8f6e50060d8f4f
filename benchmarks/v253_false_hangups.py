"""How often the V.253 driver would end a talk that goes on: packaged speech and music through our ear and the
rules of drivers/v253/supervision.py, with a modem that is silent and with one that reports false busy every
4 s and false dial tone every 3 s (V2).

Only signs from sound are tried: no silence, no longest call. `--long` listens for all 46 zones, `--speeds`
plays the sound faster or slower too: pitch and rhythm are others then. 46 zones at 7 speeds are 33,000 calls
of 5 minutes (they share their sounds, so they are not as good as so many calls of different people).
"""

from __future__ import annotations

import sys

from benchmarks.rig import corpus
from benchmarks.rig.report import Report, options
from drivers.v253.supervision import Rules, Supervision
from dsp.progress import Detector
from dsp.tones import zones

FEW = ("us", "uk", "de", "es", "cn", "tr")
PIECE = 1600  # samples: 0.2 s
CALL_SECONDS = 300.0
RULES = Rules(silence_seconds=0.0, max_call_seconds=1e9)
MOST_AT_95 = 3.0  # events, when none was seen: a Poisson mean above it would have shown one in 95 of 100 runs


class Talk:
    """One line with its modem, for hours; a call ended is begun anew."""

    def __init__(self, *, lies: bool) -> None:
        self.ended = 0
        self._lies = lies
        self.begin()

    def begin(self, now: float = 0.0) -> None:
        """A new call."""
        self._watched = Supervision(RULES, now, answer_reverses=False)

    def hear(self, tones: list[tuple[str, bool]], now: float) -> None:
        """What began (True) or stopped in this piece."""
        for tone, began in tones:
            if began:
                self._watched.tone(tone, now)
            else:
                self._watched.tone_over()
        if self._lies:
            self._lie(now)
        if self._watched.verdict(now) is not None:
            self.ended += 1
            self.begin(now)

    def _lie(self, now: float) -> None:
        tick = round(now * 5)
        if tick % 20 == 0:
            self._watched.code("b", now)
        if tick % 15 == 0:
            self._watched.code("d", now)


def listened(zone: str, sounds: list[bytes], talks: list[Talk]) -> float:
    """All the sound once, heard with one zone's ear; how many seconds there were."""
    ear, now = Detector(zone), 0.0
    for talk in talks:
        talk.begin()
    for data in sounds:
        for at in range(0, len(data), 2 * PIECE):
            now += PIECE / corpus.RATE
            found = [(one.tone, one.end_sample is None) for one in ear.feed(data[at : at + 2 * PIECE])]
            for talk in talks:
                talk.hear(found, now)
    return now


def main() -> int:
    """Prints the figures."""
    parser = options(__doc__)
    parser.add_argument("--long", action="store_true", help="all zones")
    parser.add_argument("--speeds", default="1", help="with commas between, as 0.8,1,1.25")
    chosen = parser.parse_args()
    report = Report("Analogue lines: talks ended wrongly")
    quiet, lying, seconds = Talk(lies=False), Talk(lies=True), 0.0
    for speed in map(float, chosen.speeds.split(",")):
        all_sound = (*corpus.speech("tune"), *corpus.speech("score"), *corpus.music())
        sounds = [corpus.at_speed(sound, speed).tobytes() for _, sound in all_sound]
        for zone in zones() if chosen.long else FEW:
            seconds += listened(zone, sounds, [quiet, lying])
    calls = seconds / CALL_SECONDS
    report.figure("speech and music, in calls of 5 min, by every zone's ear", round(calls), "calls")
    for name, talk in (("a silent modem", quiet), ("a modem that lies (V2)", lying)):
        report.figure(f"ended wrongly, {name}", talk.ended, "calls", most=0)
    bound = MOST_AT_95 / calls
    report.figure("  at most, with 95 % confidence if none was", round(bound, 6), "a call")
    report.show(as_json=chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
