"""What happens to agents beside their state, and supervisors, as a person would say it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from appliance.agent_events import (
    AgentForced,
    AgentLegDown,
    AgentLegUp,
    CallAttended,
    CallCoded,
    CallTakenOver,
    CallUnattended,
    CoachRung,
    PhoneTaken,
    QueueAssigned,
    SupervisionChanged,
    SupervisionEnded,
    SupervisionStarted,
    WrapUpExtended,
)
from appliance.events import Event

MODES = {"listen": "listens to", "whisper": "whispers to", "barge": "speaks with all in the call of"}


def _forced(event: AgentForced) -> str:
    held = ", and holds it" if event.hold else ""
    reason = f" ({event.reason})" if event.reason else ""
    return f"{event.by} makes {event.agent} {event.command}{reason}{held}"


AGENT_WORDS: Mapping[type[Event], Callable[[Any], str]] = {
    AgentForced: _forced,
    PhoneTaken: lambda e: f"{e.agent} works at the phones of {e.place}",
    AgentLegUp: lambda e: f"{e.agent} stays connected{f' over line {e.line}' if e.line else ''}",
    AgentLegDown: lambda e: f"{e.agent} is connected no more",
    SupervisionStarted: lambda e: f"{e.supervisor} attends {e.agent or e.attended_call}: {e.mode}",
    SupervisionChanged: lambda e: f"{e.supervisor} goes on to {e.mode}",
    SupervisionEnded: lambda e: f"{e.supervisor} attends nobody any more: {e.why}",
    CallAttended: lambda e: f"{e.supervisor} {MODES.get(e.mode, e.mode)} {e.agent}",
    CallUnattended: lambda e: f"{e.supervisor} is out",
    CallTakenOver: lambda e: f"{e.supervisor} takes the call over from {e.agent}",
    CoachRung: lambda e: f"{e.coach} is rung to coach {e.agent}",
    QueueAssigned: lambda e: (
        f"{e.by} {'gives' if e.serves else 'takes'} {e.agent} {'to' if e.serves else 'from'} queue {e.queue}"
    ),
    WrapUpExtended: lambda e: f"{e.agent} has {e.seconds:g} s more to write it up",
    CallCoded: lambda e: f"{e.agent} codes it {e.code}",
}
