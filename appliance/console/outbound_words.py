"""What happens on the way out, as a person would say it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from appliance.events import Event
from appliance.outbound_events import (
    OutboundAllowed,
    OutboundAnswered,
    OutboundBegun,
    OutboundEnded,
    OutboundLocked,
    OutboundRefused,
    OutboundUnlocked,
)


def _whose(event: OutboundLocked | OutboundUnlocked) -> str:
    return f"agent {event.agent}" if event.agent else "outgoing calls"


def _ended(event: OutboundEnded) -> str:
    if not event.seconds:
        return f"agent {event.agent}: nobody answered outside"
    return f"agent {event.agent}: the call out ended after {event.seconds:.0f} s, cost {event.cost:g}"


OUTBOUND_WORDS: Mapping[type[Event], Callable[[Any], str]] = {
    OutboundAllowed: lambda e: f"agent {e.agent} may dial {e.number} ({e.kind}, {e.cause})",
    OutboundRefused: lambda e: f"agent {e.agent} may not dial {e.dialled!r} ({e.cause}): {e.why}",
    OutboundBegun: lambda e: f"agent {e.agent}: {e.number} is dialled, {e.a_minute:g} a minute",
    OutboundAnswered: lambda e: f"agent {e.agent}: answered on line {e.line}",
    OutboundEnded: _ended,
    OutboundLocked: lambda e: f"{_whose(e)}: locked, {e.why}",
    OutboundUnlocked: lambda e: f"{_whose(e)}: unlocked by {e.by}, {e.cap} count anew",
}
