"""What happens on lines beside their callers, as a person would say it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from appliance.events import Event
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


def _received(event: MessageReceived) -> str:
    whole = "" if event.complete else ", not all of its parts came"
    return f"line {event.line}: a message from {event.sender or 'an unknown number'}{whole}"


def _changed(event: PartChanged) -> str:
    why = f" ({event.why})" if event.why else ""
    return f"line {event.line}: part {event.part} of message {event.message} is {event.state}{why}"


def _sampled(event: LineSampled) -> str:
    facts = {
        "": event.state,
        "signal": None if event.signal_dbm is None else f"{event.signal_dbm} dBm",
        "network": " ".join(each for each in (event.operator, event.technology, event.registration) if each),
        "temperature": None if event.temperature_c is None else f"{event.temperature_c:g} °C",
        "restarts": event.restarts or None,
        "healing": "" if event.rung == "well" else event.rung,
    }
    return f"line {event.line}: " + ", ".join(
        f"{name} {fact}".strip() for name, fact in facts.items() if fact
    )


def _balance(event: BalanceTold) -> str:
    amount = "not found in" if event.amount is None else f"{event.amount:g}, from"
    return f"line {event.line}: balance {amount} {event.text!r}"


LINE_WORDS: Mapping[type[Event], Callable[[Any], str]] = {
    PartArrived: lambda e: f"line {e.line}: part {e.part} of {e.parts} arrived ({e.kind})",
    PartForgotten: lambda e: f"arrival {e.arrival} is deleted from the modem",
    MessageReceived: _received,
    MessageQueued: lambda e: f"line {e.line}: message {e.message} to {e.number} is to be sent",
    PartChanged: _changed,
    LineDialled: lambda e: f"line {e.line}: dialled",
    LineDialEnded: lambda e: f"line {e.line}: a call of ours ended after {e.seconds:.0f} s",
    LineSampled: _sampled,
    BalanceTold: _balance,
    AlarmRaised: lambda e: f"alarm at {e.object}: {e.name}: {e.text}",
    AlarmCleared: lambda e: f"alarm at {e.object} is over: {e.name}",
}
