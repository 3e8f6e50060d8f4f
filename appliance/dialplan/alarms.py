"""What people are told of the way out: what is locked, and what is nearly used up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

from appliance.clock import Clock
from appliance.config.schema import Config
from appliance.dialplan.caps import Use, whose
from appliance.dialplan.guard import Guard
from appliance.dialplan.ledger import BOX, Cap
from appliance.dialplan.permit import ITSELF
from appliance.events import Event, Stamped
from appliance.outbound_events import (
    OutboundAllowed,
    OutboundBegun,
    OutboundEnded,
    OutboundLocked,
    OutboundRefused,
    OutboundUnlocked,
)

LOOK_SECONDS = 60.0  # running calls use up money without an event
REST_SECONDS = 0.5  # between two looks, however much happens
LOCKED, NEAR = "outgoing calls locked", "outgoing calls"  # alarms; the second with the cap's name after it
TELLING: tuple[type[Event], ...] = (
    OutboundAllowed,
    OutboundBegun,
    OutboundEnded,
    OutboundLocked,
    OutboundRefused,
    OutboundUnlocked,
)
WATCHED = (Cap.CALLS_A_DAY, Cap.SPEND_A_DAY, Cap.SPEND_A_MONTH)

SetAlarm = Callable[[str, str, str], None]  # name, object, text; "" clears


class OutboundAlarms:
    """Sets and clears the alarms of one guard; a reader of the bus, and a task for what time changes."""

    def __init__(self, config: Config, guard: Guard, clock: Clock, set_alarm: SetAlarm) -> None:
        self._config = config
        self._guard = guard
        self._clock = clock
        self._set = set_alarm
        self._news = asyncio.Event()

    def hear(self, stamped: Stamped) -> None:
        """For the bus."""
        if isinstance(stamped.event, TELLING):
            self._news.set()

    async def watch(self) -> None:
        """Look when something happened, now and then, and when a day begins."""
        while True:
            self.look()
            self._news.clear()
            now = datetime.fromtimestamp(self._clock.wall())
            midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(LOOK_SECONDS, (midnight - now).total_seconds() + 1)):
                    await self._news.wait()
            await asyncio.sleep(REST_SECONDS)

    def look(self) -> None:
        """Set or clear every alarm, as things are."""
        for agent in (BOX, ITSELF, *self._config.agents):
            tally = self._guard.tally(agent)
            self._set(LOCKED, whose(agent), tally.why if tally.locked else "")
            for use in self._guard.uses(agent):
                if use.cap in WATCHED:
                    self._set(f"{NEAR}: {use.cap.value}", whose(agent), str(use) if self._near(use) else "")

    def _near(self, use: Use) -> bool:
        return use.used > 0 and use.percent >= self._config.outbound.alarm_percent


def alarm_objects(config: Config) -> list[str]:
    """What alarms of the way out may be about."""
    return [whose(agent) for agent in (BOX, ITSELF, *config.agents)]
