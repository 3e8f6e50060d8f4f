"""Keys pressed in a call that is up: DTMF as sound, and a hook flash, the exchange's recall.

The modem takes no command while it is in voice, so the media engine sounds the digits. For a flash the engine
keeps the port and reads on, and only stops writing for the moment: the modem's answers are not seen (they are
heard as 3 ms of noise), and commands are sent by the clock. If the modem does not come back into voice, no
sound comes any more, and the call is ended as any call without sound is.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from drivers.port import AudioHolder, PortRefused
from drivers.v253.quirks import Chip
from drivers.v253.watch import Watch

DRAIN_SECONDS = 0.1  # what the engine has written is on its way
LEAVE_SECONDS = 0.5
FLASH_SECONDS = 1.2  # 0.5 s of break on most chips, and its OK
ENTER_SECONDS = 0.2


async def press(
    name: str,
    digits: str,
    *,
    holder: AudioHolder,
    watch: Watch,
    write: Callable[[bytes], None],
    chip: Chip,
) -> None:
    """0-9 A-D * # and ! for a flash; `write` is for the modem, and raises when the call is over.

    Raises PortRefused for other characters, before any is sent; and what `holder` and `write` raise.
    """
    if not re.fullmatch(r"[0-9A-D*#!]*", digits):
        raise PortRefused(
            f"port {name}: {digits!r} has characters that are no keys; 0-9 A-D * # are, and ! for a hook "
            "flash"
        )
    for piece in re.findall(r"!|[^!]+", digits):
        if piece == "!":
            with watch.away():
                await _flash(name, holder, write, chip)
        else:
            await holder.digits(name, piece)


async def _flash(name: str, holder: AudioHolder, write: Callable[[bytes], None], chip: Chip) -> None:
    """Out of voice, a flash, and into voice again."""
    holder.flow(name, False)
    try:
        await asyncio.sleep(DRAIN_SECONDS)
        for command, seconds in (
            (b"\0" + chip.leave, LEAVE_SECONDS),
            (chip.flash.encode("ascii") + b"\r", FLASH_SECONDS),
            (b"AT+VTR\r", ENTER_SECONDS),
        ):
            write(command)
            await asyncio.sleep(seconds)
    finally:
        holder.flow(name, True)
