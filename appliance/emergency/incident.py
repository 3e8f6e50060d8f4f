"""Incidents, by their events alone: is one going on, who was alerted, and the log of each. No I/O."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from appliance.emergency_events import (
    AlertCalled,
    AlertTexted,
    CallDiverted,
    EmergencyBegun,
    EmergencyEnded,
    EmergencyNoted,
    HelpWanted,
)
from appliance.event import Event, Stamped


class Alerted(enum.Enum):
    """What came of an alert call."""

    ACKNOWLEDGED = "acknowledged"
    HEARD = "answered, not acknowledged"
    NOT_REACHED = "not reached"
    NO_LINE = "no line was free"  # nobody's telephone rang, so it counts for nobody


@dataclass(frozen=True)
class Incident:
    """From switching on to switching off; times are wall-clock seconds, `ended_s` 0 while it lasts.

    `texted` are the numbers whose text is on its way, `called` how often each was called, `diverted` counts
    callers.
    """

    begun_s: float
    by: str
    reason: str
    drill: bool
    ended_s: float = 0.0
    texted: frozenset[str] = frozenset()
    called: Mapping[str, int] = field(default_factory=dict)
    acknowledged: tuple[str, ...] = ()
    diverted: int = 0

    @property
    def title(self) -> str:
        """For screens, in one line without an end."""
        what = "DRILL of the emergency mode" if self.drill else "EMERGENCY MODE"
        return f"{what}, switched on by {self.by}" + (f": {self.reason}" if self.reason else "")

    def plain(self) -> dict[str, Any]:
        """As values for JSON."""
        return {
            "drill": self.drill,
            "begun_s": self.begun_s,
            "ended_s": self.ended_s,
            "by": self.by,
            "reason": self.reason,
            "title": self.title,
            "texted": sorted(self.texted),
            "called": dict(self.called),
            "acknowledged": list(self.acknowledged),
            "diverted": self.diverted,
        }


class Emergencies:
    """A fold: `apply` every event; `now` is the incident that goes on, None when there is none."""

    def __init__(self) -> None:
        self.now: Incident | None = None

    @property
    def diverts(self) -> bool:
        """Calls go elsewhere: it is an emergency and no drill."""
        return self.now is not None and not self.now.drill

    def apply(self, stamped: Stamped) -> None:
        """Let one more event happen."""
        self.now = after(self.now, stamped)


def after(incident: Incident | None, stamped: Stamped) -> Incident | None:
    """What goes on after one more event."""
    event = stamped.event
    if isinstance(event, EmergencyBegun):
        return Incident(stamped.wall_s, event.by, event.reason, event.drill)
    if incident is None or isinstance(event, EmergencyEnded):
        return None
    match event:
        case AlertTexted(number=number, why=""):
            return replace(incident, texted=incident.texted | {number})
        case AlertCalled(number=number, result=result) if result != Alerted.NO_LINE.value:
            called = {**incident.called, number: incident.called.get(number, 0) + 1}
            new = (number,) if result == Alerted.ACKNOWLEDGED.value else ()
            return replace(incident, called=called, acknowledged=(*incident.acknowledged, *new))
        case CallDiverted():
            return replace(incident, diverted=incident.diverted + 1)
    return incident


def next_called(incident: Incident, numbers: Iterable[str], rounds: int) -> tuple[str, bool]:
    """Who is called next, "" for nobody any more, and whether that begins another round of the list."""
    left = [number for number in dict.fromkeys(numbers) if number not in incident.acknowledged]
    times = [incident.called.get(number, 0) for number in left]
    if not left or min(times) >= rounds:
        return "", False
    return left[times.index(min(times))], min(times) > 0 and min(times) == max(times)


# --- the log ------------------------------------------------------------------------------------------


def logs(events: Iterable[Stamped]) -> list[tuple[Incident, list[Stamped]]]:
    """Every incident with all that happened in it, oldest first."""
    found: list[tuple[Incident, list[Stamped]]] = []
    now: Incident | None = None
    for stamped in events:
        before, now = now, after(now, stamped)
        if isinstance(stamped.event, EmergencyBegun) and now is not None:
            found.append((now, [stamped]))
        elif before is not None:
            entries = [*found[-1][1], stamped]
            ended = replace(before, ended_s=stamped.wall_s)
            found[-1] = (now or ended, entries)
    return found


WORDS: Mapping[type[Event], Callable[[Any], str]] = {
    EmergencyBegun: lambda event: f"{'drill' if event.drill else 'emergency'} begun by {_who(event)}",
    EmergencyEnded: lambda event: f"ended by {_who(event)}",
    EmergencyNoted: lambda event: f"note of {event.by}: {event.text}",
    CallDiverted: lambda event: f"call {event.call_id} goes to {event.to}",
    AlertTexted: lambda event: f"text to {event.number}: {event.why or 'on its way'}",
    AlertCalled: lambda event: (
        f"call to {event.number}: {event.result}" + (f", {event.why}" if event.why else "")
    ),
    HelpWanted: lambda event: f"agent {event.agent} wants help in call {event.call_id}",
}


def words(event: Event) -> str:
    """What happened, in one line."""
    return WORDS[type(event)](event)


def _who(event: EmergencyBegun | EmergencyEnded) -> str:
    return event.by + (f": {event.reason}" if event.reason else "")
