"""Speaking to a modem that does not answer: calling it until it wakes, and a reset it may still obey."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence

from drivers.at.channel import Channel, CommandFailed
from drivers.port import PortLost, PortTimeout
from drivers.serialline import Line

log = logging.getLogger(__name__)

ESC = b"\x1b"  # frees a modem that waits for the text of a message (F20)
WAKE_SECONDS = (1.0, 1.0, 2.0)  # for the first answer
RESET_SECONDS = 1.0  # for each reset
STANDARD_RESET = "AT+CFUN=1,1"  # 3GPP 27.007 8.2


async def wake(channel: Channel, write: Callable[[bytes], None], what: str) -> None:
    """Echo off, as soon as somebody answers; `what` names port and path. Raises PortTimeout."""
    write(ESC)
    for seconds in WAKE_SECONDS:
        try:
            async with asyncio.timeout(seconds):
                await channel.command("ATE0")
            return
        except (TimeoutError, CommandFailed) as error:
            log.debug("%s: no answer yet: %s", what, error)
    raise PortTimeout(
        f"{what} is open but nobody answers AT. Check that it is the modem's command port and that the modem "
        "has power; it is tried again by itself"
    )


async def reset_blindly(
    open_line: Callable[[Callable[[bytes], None], Callable[[PortLost], None]], Line], commands: Sequence[str]
) -> None:
    """Write `commands` to a port whose modem answers nothing. Raises PortRefused when it cannot be opened.

    `open_line` takes who is told of bytes and who is told of the loss.
    """
    lost = asyncio.Event()
    line = open_line(lambda data: None, lambda error: lost.set())
    try:
        line.write(ESC)
        for command in commands:
            line.write(command.encode("ascii") + b"\r")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RESET_SECONDS):
                    await lost.wait()
    except PortLost as gone:
        log.debug("%s: it obeys", gone)
    finally:
        line.close()
