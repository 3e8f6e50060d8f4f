"""A hook flash in a call that is up: the exchange's recall, for putting a call through.

The media engine keeps the port and reads on; it only stops writing for the moment. So the modem's answers
are not seen (the engine hears them as 3 ms of noise), and commands are sent by the clock. If it does not come
back into voice, no sound comes any more, and the call is ended as any call without sound is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from drivers.port import AudioHolder
from drivers.v253.quirks import Chip

DRAIN_SECONDS = 0.1  # what the engine has written is on its way
LEAVE_SECONDS = 0.5
FLASH_SECONDS = 1.2  # 0.5 s of break on most chips, and its OK
ENTER_SECONDS = 0.5


async def flash(name: str, holder: AudioHolder, write: Callable[[bytes], None], chip: Chip) -> None:
    """Out of voice, a flash, and into voice again; raises what `write` does, which is asked each time."""
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
