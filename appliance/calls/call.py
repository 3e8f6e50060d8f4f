"""One caller's visit: its story, told by events alone, and the leg that is up for it now.

`Story.apply` is the only thing that changes a story, so replaying the journal gives the same one; a brain
that was restarted continues from it.
"""

from __future__ import annotations

import enum
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
    Stamped,
    TalkEnded,
)
from drivers.port import Leg


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
    outcome: str = ""

    def apply(self, stamped: Stamped) -> None:
        """Let one more event of this call happen."""
        was = self.stage
        match stamped.event:
            case CallArrived(line=line, leg_id=leg_id, caller=caller, called=called):
                self.line, self.leg_id, self.caller, self.called = line, leg_id, caller, called
                self.arrived_s, self.place = stamped.wall_s, stamped.mono_s
            case CallAnswered():
                self.stage = Stage.ANSWERED
            case MenuEntered(menu=menu):
                self.stage, self.menu, self.next_to = Stage.MENU, menu, ""
            case MenuLeft(to=to):
                self.next_to = to
            case CallQueued(queue=queue, place=place):
                self.stage, self.queue, self.place, self.agent = Stage.WAITING, queue, place, ""
            case AgentOffered(agent=agent):
                self.stage, self.agent = Stage.OFFERED, agent
            case OfferEnded(result=result):
                if result != OfferResult.ANSWERED.value:
                    self.stage, self.agent = Stage.WAITING, ""
            case CallConnected(agent=agent):
                self.stage, self.agent, self.talked = Stage.TALKING, agent, True
            case TalkEnded():
                self.stage = Stage.ENDING
            case CallEnded(outcome=outcome):
                self.stage, self.outcome = Stage.ENDED, outcome
        if self.stage is not was or self.since_mono_s == 0.0:
            self.since_mono_s = stamped.mono_s

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
