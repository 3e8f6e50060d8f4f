"""Whether the far end of a call that is up has gone: every sign weighed in one place. Pure, no clock.

Copper says little, and some of it is false (V2), so a sign counts by what stands behind it:

| sign | from | ends the call |
|---|---|---|
| `l` loop break | modem | after 1 s; not within 2 s of taking the line, which itself breaks the loop |
| `L` polarity reversal | modem | the same; of a call we made the second one, the first is the answer |
| busy, congestion | our ear | 2 s after it was found; at once if the modem said b, K, d or i 10 s before |
| dial tone | our ear | 6 s after it was found, whatever the modem says |
| special information | our ear | the second time within 60 s |
| b, K, d, i alone | modem | never; with `trust_modem` 4 of a kind, 1 to 8 s apart, no key or voice between |
| silence | our ear | when it has lasted `silence_seconds` |
| ETX | modem | at once: it has left voice by itself |
| R | modem | the second time: the line rings on, so it was never taken (V5) |
| no bytes at all | engine | when they stay away for 3 s more |
| time | | at `max_call_seconds`, whatever else |

When a modem says 4 codes or more within 3 s (keys, `u`, `o` apart), its `l`, `L` and `R` count nothing.

Of 32,931 calls of 5 min of packaged speech and music, heard by the ears of 46 countries, these end none, with
a silent modem and with one that lies (benchmarks/v253_false_hangups.py); 3 s for dial tone ended one.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from drivers.v253.keys import DIGITS

SETTLE_SECONDS = 2.0
BREAK_SECONDS = 1.0
BABBLE_CODES, BABBLE_SECONDS = 4, 3.0
COMMON_CODES = DIGITS | frozenset("/~uoX.")
CONFIRM_SECONDS: Mapping[str, float] = {"busy": 2.0, "congestion": 2.0, "dial": 6.0}
HINT_SECONDS = 10.0  # a modem repeats b every 4 s or so, d every 3 s
SIT_AGAIN_SECONDS = 60.0
ALONE_CODES = 4
ALONE_GAP_SECONDS = (1.0, 8.0)
RINGS_ON = 2
DEAD_SECONDS = 3.0
BUSY_CODES, DIAL_CODES, VOICE_CODES = frozenset("bK"), frozenset("di"), frozenset("vV")


class Sign(enum.Enum):
    """Why the call is over, in words for the log."""

    LOOP_BREAK = "the exchange opened the loop"
    POLARITY = "the exchange reversed the polarity"
    BUSY = "busy tone"
    DIAL = "dial tone"
    SIT = "special information tone"
    MODEM_TONE = "the modem went on reporting busy or dial tone"
    SILENCE = "silence"
    LEFT_VOICE = "the modem left voice by itself"
    RINGS_ON = "the line rings on though it was taken; check the line cord and the option country"
    DEAD = "no sound comes from the modem any more"
    TOO_LONG = "the longest call allowed"


#: Signs of a fault of ours or the modem's, not of a caller who has left.
FAULTS = frozenset({Sign.LEFT_VOICE, Sign.RINGS_ON, Sign.DEAD})


@dataclass(frozen=True)
class Rules:
    """What a line is configured to believe."""

    loop_break: bool = True
    polarity: bool = True
    trust_modem: bool = False
    silence_seconds: float = 1800.0  # 0 = never
    max_call_seconds: float = 14400.0


class Supervision:
    """One call from the moment it is up. Times in seconds, rising, of one clock.

    `answer_reverses`: a first polarity reversal would be a late sign of the answer.
    """

    def __init__(self, rules: Rules, began: float, *, answer_reverses: bool) -> None:
        self._rules = rules
        self._began = began
        self._reversals_left = 1 if answer_reverses else 0
        self._sign: Sign | None = None
        self._tone: tuple[str, float] | None = None  # what our ear hears, and since when
        self._sit_at = float("-inf")
        self._hint_at = float("-inf")
        self._alone: tuple[str, int, float] = ("", 0, 0.0)  # kind, how many in a row, the last
        self._rings = 0
        self._broken: tuple[float, Sign] | None = None
        self._codes_at: list[float] = []
        self._dead_since: float | None = None
        self.news: list[str] = []  # the last of what was heard, for status and log

    # --- what was heard -----------------------------------------------------------------------------

    def code(self, char: str, now: float) -> None:
        """The modem reports it in the sound."""
        self._note(f"code {char!r}")
        if char == "\x03":
            self._latch(Sign.LEFT_VOICE)
        elif now - self._began >= SETTLE_SECONDS and not self._babbles(char, now):
            self._believe(char, now)

    def _believe(self, char: str, now: float) -> None:
        if char == "l" and self._rules.loop_break:
            self._broken = (now, Sign.LOOP_BREAK)
        elif char == "L" and self._rules.polarity:
            self._reversed(now)
        elif char == "R":
            self._rings += 1
            if self._rings == RINGS_ON:
                self._latch(Sign.RINGS_ON)
        elif char in BUSY_CODES or char in DIAL_CODES:
            self._hint("busy" if char in BUSY_CODES else "dial", now)
        elif char in VOICE_CODES:
            self.alive()

    def tone(self, kind: str, now: float) -> None:
        """Our ear found a tone of the country, and it goes on."""
        self._note(f"{kind} tone")
        if kind in CONFIRM_SECONDS:
            self._tone = (kind, now)
        elif kind == "sit":
            if now - self._sit_at < SIT_AGAIN_SECONDS:
                self._latch(Sign.SIT)
            self._sit_at = now

    def tone_over(self) -> None:
        """It has stopped."""
        self._tone = None

    def silence(self, seconds: float) -> None:
        """The far end has been silent for so long."""
        if 0 < self._rules.silence_seconds <= seconds:
            self._latch(Sign.SILENCE)

    def alive(self) -> None:
        """Somebody is there: a key, a voice."""
        self._alone = ("", 0, 0.0)

    def dead(self, now: float) -> None:
        """No byte comes from the modem."""
        self._dead_since = now

    def undead(self) -> None:
        """Bytes come again."""
        self._dead_since = None

    # --- what it means --------------------------------------------------------------------------------

    def verdict(self, now: float) -> Sign | None:
        """Why the call is over, None while it is not. Once given, it stays."""
        for at, sign in self._pending():
            if now >= at:
                self._latch(sign)
        return self._sign

    def next_look(self) -> float:
        """When the verdict may change though nothing is heard."""
        return min(at for at, _ in self._pending())

    def _pending(self) -> list[tuple[float, Sign]]:
        pending = [(self._began + self._rules.max_call_seconds, Sign.TOO_LONG)]
        if self._broken is not None:
            pending.append((self._broken[0] + BREAK_SECONDS, self._broken[1]))
        if self._dead_since is not None:
            pending.append((self._dead_since + DEAD_SECONDS, Sign.DEAD))
        if self._tone is not None:
            kind, since = self._tone
            hinted = kind != "dial" and since - self._hint_at <= HINT_SECONDS
            wait = 0.0 if hinted else CONFIRM_SECONDS[kind]
            pending.append((since + wait, Sign.DIAL if kind == "dial" else Sign.BUSY))
        return pending

    def _hint(self, kind: str, now: float) -> None:
        self._hint_at = now
        before, count, last = self._alone
        low, high = ALONE_GAP_SECONDS
        if before != kind or now - last > high:
            count = 0
        elif now - last < low:
            return  # a modem that repeats itself (V2)
        self._alone = (kind, count + 1, now)
        if self._rules.trust_modem and count + 1 >= ALONE_CODES:
            self._latch(Sign.MODEM_TONE)

    def _reversed(self, now: float) -> None:
        if self._reversals_left:
            self._reversals_left -= 1
        else:
            self._broken = (now, Sign.POLARITY)

    def _babbles(self, char: str, now: float) -> bool:
        """Whether the modem says so much that nothing of it counts."""
        if char in COMMON_CODES:
            return False
        self._codes_at = [*self._codes_at[1 - BABBLE_CODES :], now]
        if len(self._codes_at) < BABBLE_CODES or now - self._codes_at[0] > BABBLE_SECONDS:
            return False
        self._broken, self._rings = None, 0
        return True

    def _latch(self, sign: Sign) -> None:
        self._sign = self._sign or sign

    def _note(self, what: str) -> None:
        self.news = [*self.news[-9:], what]
