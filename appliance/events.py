"""The facts: what happened, in the past tense, as frozen plain values. The journal is a list of these.

Nothing here acts. Fields are str, int, float, bool, None or lists of them, so that an event survives JSON.
What an event is stands in `event.py`, what happens on lines beside their callers in `line_events.py`,
transfers and third parties in `talk_events.py`, voice menus in `flow_events.py`,
waiting and call-backs in `wait_events.py`.
"""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass, fields
from typing import Any

from appliance.agent_events import AGENT_KINDS
from appliance.emergency_events import EVENTS as EMERGENCY_EVENTS
from appliance.event import Event as Event
from appliance.event import Stamped as Stamped
from appliance.flow_events import FLOW_EVENTS
from appliance.line_events import (
    AlarmCleared,
    AlarmRaised,
    BalanceTold,
    LineDialEnded,
    LineDialled,
    LineSampled,
    MessageQueued,
    MessageReceived,
    PartArrived,
    PartChanged,
    PartForgotten,
)
from appliance.outbound_events import (
    OutboundAllowed,
    OutboundAnswered,
    OutboundBegun,
    OutboundEnded,
    OutboundLocked,
    OutboundRefused,
    OutboundUnlocked,
)
from appliance.recording_events import RECORDING_EVENTS
from appliance.recording_events import RecordingAsked as RecordingAsked
from appliance.recording_events import RecordingEnded as RecordingEnded
from appliance.recording_events import RecordingPaused as RecordingPaused
from appliance.recording_events import RecordingResumed as RecordingResumed
from appliance.recording_events import RecordingStarted as RecordingStarted
from appliance.talk_events import TRANSFERRED as TRANSFERRED
from appliance.talk_events import CallInherited as CallInherited
from appliance.talk_events import PartyMissed as PartyMissed
from appliance.talk_events import PartyRung as PartyRung
from appliance.talk_events import ThirdJoined as ThirdJoined
from appliance.talk_events import ThirdLeft as ThirdLeft
from appliance.talk_events import TransferEnded as TransferEnded
from appliance.talk_events import TransferStarted as TransferStarted
from appliance.voicemail_events import EVENTS as VOICEMAIL_EVENTS
from appliance.wait_events import WAIT_EVENTS


class Direction(enum.Enum):
    """Who began a call."""

    IN = "in"  # somebody outside, at a line
    OUT = "out"  # an agent, to somebody outside
    DIRECT = "direct"  # an agent, to a colleague
    BACK = "back"  # the box, to a caller who did not want to wait


class Outcome(enum.Enum):
    """How a call ended, exactly one each (kpi definitions: A answered, B abandoned, X blocked)."""

    ANSWERED = "answered"  # an agent spoke to the caller
    ABANDONED = "abandoned"  # the caller left while waiting for an agent
    MENU = "menu"  # the caller left, or was served, before any queue
    VOICEMAIL = "voicemail"  # the caller left a message
    BLOCKED = "blocked"  # we did not let the caller in: no way on, or not answered in time
    UNANSWERED = "unanswered"  # whom an agent called did not take it
    FAILED = "failed"  # we lost the caller: line unplugged, process died
    CALL_BACK = "call-back"  # the caller is called back instead of waiting
    EXPIRED = "expired"  # a call-back for which nobody had time
    CANCELLED = "cancelled"  # a call-back that is not wanted any more


class OfferResult(enum.Enum):
    """How one offer of a call to one agent ended."""

    ANSWERED = "answered"
    NO_ANSWER = "no answer"
    BUSY = "busy"
    REJECTED = "rejected"
    FAILED = "failed"
    NOT_REGISTERED = "not registered"
    FORWARDED = "forwarded"  # the phone sends callers where it may not
    CALLER_LEFT = "caller left"
    RECALLED = "recalled"  # taken back by us: restart, agent forced out
    TAKEN = "answered by another"  # of several who were rung


@dataclass(frozen=True, kw_only=True)
class BoxStarted(Event):
    """The brain is up; `recovered` calls were found alive."""

    recovered: int = 0


@dataclass(frozen=True, kw_only=True)
class BoxStopped(Event):
    """The brain was told to stop."""


@dataclass(frozen=True, kw_only=True)
class ProcessLost(Event):
    """The engine or a worker is gone."""

    process: str


@dataclass(frozen=True, kw_only=True)
class ProcessBack(Event):
    """The engine or a worker is there (again)."""

    process: str


@dataclass(frozen=True, kw_only=True)
class LineChanged(Event):
    """A line's port changed its state (`drivers.port.PortState` values)."""

    line: str
    state: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class AgentChanged(Event):
    """An agent went from one `AgentState` value to another; `reason` for a pause.

    `hindered`: paused by something in the way, and ready by itself when that goes.
    """

    agent: str
    was: str
    now: str
    reason: str = ""
    hindered: bool = False


@dataclass(frozen=True, kw_only=True)
class PhoneRegistered(Event):
    """A phone can be rung; `phone` "" where its name is not known, `source` as "tls:192.0.2.7:40112"."""

    agent: str
    phone: str
    source: str


@dataclass(frozen=True, kw_only=True)
class PhoneLost(Event):
    """It cannot any more; `why` is asked, expired or lost."""

    agent: str
    phone: str
    why: str


@dataclass(frozen=True, kw_only=True)
class CallArrived(Event):
    """A caller rings at a line (`line` is the line's name; legs and ports are `leg_id`).

    `direction` is a Direction value; an `agent` who calls has no line.
    """

    line: str
    leg_id: str
    caller: str
    called: str = ""
    direction: str = Direction.IN.value
    agent: str = ""


@dataclass(frozen=True, kw_only=True)
class CallAnswered(Event):
    """The box took the call; the caller hears us from here."""


@dataclass(frozen=True, kw_only=True)
class MenuEntered(Event):
    """A menu began for the caller."""

    menu: str


@dataclass(frozen=True, kw_only=True)
class MenuLeft(Event):
    """The caller chose (`digit`), or the menu gave up (`digit` is "")."""

    menu: str
    digit: str
    to: str


@dataclass(frozen=True, kw_only=True)
class CallQueued(Event):
    """The caller waits in a queue; `place`, the sort key, is monotonic seconds, kept throughout."""

    queue: str
    position: int
    place: float


@dataclass(frozen=True, kw_only=True)
class AgentOffered(Event):
    """One agent's phone is being rung for the caller; `why` says in one line why this agent."""

    queue: str
    agent: str
    why: str


@dataclass(frozen=True, kw_only=True)
class AgentRinging(Event):
    """The agent's phone said that it rings."""

    agent: str


@dataclass(frozen=True, kw_only=True)
class OfferEnded(Event):
    """An offer is over; `result` is an OfferResult value."""

    agent: str
    result: str


@dataclass(frozen=True, kw_only=True)
class CallConnected(Event):
    """Caller and agent hear each other, or the caller and `number`; `queue` is "" where none had a part."""

    queue: str
    agent: str
    leg_id: str = ""
    number: str = ""
    line: str = ""


@dataclass(frozen=True, kw_only=True)
class HoldStarted(Event):
    """The agent put the caller on hold."""

    agent: str


@dataclass(frozen=True, kw_only=True)
class HoldEnded(Event):
    """The agent took the caller off hold."""

    agent: str


@dataclass(frozen=True, kw_only=True)
class TalkEnded(Event):
    """The conversation is over; `by` is "caller", "agent", "box", "line", or "silence" for a dead leg."""

    agent: str
    by: str


@dataclass(frozen=True, kw_only=True)
class WrapUpStarted(Event):
    """The agent writes up the call; `seconds` is the most it may take."""

    agent: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class WrapUpEnded(Event):
    """Wrap-up is over; `by` is "timer", "agent" or "box"."""

    agent: str
    by: str


@dataclass(frozen=True, kw_only=True)
class CallEnded(Event):
    """The caller's visit is over, with exactly one Outcome value; `by` is who ended it."""

    outcome: str
    by: str


@dataclass(frozen=True, kw_only=True)
class CallResumed(Event):
    """After a restart the call was found alive and goes on at `stage`."""

    stage: str


@dataclass(frozen=True, kw_only=True)
class InvariantBroken(Event):
    """Something that must always hold did not: a bug of ours, with the rule and what was seen."""

    rule: str
    seen: str


KINDS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        BoxStarted,
        BoxStopped,
        ProcessLost,
        ProcessBack,
        LineChanged,
        AgentChanged,
        PhoneRegistered,
        PhoneLost,
        CallArrived,
        CallAnswered,
        MenuEntered,
        MenuLeft,
        CallQueued,
        AgentOffered,
        AgentRinging,
        OfferEnded,
        CallConnected,
        HoldStarted,
        HoldEnded,
        TalkEnded,
        WrapUpStarted,
        WrapUpEnded,
        CallEnded,
        CallResumed,
        InvariantBroken,
        PartArrived,
        PartForgotten,
        MessageReceived,
        MessageQueued,
        PartChanged,
        LineDialled,
        LineDialEnded,
        LineSampled,
        BalanceTold,
        AlarmRaised,
        AlarmCleared,
        OutboundAllowed,
        OutboundRefused,
        OutboundBegun,
        OutboundAnswered,
        OutboundEnded,
        OutboundLocked,
        OutboundUnlocked,
        PartyRung,
        PartyMissed,
        TransferStarted,
        TransferEnded,
        ThirdJoined,
        ThirdLeft,
        CallInherited,
        *VOICEMAIL_EVENTS,
        *EMERGENCY_EVENTS,
        *RECORDING_EVENTS,
        *AGENT_KINDS,
        *FLOW_EVENTS,
        *WAIT_EVENTS,
    )
}


def to_plain(event: Event) -> dict[str, Any]:
    """The event's own fields, without `call_id`, ready for JSON."""
    plain = asdict(event)
    del plain["call_id"]
    return plain


def from_plain(kind: str, call_id: str, plain: dict[str, Any]) -> Event:
    """The event again; fields that this version does not know are left out (an older box reads on).

    Raises KeyError for an unknown kind, TypeError when a needed field is missing.
    """
    cls = KINDS[kind]
    known = {field.name for field in fields(cls)}
    return cls(call_id=call_id, **{name: value for name, value in plain.items() if name in known})
