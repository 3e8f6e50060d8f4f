"""What happens to callers who wait: promises, being sent on, and call-backs with the place kept.

A call-back is a call of its own: its `call_id` is not that of the caller who asked for it (`of`). Its life
is CallBackAsked, CallQueued, a CallBackTried for each attempt that came to nothing, CallEnded.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.event import Event


@dataclass(frozen=True, kw_only=True)
class WaitPromised(Event):
    """The caller was told to wait `low_s` to `high_s` seconds more, where `expected_s` was the mean."""

    queue: str
    low_s: float
    high_s: float
    expected_s: float


@dataclass(frozen=True, kw_only=True)
class QueueRefused(Event):
    """The caller was not let into the queue and goes `to`; `why` is a `wait_rules.Why` value."""

    queue: str
    why: str
    to: str


@dataclass(frozen=True, kw_only=True)
class QueueLeft(Event):
    """The caller stops waiting there without an agent and goes `to`; `why` as in QueueRefused."""

    queue: str
    why: str
    to: str


@dataclass(frozen=True, kw_only=True)
class PutThrough(Event):
    """The caller is to speak with `number` outside, which is dialled now."""

    number: str


@dataclass(frozen=True, kw_only=True)
class CallBackTaken(Event):
    """The caller need not wait: `call_back` is the id of the call that keeps the place."""

    queue: str
    call_back: str


@dataclass(frozen=True, kw_only=True)
class CallBackAsked(Event):
    """Somebody is to be called back at `number`; `asked_from` is the number he called from, "" if withheld.

    `place_wall_s` is the place as wall-clock time, for it outlives the machine's monotonic clock; after
    `expires_wall_s` nobody calls any more.
    """

    of: str
    queue: str
    number: str
    asked_from: str
    place_wall_s: float
    expires_wall_s: float


@dataclass(frozen=True, kw_only=True)
class CallBackTried(Event):
    """An attempt came to nothing: `result` is an OfferResult value; the next one not before `again_wall_s`.

    `counts` says whether it was one of the attempts that a queue allows.
    """

    result: str
    counts: bool
    again_wall_s: float
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class CallBackEnded(Event):
    """Nobody tries any more; `result` is an Outcome value, `why` for people."""

    result: str
    why: str


WAIT_EVENTS = (
    WaitPromised,
    QueueRefused,
    QueueLeft,
    PutThrough,
    CallBackTaken,
    CallBackAsked,
    CallBackTried,
    CallBackEnded,
)
