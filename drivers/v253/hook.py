"""The hook of one modem: off it for voice, on it for sure. Every path of a call ends in `on_hook`."""

from __future__ import annotations

import logging
import re

from drivers.at.channel import CommandFailed
from drivers.port import PortTimeout
from drivers.v253.coding import Method
from drivers.v253.quirks import Chip
from drivers.v253.settings import Settings
from drivers.v253.stream import Stream

log = logging.getLogger(__name__)

HOOK_SECONDS = 4.0  # a slow relay and a slow firmware (V5)
DROP_SECONDS = 3.0


class Hook:
    """Commands around a call; raises what `Channel.command` raises unless told otherwise."""

    def __init__(self, stream: Stream, chip: Chip, method: Method, settings: Settings) -> None:
        self.method = method
        self._stream = stream
        self._chip = chip
        self._settings = settings

    async def off_hook(self) -> None:
        """Voice mode as we want it, then off hook."""
        command = self._stream.channel.command
        await command("AT+FCLASS=8")
        await command(self.method.command)
        await self._try(self._chip.silence_off)
        await self._try("AT+VIT=0")  # else the modem hangs up when the host says nothing for a while
        await self._try(self._chip.digit_length)
        if self._settings.receive_gain:
            await self._try(self._chip.receive_gain.format(self._settings.receive_gain))
        if self._settings.transmit_gain:
            await self._try(self._chip.transmit_gain.format(self._settings.transmit_gain))
        await command("AT+VLS=1", seconds=HOOK_SECONDS)

    async def enter_voice(self) -> None:
        """Full duplex; from now on there is sound."""
        await self._stream.enter_voice()

    async def leave_voice(self) -> None:
        """Back to commands; at once where the modem takes them already."""
        if not self._stream.sure:
            await self._stream.leave_voice(self._chip.leave)

    async def on_hook(self) -> None:
        """On hook, and seen to be so; then idle as between calls.

        Raises PortTimeout when the modem does not let go of the line, PortLost.
        """
        await self.leave_voice()
        if not await self._dropped():
            await self._stream.wake("ATE0")
            await self._try("ATZ")
            if not await self._dropped():
                raise PortTimeout(
                    f"port {self._stream.name}: the modem does not let go of the line (AT+VLS=0 and ATH "
                    "have no effect). Turn it off and on; it is tried again by itself"
                )
        await self.idle()

    async def idle(self) -> None:
        """As between calls. +VCID is lost by ATZ and, on some chips, by every hang-up (V6)."""
        await self._stream.channel.command("AT+FCLASS=0")
        await self.caller_id_on()
        if self._settings.ring_cadence:
            await self._try("AT+VDR=1,0")

    async def caller_id_on(self) -> None:
        """Raises PortTimeout or PortLost; a modem without caller ID is one whose callers have no number."""
        await self._try("AT+VCID=1")

    async def _dropped(self) -> bool:
        """+VLS=0 and ATH; what +VLS? says then counts, else that one of them was answered by OK."""
        released = await self._says_ok("AT+VLS=0")
        hung_up = await self._says_ok("ATH")
        if not released:
            return hung_up
        try:
            answer = await self._stream.channel.command(
                "AT+VLS?", "", seconds=DROP_SECONDS, may_be_empty=True
            )
        except (CommandFailed, PortTimeout):
            return True
        device = re.search(r"\d+", " ".join(answer))
        return device is None or int(device[0]) == 0

    async def _says_ok(self, command: str) -> bool:
        try:
            await self._stream.channel.command(command, seconds=DROP_SECONDS)
        except CommandFailed as error:
            log.debug("%s", error)
            return False
        except PortTimeout as error:
            log.warning("%s", error)
            return False
        return True

    async def _try(self, command: str) -> None:
        """A command whose refusal does not matter."""
        try:
            await self._stream.channel.command(command)
        except CommandFailed as error:
            log.debug("%s", error)
