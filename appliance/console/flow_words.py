"""What happens in a voice menu, as a person would say it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from appliance.events import Event
from appliance.flow_events import (
    CallerTexted,
    FactLearned,
    FlowEntered,
    FlowLeft,
    LookupEnded,
    PinTried,
    SurveyAnswered,
)

FLOW_WORDS: Mapping[type[Event], Callable[[Any], str]] = {
    FactLearned: lambda e: f"{e.name} is {e.value}" if e.value else f"{e.name} is known no more",
    FlowEntered: lambda e: f"comes to {e.node} of flow {e.flow}{', a goal' if e.goal else ''}",
    FlowLeft: lambda e: f"leaves {e.node} by {e.by} to {e.to}",
    LookupEnded: lambda e: f"lookup {e.lookup}: {e.why or 'answered'} after {e.seconds:.2f} s",
    PinTried: lambda e: f"the PIN at {e.node} was {'right' if e.right else 'wrong'}",
    CallerTexted: lambda e: f"no message is sent: {e.why}" if e.why else f"is sent a message on {e.line}",
    SurveyAnswered: lambda e: f"answers {e.question} ({e.metric}) with {e.answer}",
}
