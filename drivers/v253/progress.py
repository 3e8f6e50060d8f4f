"""What becomes of a call we dialled, by what the line sounds like and what the modem says. Pure.

Copper does not say "answered". It is taken as answered at the first of: a polarity reversal; ring-back that
stops; voice (or 5 s of any sound) where ring-back would be silent, or that goes on longer than it may; 6 s of
sound that is no tone of the country; the tone of a fax or modem.
"""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass

from drivers.v253.ear import Moment
from dsp.progress_plan import Pattern, patterns

UNKNOWN_SOUND_SECONDS = 6.0  # longer than three cycles of any busy tone of the 46 zones, which would be known
ODD_SOUND_SECONDS = 5.0
VOICE_HOPS, VOICE_OF_HOPS = (
    45,
    100,
)  # 10 ms each: busy and congestion of the 46 zones reach 40, speech 45 in 0.5 s
BUSY_GAP_SECONDS = 2.0  # longer than the gap of any busy tone
STRETCH = 1.15  # exchanges keep their times to 15 % (dsp/progress_plan.py)
SLACK_SECONDS = 0.5  # voice activity ends up to 0.3 s late
EARLY_SHARE = 0.7  # sound after less than this of a ring-back's gap is no ring
MODEM_TONE_CODES = frozenset("aefc")
BUSY_TWICE = 2  # the modem's own busy counts the second time


class Fate(enum.Enum):
    """Where a dialled call stands."""

    WAITING = "nothing known yet"
    RINGING = "the far end rings"
    ANSWERED = "answered"
    BUSY = "busy"
    FAILED = "the exchange could not connect the call"


@dataclass(frozen=True)
class RingBack:
    """One cycle: how long it sounds, with the short gaps within, and its long gap; seconds."""

    on: float
    off: float


def ring_back(zone: str) -> RingBack:
    """The ring-back of a country; raises ToneError for one that is not known."""
    pattern = next(one for one in patterns(zone) if one.kind == "ringback")
    return _ring_back(pattern)


def _ring_back(pattern: Pattern) -> RingBack:
    gaps = [part.ms for part in pattern.parts if not part.sound]
    longest = max(gaps, default=0.0)
    return RingBack((sum(part.ms for part in pattern.parts) - longest) / 1000, longest / 1000)


class Progress:
    """One dialled call, from the last digit on."""

    def __init__(self, expected: RingBack, *, polarity: bool) -> None:
        self.fate = Fate.WAITING
        self.reversed = False  # a polarity reversal was seen
        self._expected = expected
        self._silent_seconds = max(BUSY_GAP_SECONDS, expected.off + SLACK_SECONDS)
        self._polarity = polarity
        self._active_since: float | None = None
        self._quiet_since: float | None = None
        self._sounded = 0.0  # seconds, before anything was known
        self._busy_codes = 0
        self._odd: deque[bool] | None = None  # voice or not, since it sounded where ring-back does not
        self._odd_seconds = 0.0

    def moment(self, moment: Moment) -> None:
        """10 ms of sound."""
        for tone in moment.began:
            self._tone(tone)
        if "ringback" in moment.stopped and self.fate is Fate.RINGING:
            self._is_odd()
        self._activity(moment)
        self._weigh(moment)

    def code(self, char: str) -> None:
        """A code of the modem."""
        if char == "L" and self._polarity:
            self.reversed = True
            self._end(Fate.ANSWERED)
        elif char == "r":
            self._rings()
        elif char in MODEM_TONE_CODES:
            self._end(Fate.ANSWERED)
        elif char == "J":
            self._end(Fate.FAILED)
        elif char in "bK":
            self._busy_codes += 1
            if self._busy_codes == BUSY_TWICE:
                self._end(Fate.BUSY)

    def _tone(self, tone: str) -> None:
        if tone == "ringback":
            self._rings()
        elif tone == "busy":
            self._end(Fate.BUSY)
        elif tone in ("congestion", "sit", "dial"):
            self._end(Fate.FAILED)

    def _rings(self) -> None:
        if self.fate is Fate.WAITING:
            self.fate = Fate.RINGING
            self._quiet_since = None  # what was before says nothing

    def _end(self, fate: Fate) -> None:
        if self.fate in (Fate.WAITING, Fate.RINGING):
            self.fate = fate

    def _activity(self, moment: Moment) -> None:
        if moment.active:
            self._sounds(moment.at)
        elif self._active_since is not None:
            self._active_since, self._quiet_since = None, moment.at

    def _sounds(self, at: float) -> None:
        if self.fate is Fate.WAITING:
            self._sounded += 0.01
            if self._sounded >= UNKNOWN_SOUND_SECONDS:
                self._end(Fate.ANSWERED)
        if self._active_since is None:
            self._active_since = at
            quiet = at - self._quiet_since if self._quiet_since is not None else None
            early = quiet is not None and quiet < EARLY_SHARE * self._expected.off - SLACK_SECONDS
            if early and self.fate is Fate.RINGING:
                self._is_odd()
        longest = STRETCH * self._expected.on + SLACK_SECONDS
        if self.fate is Fate.RINGING and at - self._active_since > longest:
            self._is_odd()

    def _is_odd(self) -> None:
        """It sounds where ring-back does not: an answer, or the busy tone of one that was refused."""
        if self._odd is None:
            self._odd = deque(maxlen=VOICE_OF_HOPS)

    def _weigh(self, moment: Moment) -> None:
        if self._odd is None:
            return
        self._odd.append(moment.voice)
        self._odd_seconds += 0.01 if moment.active else 0.0
        quiet = self._quiet_since is not None and self._active_since is None
        silent = quiet and moment.at - (self._quiet_since or 0.0) >= self._silent_seconds
        if sum(self._odd) >= VOICE_HOPS or self._odd_seconds >= ODD_SOUND_SECONDS or silent:
            self._end(Fate.ANSWERED)
