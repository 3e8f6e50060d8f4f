"""What went out so far and what is locked, folded from events: the same live and after a replay.

Times are milliseconds since 1970, as the journal has them; days and months are those of the box's zone.
"""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass, field
from datetime import date, datetime

from appliance.events import Stamped
from appliance.outbound_events import (
    OutboundAllowed,
    OutboundAnswered,
    OutboundBegun,
    OutboundEnded,
    OutboundLocked,
    OutboundRefused,
    OutboundUnlocked,
)

MINUTE_MS = 60_000
BOX = ""  # in the place of an agent: the box as a whole
EMERGENCY = "emergency"  # calls of this kind are not counted


class Cap(enum.Enum):
    """What is counted, and locked when it is more than allowed."""

    CALLS_A_MINUTE = "calls a minute"
    CALLS_A_DAY = "calls a day"
    REFUSED_A_DAY = "refused a day"
    SPEND_A_DAY = "spend a day"
    SPEND_A_MONTH = "spend a month"
    UNKNOWN = "unknown"  # the journal could not be read: what was used before is not known


@dataclass
class Tally:
    """What one agent, or the box, used of each cap; `locked` is the cap that was passed."""

    tries: deque[int] = field(default_factory=deque)  # of the last minute
    used: dict[Cap, float] = field(default_factory=dict)
    day: date = date.min
    locked: Cap | None = None
    why: str = ""

    def turn_to(self, at_ms: int) -> None:
        """Forget what is over at that time; a clock that is set back gives no day back."""
        while self.tries and abs(at_ms - self.tries[0]) >= MINUTE_MS:
            self.tries.popleft()
        day = datetime.fromtimestamp(at_ms / 1000).date()
        if day <= self.day:
            return
        if (day.year, day.month) != (self.day.year, self.day.month):
            self.used.clear()
        for cap in (Cap.CALLS_A_DAY, Cap.REFUSED_A_DAY, Cap.SPEND_A_DAY):
            self.used.pop(cap, None)
        self.day = day

    def add(self, cap: Cap, amount: float) -> None:
        """Count it."""
        self.used[cap] = self.used.get(cap, 0) + amount

    def of(self, cap: Cap) -> float:
        """How much of the cap is used; `turn_to` first."""
        return float(len(self.tries)) if cap is Cap.CALLS_A_MINUTE else self.used.get(cap, 0.0)

    def unlock(self, cap: Cap | None) -> None:
        """The lock is gone, and its cap counts anew."""
        if cap is Cap.CALLS_A_MINUTE:
            self.tries.clear()
        elif cap is not None:
            self.used.pop(cap, None)
        self.locked, self.why = None, ""


@dataclass(frozen=True)
class Running:
    """A call that was begun and has not ended; answered at `since_ms`, None before."""

    begun: OutboundBegun
    since_ms: int | None = None


class Ledger:
    """Every agent's tally, the box's, and the calls that are not over."""

    def __init__(self) -> None:
        self.running: dict[str, Running] = {}  # by permit
        self._tallies: dict[str, Tally] = {}

    def tally(self, agent: str, at_ms: int) -> Tally:
        """The agent's, or the BOX's, at that time."""
        tally = self._tallies.setdefault(agent, Tally())
        tally.turn_to(at_ms)
        return tally

    def apply(self, stamped: Stamped) -> None:
        """Learn from an event; others than those of the way out say nothing here."""
        event, at_ms = stamped.event, round(stamped.wall_s * 1000)
        match event:
            case OutboundAllowed():
                self._tried(event.agent, at_ms, event.kind)
            case OutboundRefused():
                self._refused(event.agent, at_ms)
            case OutboundBegun():
                self.running[event.permit] = Running(event)
            case OutboundAnswered() if event.permit in self.running:
                self.running[event.permit] = Running(self.running[event.permit].begun, at_ms)
            case OutboundEnded():
                self.running.pop(event.permit, None)
                self._spent(event.agent, at_ms, event.cost)
            case OutboundLocked():
                tally = self.tally(event.agent, at_ms)
                tally.locked, tally.why = Cap(event.cap), event.why
            case OutboundUnlocked():
                self.tally(event.agent, at_ms).unlock(Cap(event.cap))

    def _tried(self, agent: str, at_ms: int, kind: str) -> None:
        if kind == EMERGENCY:
            return
        for tally in (self.tally(agent, at_ms), self.tally(BOX, at_ms)):
            tally.tries.append(at_ms)
            tally.add(Cap.CALLS_A_DAY, 1)

    def _refused(self, agent: str, at_ms: int) -> None:
        for tally in (self.tally(agent, at_ms), self.tally(BOX, at_ms)):
            tally.tries.append(at_ms)
            tally.add(Cap.REFUSED_A_DAY, 1)

    def _spent(self, agent: str, at_ms: int, cost: float) -> None:
        for tally in (self.tally(agent, at_ms), self.tally(BOX, at_ms)):
            tally.add(Cap.SPEND_A_DAY, cost)
            tally.add(Cap.SPEND_A_MONTH, cost)
