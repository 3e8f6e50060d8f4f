"""What happens to agents beside their state: forced, bound to a phone, supervised, given to other queues.

Those in STANDING hold until something takes them back, however long ago they were told.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.event import Event


@dataclass(frozen=True, kw_only=True)
class AgentForced(Event):
    """`by` made the agent do `command` (login, ready, pause, logout); `hold`: the agent cannot undo it."""

    agent: str
    command: str
    by: str
    reason: str = ""
    hold: bool = False


@dataclass(frozen=True, kw_only=True)
class PhoneTaken(Event):
    """The agent works at the phones of `place`, another agent's name, until logged out."""

    agent: str
    place: str


@dataclass(frozen=True, kw_only=True)
class AgentLegUp(Event):
    """The agent stays connected between calls by this leg, to `number` over `line`, or a phone of the box."""

    agent: str
    leg_id: str
    number: str = ""
    line: str = ""


@dataclass(frozen=True, kw_only=True)
class AgentLegDown(Event):
    """That leg has ended."""

    agent: str


@dataclass(frozen=True, kw_only=True)
class SupervisionStarted(Event):
    """A supervisor's leg attends an agent, or one call whoever speaks in it; `mode` is a Mode value.

    `line` carries the leg of one outside.
    """

    supervisor: str
    leg_id: str
    mode: str
    agent: str = ""
    attended_call: str = ""
    line: str = ""


@dataclass(frozen=True, kw_only=True)
class SupervisionChanged(Event):
    """The supervisor listens, whispers or speaks with all from now on."""

    supervisor: str
    mode: str


@dataclass(frozen=True, kw_only=True)
class SupervisionEnded(Event):
    """`why`: hung up, call over, taken over, asked."""

    supervisor: str
    why: str


@dataclass(frozen=True, kw_only=True)
class CallAttended(Event):
    """From now on the supervisor attends the agent in this call, in this mode."""

    supervisor: str
    agent: str
    mode: str


@dataclass(frozen=True, kw_only=True)
class CallUnattended(Event):
    """The supervisor does so no more."""

    supervisor: str


@dataclass(frozen=True, kw_only=True)
class CallTakenOver(Event):
    """The supervisor goes on with the call in the agent's place."""

    supervisor: str
    agent: str


@dataclass(frozen=True, kw_only=True)
class CoachRung(Event):
    """The agent is new, and `coach` is rung to listen to this call."""

    agent: str
    coach: str


@dataclass(frozen=True, kw_only=True)
class QueueAssigned(Event):
    """From the next call on the agent serves the queue, or does so no more; `configured` says what the
    configuration said then: once it says otherwise, the configuration holds.
    """

    queue: str
    agent: str
    serves: bool
    configured: bool
    by: str


@dataclass(frozen=True, kw_only=True)
class WrapUpExtended(Event):
    """The agent has so many seconds more to write up the call."""

    agent: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class CallCoded(Event):
    """What the call was about, a code of its queue; the last one counts."""

    agent: str
    code: str


STANDING: tuple[type[Event], ...] = (
    AgentForced,
    PhoneTaken,
    AgentLegUp,
    AgentLegDown,
    SupervisionStarted,
    SupervisionChanged,
    SupervisionEnded,
    CoachRung,
    QueueAssigned,
)
AGENT_KINDS: tuple[type[Event], ...] = (
    *STANDING,
    CallAttended,
    CallUnattended,
    CallTakenOver,
    WrapUpExtended,
    CallCoded,
)
