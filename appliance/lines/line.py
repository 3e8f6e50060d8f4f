"""What everybody in this folder works with: the lines, and the books (bus, clock, journal)."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from appliance.bus import Bus
from appliance.clock import Clock
from appliance.config.schema import Tariff
from appliance.events import Event, Stamped
from drivers.messages import Messages
from drivers.port import Port, PortState

#: Calls a function that blocks (a question to the database) with its arguments, away from the loop.
Ask = Callable[..., Awaitable[Any]]


class LineRefused(Exception):
    """A line cannot do what was asked; the message says what, why and what to do."""


class Journalled(Protocol):
    """The journal (`store.journal.Journal`), as far as it is needed here."""

    path: Path

    async def written(self) -> bool:
        """Wait until all that was published is on the disk; False when some of it is lost."""


@dataclass(frozen=True)
class Books:
    """Where facts go, and where they are found again."""

    bus: Bus
    clock: Clock
    journal: Journalled
    ask: Ask = asyncio.to_thread

    def note(self, event: Event) -> Stamped:
        """Publish it; the journal hears it too."""
        return self.bus.publish(event)

    async def look_up(self, question: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Put a question of `store` to the database. Raises StoreError."""
        return await self.ask(question, self.journal.path, *arguments, **named)

    def born(self, at_ms: int) -> float:
        """What the monotonic clock showed, or would have, at that wall-clock time; never in the future."""
        return self.clock.mono() - max(0.0, self.clock.wall() - at_ms / 1000)

    def wall_ms(self) -> int:
        """Now, in milliseconds since 1970."""
        return round(self.clock.wall() * 1000)


@dataclass(frozen=True)
class Line:
    """A line of the configuration with its port, and the tariff of its SIM."""

    name: str
    port: Port
    tariff: Tariff

    @property
    def sim(self) -> str:
        """The IMSI of the card in it, "" while it is not known, or has none."""
        return str(self.port.status().get("imsi", ""))

    @property
    def is_up(self) -> bool:
        """It works: idle, or busy with a call."""
        return self.port.state in (PortState.IDLE, PortState.BUSY)

    def messages(self) -> Messages:
        """Its way for messages and USSD. Raises LineRefused when it has none."""
        if self.port.messages is None:
            raise LineRefused(f"line {self.name} carries no messages and no USSD. Take a GSM line")
        return self.port.messages


def new_id(wall_s: float) -> str:
    """An id of a message that sorts by time and that a person can read out: 20261121-214501-7f3a9c01."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(wall_s))}-{secrets.token_hex(4)}"


def short(number: str) -> str:
    """A number or a sender's name as logs above debug show it: the last three characters."""
    return f"…{number[-3:]}" if len(number) > 3 else number or "unknown"
