"""A session's watch: does the modem live, does its call, and what does it know of its network.

Asked in peace: never while a command is out, for it has its own time to be answered in and ATD would be
aborted (F9), and nothing between RING and ATA.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable

from drivers.at.channel import Channel, CommandFailed
from drivers.gsm.calls import Calls
from drivers.gsm.facts import Facts
from drivers.gsm.sim import Sim
from drivers.healing import Healing
from drivers.ladder import PINGS, Rung
from drivers.port import LegState, PortTimeout

log = logging.getLogger(__name__)

PING_SECONDS = 10.0
ANSWER_SECONDS = 2.0  # a modem that lives answers a ping within some 100 ms
UNANSWERED_SECONDS = 1.0  # after a question without answer the next one comes sooner
REFRESH_PINGS = 6  # every sixth ping asks for operator and temperature too
WATCH_SECONDS = 3.0  # while there is a call: +CLCC as the safety net for lost reports (F8)
ABSENT_SECONDS = 1.0  # a call missing from +CLCC once is looked for again
DEAF_CALL_SECONDS = 300.0  # a call whose sound lives goes on so long without any answer of the modem


class Watch:
    """One session's. `pinged` is told after each ping of an idle modem that was answered."""

    def __init__(
        self,
        name: str,
        *,
        channel: Channel,
        calls: Calls,
        facts: Facts,
        sim: Sim,
        healing: Healing,
        pinged: Callable[[], None],
    ) -> None:
        self.name = name
        self.sound_lives = True  # of the call, as far as the media engine has told
        self._channel = channel
        self._calls = calls
        self._facts = facts
        self._sim = sim
        self._healing = healing
        self._pinged = pinged

    async def run(self, pause: Callable[[float], Awaitable[bool]]) -> None:
        """Ends only by raising DriverError. `pause` waits; True: something calls for attention."""
        for number in itertools.count(1):
            woken = await pause(self._seconds())
            if not self._calls.may_be_asked or (woken and not self._calls.absent):
                continue  # a leg that has just come changes the pace; nothing goes out before its ATA
            try:
                if self._calls.leg is not None:
                    await self._calls.reconcile()
                elif self._channel.busy:
                    continue
                else:
                    await self._ping(in_full=number % REFRESH_PINGS == 0)
            except CommandFailed as error:
                log.warning("%s", error)
                self._healing.well()
            except PortTimeout:
                if self._healing.unanswered() and not self._call_goes_on():
                    raise
            else:
                self._healing.well()

    def _seconds(self) -> float:
        if self._calls.absent:
            return ABSENT_SECONDS
        if self._healing.ladder.rung is not Rung.WELL:
            return UNANSWERED_SECONDS
        return PING_SECONDS if self._calls.leg is None else WATCH_SECONDS

    def _call_goes_on(self) -> bool:
        """A call that is up is not ended because commands have no answer, as long as its sound lives."""
        leg = self._calls.leg
        if leg is None or leg.state is not LegState.UP or leg.leaving or not self.sound_lives:
            return False
        return self._healing.ill_seconds < DEAF_CALL_SECONDS

    async def _ping(self, *, in_full: bool) -> None:
        """Does it live? A call whose report was lost is found too (F26), and a SIM that was pulled out."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._facts.ping(self._channel)
        except TimeoutError:
            raise PortTimeout(
                f"port {self.name}: no answer to {PINGS} questions in a row; the modem hangs"
            ) from None
        await self._calls.reconcile()
        if self._calls.leg is None:
            await self._facts.ask_registration(self._channel)
        if self._calls.leg is None and not self._facts.registered:
            await self._sim.open(self._channel)
        if in_full:
            await self._facts.refresh(self._channel, lambda: self._calls.leg is None)
        self._pinged()
