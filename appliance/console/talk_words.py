"""Transfers, third parties and phones that come and go, as a person would say it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from appliance.events import (
    CallInherited,
    Event,
    PartyMissed,
    PartyRung,
    PhoneLost,
    PhoneRegistered,
    ThirdJoined,
    ThirdLeft,
    TransferEnded,
    TransferStarted,
)


def _who(event: Any) -> str:
    return event.agent or event.number or "somebody"


def _over(event: PartyRung) -> str:
    return f" over line {event.line}" if event.line else ""


def _why(event: PartyMissed) -> str:
    return f" ({event.why})" if event.why and event.why != event.result else ""


TALK_WORDS: Mapping[type[Event], Callable[[Any], str]] = {
    PartyRung: lambda e: f"{_who(e)} is rung{_over(e)}",
    PartyMissed: lambda e: f"{_who(e)} is not reached: {e.result}{_why(e)}",
    TransferStarted: lambda e: f"{e.agent} transfers the call to {e.to}",
    TransferEnded: lambda e: f"the transfer by {e.agent}: {e.result}",
    ThirdJoined: lambda e: f"{_who(e)} {'joins as the third' if e.conference else 'is asked meanwhile'}",
    ThirdLeft: lambda e: "the third party leaves",
    CallInherited: lambda e: f"the call is {_who(e)}'s now",
    PhoneRegistered: lambda e: f"phone {e.phone or 'unknown'} of {e.agent} registers from {e.source}",
    PhoneLost: lambda e: f"phone {e.phone or 'unknown'} of {e.agent} is gone: {e.why}",
}
