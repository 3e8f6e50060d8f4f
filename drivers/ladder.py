"""What is done about a device that does not do its work, from a question to its power: the rungs, as data.

Pure: it is told what is wrong and what time it is, and says what to do next. Doing it is `healing.py`.

 WELL --no answer--> PING x3 -> REINIT -> RESET -> POWER -> OUT --15 min--> REINIT ...
"""

from __future__ import annotations

import enum
import math
from collections.abc import Collection
from dataclasses import dataclass


class Rung(enum.Enum):
    """How far the healing of a port has gone."""

    WELL = "well"
    PING = "asked again"
    REINIT = "opened and set up anew"
    RESET = "reset by command"
    POWER = "power off and on"
    OUT = "out of service"


class Trouble(enum.Enum):
    """What is wrong with a device, as far as the rungs care."""

    SILENT = "there, but not as it should be"  # every rung may help
    MISSING = "not there"  # it may be starting; nobody would hear a command, its power may bring it back
    SIM = "its SIM is not ready"  # opening it anew changes nothing
    NOT_OURS = "somebody else has it"  # left alone
    PERSON = "only a person can help"  # a PIN, a right, a path: left alone


@dataclass(frozen=True)
class Step:
    """How long it is waited for a rung's effect before the next one is taken, in seconds."""

    rung: Rung
    silent_seconds: float  # for a device that is there all the time
    missing_seconds: float  # for one that went away: it is starting, perhaps


START_SECONDS = 25.0  # a SIM7600 needs about 20 s from power to AT, others less (field reports)
AGAIN_SECONDS = 900.0  # a line out of service: all rungs again after so long
CALM_SECONDS = 600.0  # of good health, and what happened before is forgotten
PINGS = 3  # without an answer: the device is taken for dead

STEPS = (
    Step(Rung.PING, 0.0, START_SECONDS),
    Step(Rung.REINIT, 0.0, START_SECONDS),
    Step(Rung.RESET, 6.0, START_SECONDS),  # a device that obeys is gone from the bus sooner
    Step(Rung.POWER, START_SECONDS, START_SECONDS),
    Step(Rung.OUT, AGAIN_SECONDS, AGAIN_SECONDS),
)
_FIRST_DEED = 1  # index of REINIT: where a line out of service begins again
_USELESS = {
    Trouble.MISSING: frozenset({Rung.REINIT, Rung.RESET}),  # nobody is there to hear
    Trouble.SIM: frozenset({Rung.REINIT}),
}


class Ladder:
    """Where one port stands. `now` is a monotonic clock's seconds, never going back.

    `possible` are the rungs for which there are means (RESET, POWER); the others are always possible.
    """

    def __init__(self, possible: Collection[Rung], *, calm_seconds: float = CALM_SECONDS) -> None:
        self.since: float | None = None  # when it went to the rung where it is now
        self._possible = frozenset(possible)
        self._calm_seconds = calm_seconds
        self._at = 0  # index into STEPS
        self._ill_since: float | None = None
        self._well_since: float | None = None
        self._deed_at: float | None = None  # of this illness; None: none yet
        self._vanished = False  # since the last deed
        self._unanswered = 0
        self._out = False

    @property
    def rung(self) -> Rung:
        """How far it has gone; OUT until the device does its work, whatever is tried again meanwhile."""
        if self._ill_since is None:
            return Rung.WELL
        if self._out:
            return Rung.OUT
        return Rung.PING if self._deed_at is None else STEPS[self._at].rung

    def unanswered(self, now: float) -> bool:
        """A ping had no answer; True: that was the last one, the device is taken for dead."""
        self._fall_ill(now)
        self._unanswered += 1
        return self._unanswered >= PINGS

    def climb(self, trouble: Trouble, now: float) -> Rung | None:
        """The port does not work; what to do about it now, None: nothing but trying again."""
        self._fall_ill(now)
        self._vanished = self._vanished or trouble is Trouble.MISSING
        if trouble in (Trouble.NOT_OURS, Trouble.PERSON) or now < self._patient_until():
            return None
        rung = self._next(trouble)
        self.did(rung, now)
        return rung

    def did(self, rung: Rung, now: float) -> None:
        """This rung has been taken, now."""
        self._fall_ill(now)
        self._at = next(index for index, step in enumerate(STEPS) if step.rung is rung)
        self._out = self._out or rung is Rung.OUT
        self._deed_at = self.since = now
        self._vanished = False

    def could_not(self) -> None:
        """The last rung could not be taken: its effect is not waited for."""
        self._deed_at = -math.inf

    def well(self, now: float) -> float | None:
        """The port does its work; gives how long it did not, None when it always did."""
        if self._ill_since is None:
            return None
        ill_seconds = now - self._ill_since
        self._ill_since, self._well_since, self.since = None, now, now
        self._unanswered, self._out = 0, False
        return ill_seconds

    def _fall_ill(self, now: float) -> None:
        """Ill again soon: what helped last time is not tried again, but what comes after it.

        The highest cure is tried however often it has helped; only what it does not help is out of service.
        """
        if self._ill_since is not None:
            return
        calm = self._well_since is None or now - self._well_since >= self._calm_seconds
        cures = [index for index, step in enumerate(STEPS) if step.rung in self._possible]
        self._at = 0 if calm else min(self._at, max(cures, default=_FIRST_DEED) - 1)
        self._ill_since = self.since = now
        self._deed_at, self._vanished = None, False

    def _patient_until(self) -> float:
        assert self._ill_since is not None
        step = STEPS[self._at]
        since = self._ill_since if self._deed_at is None else self._deed_at
        if self._vanished:
            return since + step.missing_seconds
        return since if self._deed_at is None else since + step.silent_seconds

    def _next(self, trouble: Trouble) -> Rung:
        allowed = {Rung.REINIT, Rung.OUT, *self._possible} - _USELESS.get(trouble, frozenset())
        if self._vanished:
            allowed.discard(Rung.REINIT)  # it has been opened again and again since
        following = STEPS[self._at + 1 :] or STEPS[_FIRST_DEED:]
        return next(step.rung for step in following if step.rung in allowed)
