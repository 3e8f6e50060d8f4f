"""Keys that we press in a call: DTMF made by the network, one digit a command, at the family's pace."""

from __future__ import annotations

import asyncio

from drivers.at.channel import Channel, CommandFailed
from drivers.gsm.leg import GsmLeg
from drivers.gsm.quirks import Dialect
from drivers.port import LegEnded, LegState, PortRefused


class Keys:
    """The telephone keys of one modem."""

    def __init__(self, name: str, dialect: Dialect, channel: Channel) -> None:
        self.name = name
        self._dialect = dialect
        self._channel = channel
        self._commands = list(dialect.digit)  # the first one works, as far as is known

    async def send(self, leg: GsmLeg, digits: str, index: int) -> None:
        """Press `digits` in call `index` of the modem; raises LegEnded and DriverError."""
        bad = sorted(set(digits) - set(self._dialect.keys))
        if bad:
            raise PortRefused(
                f"port {self.name}: {digits!r} has characters that are no keys this modem can press "
                f"({' '.join(map(repr, bad))}); {self._dialect.keys} are"
            )
        for digit in digits:
            if leg.state is LegState.ENDED:
                raise LegEnded(leg)
            await self._press(digit, index)
            await asyncio.sleep(self._dialect.digit_seconds)

    async def _press(self, digit: str, index: int) -> None:
        """By the first of the family's commands that this firmware takes; it comes first from then on."""
        for command in list(self._commands):
            try:
                await self._channel.command(command.format(digit=digit, index=index))
            except CommandFailed as error:
                refused = error
                continue
            self._commands.remove(command)
            self._commands.insert(0, command)
            return
        raise refused
