"""What happens in a flow (a voice menu made of nodes): where the caller is, what was learned and answered.

What a caller typed at a node that asks for a PIN stands in none of these.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.event import Event


@dataclass(frozen=True, kw_only=True)
class FactLearned(Event):
    """Something is known of the call from here on; `value` "" takes a fact away."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class FlowEntered(Event):
    """The caller comes to a node; `goal`: who has come here has got what a flow can give."""

    flow: str
    node: str
    goal: bool = False


@dataclass(frozen=True, kw_only=True)
class FlowLeft(Event):
    """The caller goes on by `by` (a key, "next", "timeout") to a destination, "flow:NAME/NODE" inside."""

    flow: str
    node: str
    by: str
    to: str


@dataclass(frozen=True, kw_only=True)
class LookupEnded(Event):
    """Somebody else's data were asked for; `why` they could not be had, "" when they were."""

    lookup: str
    seconds: float
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class PinTried(Event):
    """A PIN was typed by `caller`, and was right or wrong."""

    flow: str
    node: str
    caller: str
    right: bool


@dataclass(frozen=True, kw_only=True)
class CallerTexted(Event):
    """The caller is sent a message over a line; `why` it could not be, "" when it is on its way."""

    line: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class SurveyAnswered(Event):
    """The caller's answer to one question of a survey; `metric` is nps, csat or ces."""

    metric: str
    question: str
    answer: int


FLOW_EVENTS: tuple[type[Event], ...] = (
    FactLearned,
    FlowEntered,
    FlowLeft,
    LookupEnded,
    PinTried,
    CallerTexted,
    SurveyAnswered,
)
