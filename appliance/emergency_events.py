"""What happens in an emergency: switched on and off, who was alerted, whose call was led elsewhere, notes.

`by` is an agent, "console USER", or what else switched. A drill is marked at its beginning, no call changes.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.event import Event


@dataclass(frozen=True, kw_only=True)
class EmergencyBegun(Event):
    """Somebody switched it on: an incident begins."""

    by: str
    reason: str = ""
    drill: bool = False


@dataclass(frozen=True, kw_only=True)
class EmergencyEnded(Event):
    """Somebody switched it off."""

    by: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class EmergencyNoted(Event):
    """Somebody wrote something into the incident's log."""

    by: str
    text: str


@dataclass(frozen=True, kw_only=True)
class CallDiverted(Event):
    """The caller goes to `to`, or has heard the announcement and stays there."""

    to: str


@dataclass(frozen=True, kw_only=True)
class AlertTexted(Event):
    """A text message to `number`: `why` it could not be sent, "" when the line has it."""

    number: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertCalled(Event):
    """`number` was called, in the call `call`; `result` is an `emergency.incident.Alerted` value."""

    number: str
    call: str
    result: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class HelpWanted(Event):
    """The agent wants help in the conversation of this call; no incident begins."""

    agent: str


EVENTS: tuple[type[Event], ...] = (
    EmergencyBegun,
    EmergencyEnded,
    EmergencyNoted,
    CallDiverted,
    AlertTexted,
    AlertCalled,
    HelpWanted,
)
