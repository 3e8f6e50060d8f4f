"""What happens while people speak, beside a queue's work: who is rung, transfers, a third party.

A party is a colleague (`agent`) or somebody outside (`number`, over the line `line`); `leg_id` finds its leg
again after a restart of the brain.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.event import Event

TRANSFERRED = "done"  # the result of a transfer that came about


@dataclass(frozen=True, kw_only=True)
class PartyRung(Event):
    """Somebody is rung for the call, outside any queue."""

    leg_id: str
    agent: str = ""
    number: str = ""
    line: str = ""


@dataclass(frozen=True, kw_only=True)
class PartyMissed(Event):
    """Whoever was to be rung so does not come; `result` is an OfferResult value, `why` for people."""

    result: str
    agent: str = ""
    number: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class TransferStarted(Event):
    """`agent` wants the other party to go on with `to`: "agent:ben", "queue:sales", or a number."""

    agent: str
    to: str


@dataclass(frozen=True, kw_only=True)
class TransferEnded(Event):
    """`result` is "done", or why it came to nothing; then the conversation goes on as it was."""

    agent: str
    result: str


@dataclass(frozen=True, kw_only=True)
class ThirdJoined(Event):
    """There is a third party; in a `conference` all hear each other, else the caller waits meanwhile."""

    leg_id: str
    conference: bool
    agent: str = ""
    number: str = ""
    line: str = ""


@dataclass(frozen=True, kw_only=True)
class ThirdLeft(Event):
    """There are two again."""


@dataclass(frozen=True, kw_only=True)
class CallInherited(Event):
    """Whoever the call was for has left the others to themselves; it is the visit of this leg now."""

    leg_id: str
    agent: str = ""
    number: str = ""
    line: str = ""
