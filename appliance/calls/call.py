"""One caller's visit: its story, told by events alone, and the leg that is up for it now.

`Story.apply` is the only thing that changes a story, so replaying the journal gives the same one; a brain
that was restarted continues from it.
"""

from __future__ import annotations

import enum
import logging
import secrets
import time
from dataclasses import dataclass, field

from appliance.bus import Bus
from appliance.events import (
    AgentOffered,
    CallAnswered,
    CallArrived,
    CallConnected,
    CallEnded,
    CallQueued,
    Event,
    MenuEntered,
    MenuLeft,
    OfferEnded,
    OfferResult,
    Outcome,
    RecordingEnded,
    RecordingStarted,
    Stamped,
    TalkEnded,
)
from drivers.port import Leg

log = logging.getLogger(__name__)


class Stage(enum.Enum):
    """How far a visit has come."""

    RINGING = "ringing"
    ANSWERED = "answered"
    MENU = "menu"
    WAITING = "waiting"
    OFFERED = "agent ringing"
    TALKING = "talking"
    ENDING = "ending"  # the conversation is over, the line not yet free
    ENDED = "ended"


STAGE_MOVES: dict[Stage, frozenset[Stage]] = {
    Stage.RINGING: frozenset({Stage.ANSWERED, Stage.ENDED}),
    Stage.ANSWERED: frozenset({Stage.MENU, Stage.WAITING, Stage.ENDED}),
    Stage.MENU: frozenset({Stage.WAITING, Stage.ENDED}),
    Stage.WAITING: frozenset({Stage.OFFERED, Stage.MENU, Stage.ENDED}),
    Stage.OFFERED: frozenset({Stage.WAITING, Stage.TALKING, Stage.ENDED}),
    Stage.TALKING: frozenset({Stage.ENDING}),
    Stage.ENDING: frozenset({Stage.WAITING, Stage.ENDED}),  # WAITING: the agent's leg was lost
    Stage.ENDED: frozenset(),
}


@dataclass(slots=True)
class Story:
    """What is known of a visit; `arrived_s` is wall-clock seconds since 1970, `place` monotonic seconds."""

    call_id: str
    stage: Stage = Stage.RINGING
    since_mono_s: float = 0.0  # when the stage began
    line: str = ""
    leg_id: str = ""
    caller: str = ""
    called: str = ""
    arrived_s: float = 0.0
    menu: str = ""
    next_to: str = ""  # where a menu sent the caller
    queue: str = ""
    place: float = 0.0
    agent: str = ""
    talked: bool = False
    recording: str = ""  # the file that is being written
    outcome: str = ""

    def apply(self, stamped: Stamped) -> None:
        """Let one more event of this call happen."""
        match stamped.event:
            case CallArrived(line=line, leg_id=leg_id, caller=caller, called=called):
                self.line, self.leg_id, self.caller, self.called = line, leg_id, caller, called
                self.arrived_s = stamped.wall_s
                self.place = self.since_mono_s = stamped.mono_s
            case CallAnswered():
                self._move(Stage.ANSWERED, stamped)
            case MenuEntered(menu=menu):
                self._move(Stage.MENU, stamped)
                self.menu, self.next_to = menu, ""
            case MenuLeft(to=to):
                self.next_to = to
            case CallQueued(queue=queue, place=place):
                self._move(Stage.WAITING, stamped)
                self.queue, self.place, self.agent = queue, place, ""
            case AgentOffered(agent=agent):
                self._move(Stage.OFFERED, stamped)
                self.agent = agent
            case OfferEnded(result=result):
                if result != OfferResult.ANSWERED.value:
                    self._move(Stage.WAITING, stamped)
                    self.agent = ""
            case CallConnected(agent=agent):
                self._move(Stage.TALKING, stamped)
                self.agent, self.talked = agent, True
            case RecordingStarted(path=path):
                self.recording = path
            case RecordingEnded(path=path) if path == self.recording:
                self.recording = ""
            case TalkEnded():
                self._move(Stage.ENDING, stamped)
            case CallEnded(outcome=outcome):
                self._move(Stage.ENDED, stamped)
                self.outcome = outcome

    def _move(self, stage: Stage, stamped: Stamped) -> None:
        """The one way a stage changes; a move the table forbids is a bug, logged and gone along with."""
        if stage is self.stage:
            return
        if stage not in STAGE_MOVES[self.stage]:
            log.error("call %s: %s -> %s is not a move", self.call_id, self.stage.value, stage.value)
        self.stage, self.since_mono_s = stage, stamped.mono_s

    def outcome_if_ended(self, *, by_caller: bool, line_lost: bool) -> Outcome:
        """How the visit counts if it ends now: exactly one outcome, whatever happened before."""
        if self.talked:
            return Outcome.ANSWERED
        if line_lost:
            return Outcome.FAILED
        if self.stage in (Stage.WAITING, Stage.OFFERED):
            return Outcome.ABANDONED if by_caller else Outcome.BLOCKED
        return Outcome.MENU


@dataclass(slots=True, eq=False)
class Call:
    """A visit that is going on: its story, the caller's leg, and the engine's port for it once answered."""

    story: Story
    leg: Leg
    bus: Bus
    port: str = ""
    phone: Leg | None = field(default=None)  # the agent's leg while one is rung or talked to

    @property
    def id(self) -> str:
        """Sortable and short: date, time, six random hex digits."""
        return self.story.call_id

    def note(self, event: Event) -> None:
        """Make an event of this call part of its story and tell everybody."""
        self.story.apply(self.bus.publish(event))


def new_call_id(wall_s: float) -> str:
    """An id that sorts by time and that a person can read out, e.g. 20261121-214501-7f3a9c."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(wall_s))}-{secrets.token_hex(3)}"


def short(number: str) -> str:
    """A number as logs above debug show it: the last three digits."""
    return f"…{number[-3:]}" if len(number) > 3 else number or "withheld"
