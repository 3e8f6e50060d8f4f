"""Somebody is rung for a conversation that goes on meanwhile: to take it over, or to be asked something."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable
from dataclasses import dataclass, field

from appliance.calls.party import Party
from appliance.calls.ringing import NotReached
from appliance.calls.target import Target

#: Tells whoever asked how it goes, as SIP says it: code, reason, whether it is the last word (RFC 3515).
Tell = Callable[[int, str, bool], None]


class Purpose(enum.Enum):
    """What somebody is rung for."""

    TRANSFER = "transfer"  # to speak with the other party instead of the agent
    CONSULT = "consult"  # to speak with the agent first


@dataclass(eq=False)
class Errand:
    """`asker` is the agent's party; `task` rings."""

    purpose: Purpose
    asker: Party
    target: Target
    tell: Tell
    task: asyncio.Task[None] | None = field(default=None)


@dataclass(frozen=True, eq=False)
class Reached:
    """Somebody has answered."""

    errand: Errand
    party: Party


@dataclass(frozen=True, eq=False)
class Missed:
    """Nobody came to the phone."""

    errand: Errand
    missed: NotReached
