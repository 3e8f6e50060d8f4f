"""What happens on the way out: who was allowed to dial what, what it cost, and when the way was locked.

`permit` is the id of the permission to make one call, `kind` a `dialplan.permit.Kind` value, `cap` a
`dialplan.caps.Cap` value. `agent` is "" for the box as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.event import Event


@dataclass(frozen=True, kw_only=True)
class OutboundAllowed(Event):
    """An agent may dial `number`; `a_minute` is money for each minute begun, `cause` a `Cause` value."""

    permit: str
    agent: str
    number: str
    kind: str
    country: str
    a_minute: float
    cause: str


@dataclass(frozen=True, kw_only=True)
class OutboundRefused(Event):
    """An agent may not dial that; `dialled` is as it came, shortened, `why` what the phone's user is told."""

    agent: str
    dialled: str
    why: str
    cause: str


@dataclass(frozen=True, kw_only=True)
class OutboundBegun(Event):
    """A permitted call is being dialled; it may last `longest_seconds` from the answer."""

    permit: str
    agent: str
    number: str
    kind: str
    a_minute: float
    longest_seconds: float


@dataclass(frozen=True, kw_only=True)
class OutboundAnswered(Event):
    """The far end took the call; minutes count."""

    permit: str
    agent: str
    line: str


@dataclass(frozen=True, kw_only=True)
class OutboundEnded(Event):
    """A permitted call is over; `seconds` from the answer, 0 when nobody answered; `cost` is money."""

    permit: str
    agent: str
    seconds: float
    cost: float


@dataclass(frozen=True, kw_only=True)
class OutboundLocked(Event):
    """No calls but emergency ones go out any more, until a person unlocks."""

    agent: str
    cap: str
    why: str


@dataclass(frozen=True, kw_only=True)
class OutboundUnlocked(Event):
    """A person let calls out again: `cap` counts from here anew; `by` is who it was."""

    agent: str
    cap: str
    by: str
