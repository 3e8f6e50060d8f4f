"""Hanging up a GSM modem for sure: several commands, and +CLCC believed more than any OK (F25, F27)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from drivers.at.channel import Channel, CommandFailed
from drivers.gsm.clcc import CurrentCall, current_calls
from drivers.gsm.quirks import Dialect
from drivers.port import DriverError, PortTimeout

log = logging.getLogger(__name__)

HANGUP_SECONDS = 3.0  # AT+CHUP is answered within some 100 ms, if at all
LOOK_SECONDS = (0.0, 0.3, 0.6)  # a call may stay in +CLCC for a moment after its hang-up


class HangUp:
    """The hang-up of one modem."""

    def __init__(self, name: str, dialect: Dialect, channel: Channel) -> None:
        self.name = name
        self._dialect = dialect
        self._channel = channel
        self._told: set[str] = set()  # what this hang-up has said already

    async def until_gone(self, another: Callable[[CurrentCall], bool]) -> bool:
        """True when the modem has no call any more, or only what `another` says is another call than ours.

        Such a call has taken the old one's place and must not be hung up. Raises PortLost.
        """
        self._told.clear()
        for command in self._dialect.hangups:
            try:
                await self._channel.command(command, seconds=HANGUP_SECONDS)
            except (CommandFailed, PortTimeout) as error:
                self._tell(error)
            if await self._gone(another):
                return True
        return False

    async def _gone(self, another: Callable[[CurrentCall], bool]) -> bool:
        for seconds in LOOK_SECONDS:
            await asyncio.sleep(seconds)
            try:
                calls = await current_calls(self._channel)
            except (CommandFailed, PortTimeout) as error:
                self._tell(error)
                continue
            if all(another(call) for call in calls):
                return True
        return False

    def _tell(self, error: DriverError) -> None:
        text = str(error).removeprefix(f"port {self.name}: ")
        if text not in self._told:
            log.warning("port %s: hang-up: %s", self.name, text)
        self._told.add(text)
