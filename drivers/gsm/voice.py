"""The voice of a modem's calls: led to the audio port in the order its family wants, and away again."""

from __future__ import annotations

import asyncio
import logging

from drivers.at.channel import Channel, CommandFailed
from drivers.gsm.host import NoVoice
from drivers.gsm.leg import GsmLeg
from drivers.gsm.quirks import Dialect, Moment

log = logging.getLogger(__name__)

START_SECONDS = 10.0
RETRY_SECONDS = 0.3  # after a refusal
NOTHING = "AT"


class Voice:
    """What one session does about voice. `trouble` says why the voice is not trusted any more, "" = it is."""

    def __init__(self, name: str, dialect: Dialect, channel: Channel) -> None:
        self.name = name
        self.trouble = ""
        self._dialect = dialect
        self._route = dialect.voice
        self._channel = channel
        self._led_for: GsmLeg | None = None  # whose voice goes to the audio port
        self._lock = asyncio.Lock()  # guards _led_for and the modem's route

    async def check(self) -> None:
        """Raises NoVoice when the firmware has no voice, in words for who has to change that."""
        if self._route.check is None:
            return
        command, wanted = self._route.check
        try:
            answer = (await self._channel.command(command, wanted.partition(":")[0] + ":"))[-1]
        except CommandFailed as error:
            answer = error.answer
        if not answer.replace(" ", "").startswith(wanted):
            raise NoVoice(
                f'port {self.name}: this modem has no voice ({command} said "{answer}", {wanted} was '
                f"expected). {self._route.advice}"
            )

    async def found_up(self, leg: GsmLeg) -> None:
        """A call is up since before we came; voice that flows already is not disturbed."""
        if self._route.query is not None:
            command, silent = self._route.query
            if silent not in await self._ask(command, silent.partition(":")[0] + ":"):
                self._led_for = leg
                return
        await self._ask(self._route.start)
        self._led_for = leg

    async def start(self, leg: GsmLeg, moment: Moment) -> bool:
        """At `moment` of a call, do what is due by then; False when the modem will not (`trouble` says why).

        A refusal is tried once more, and means that the modem wants a reset after the call (F13).
        """
        if moment is not self._route.moment and moment is not Moment.UP:
            return True
        async with self._lock:
            for _ in range(2):
                if self._led_for is leg:
                    return True
                try:
                    await self._channel.command(self._route.start, seconds=START_SECONDS)
                    self._led_for = leg
                except CommandFailed as error:
                    await asyncio.sleep(RETRY_SECONDS)  # cancelled here when the call is just over
                    words = str(error).removeprefix(f"port {self.name}: ")
                    self.trouble = f"{words}. {self._route.advice}"
            return self._led_for is leg

    async def stop(self, leg: GsmLeg | None) -> None:
        """The call of `leg` is over; the voice of a later one that has begun already stays."""
        async with self._lock:
            if self._led_for is None or self._led_for is leg:
                self._led_for = None
                await self.off()

    async def off(self) -> None:
        """Voice to nowhere, whoever had it.

        Something is asked in any case: what the modem had yet to say of the old call (NO CARRIER) comes
        before its answer, and is not taken for the next call's.
        """
        await self._ask(self._route.stop or NOTHING)

    async def tune(self) -> None:
        """Set the gains of the configuration; modems forget them, so this is done for every call."""
        for command in self._dialect.tuning:
            try:
                await self._channel.command(command)
            except CommandFailed as error:
                log.warning("%s; take this gain out of the line's configuration", error)

    async def _ask(self, command: str, prefix: str | None = None) -> list[str]:
        """The answer of a command whose refusal does not matter."""
        try:
            return await self._channel.command(command, prefix, may_be_empty=True)
        except CommandFailed as error:
            log.debug("%s", error)
            return []
