"""One AT command in flight: who waits for which lines, what is a URC, what came too late.

Pure protocol over a `write` callable and `feed`: no descriptor, no thread, only the loop's timers.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.at.parser import Item, Line, Parser, Result
from drivers.port import DriverError, PortRefused, PortTimeout

log = logging.getLogger(__name__)

COMMAND_SECONDS = 5.0  # ordinary commands; chan_dongle's middle class
DOUBT_SECONDS = 0.3  # an OK without the expected line may be the previous command's (F2): wait this long
CALL_ENDS = ("NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE", "NO DIAL TONE")


def shown(command: str) -> str:
    """A command as it may stand in a message or log: no PIN, and only the end of a telephone number."""
    secret = re.match(r"(AT\+CPIN=).", command)
    if secret:
        return f"{secret[1]}..."
    return re.sub(r"^ATD[^;]*?([^;]{0,3});?$", r"ATD...\1", command)


class CommandFailed(PortRefused):
    """The modem answered with an error; `answer` is its own word ("ERROR", "+CME ERROR: 10")."""

    def __init__(self, port: str, command: str, answer: str) -> None:
        super().__init__(f'port {port}: {shown(command)} was refused (the modem said "{answer}")')
        self.answer = answer


@dataclass
class _Pending:
    """The command in flight."""

    text: str
    prefix: str | None
    may_be_empty: bool
    dialling: bool
    done: asyncio.Future[Result]
    echo: str  # what of the command's echo may still come, perhaps in pieces (F3)
    lines: list[str] = field(default_factory=list)


class Channel:
    """Commands go out one at a time, answers come back to who asked, everything else is a URC.

    `write` takes bytes for the modem, `on_urc` gets every line nobody asked for. `is_urc` knows the lines
    that are never the free text a command like AT+CGMM is answered with. `sync` is a command that
    is always allowed and whose answer has a line of its own: after a time-out it tells the late answer of
    the command given up from the answer of the next one (F2).
    """

    def __init__(
        self,
        name: str,
        *,
        write: Callable[[bytes], None],
        on_urc: Callable[[str], None],
        is_urc: Callable[[str], bool] = lambda text: False,
        sync: tuple[str, str] = ("AT+CMEE?", "+CMEE:"),
    ) -> None:
        self.name = name
        self._write = write
        self._on_urc = on_urc
        self._is_urc = is_urc
        self._sync = sync
        self._parser = Parser()
        self._pending: _Pending | None = None
        self._lock = asyncio.Lock()  # guards _pending: one command in flight
        self._late = False  # a command was given up: its answer may still come
        self._sync_tries = 0
        self._lost: DriverError | None = None
        self._doubt: asyncio.TimerHandle | None = None

    @property
    def dialling(self) -> bool:
        """ATD or ATA is out and unanswered: any byte written now would abort the call (F9)."""
        return self._pending is not None and self._pending.dialling

    async def command(
        self,
        text: str,
        prefix: str | None = None,
        *,
        seconds: float = COMMAND_SECONDS,
        may_be_empty: bool = False,
        dialling: bool = False,
    ) -> list[str]:
        """Send `text` and return its information lines.

        `prefix` tells those lines: None when none are due, "+CSQ:" for named ones, "" for free text.
        `may_be_empty`: an answer without any such line is in order. `dialling`: a call's end (NO CARRIER,
        BUSY...) is this command's result too.
        Raises CommandFailed (the modem refused), PortTimeout (no answer), PortLost (channel lost).
        """
        async with self._lock:
            if self._late:
                await self._synchronise()
            return await self._run(text, prefix, seconds, may_be_empty, dialling)

    def interrupt(self) -> None:
        """Abort a pending ATD: any character does (V.250 5.6.1). Nothing happens when none is pending."""
        if self.dialling:
            self._write(b"\r")

    def feed(self, data: bytes) -> None:
        """Bytes from the modem."""
        for item in self._parser.feed(data):
            log.debug("port %s: < %s", self.name, item)
            self._take(item)

    def lost(self, error: DriverError) -> None:
        """The way to the modem is gone: the command in flight and all later ones raise `error`."""
        self._lost = error
        if self._pending is not None and not self._pending.done.done():
            self._pending.done.set_exception(error)

    async def _synchronise(self) -> None:
        text, prefix = self._sync
        self._sync_tries += 1
        await self._run(text, prefix, COMMAND_SECONDS, False, False)
        if self._sync_tries > 1:
            await asyncio.sleep(DOUBT_SECONDS)  # this may have been the first try's answer: drop the rest
        self._late, self._sync_tries = False, 0

    async def _run(
        self, text: str, prefix: str | None, seconds: float, may_be_empty: bool, dialling: bool
    ) -> list[str]:
        if self._lost is not None:
            raise self._lost
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        pending = self._pending = _Pending(text, prefix, may_be_empty, dialling, done, text)
        log.debug("port %s: > %s", self.name, shown(text))
        try:
            self._write(text.encode("ascii") + b"\r")
            async with asyncio.timeout(seconds):
                result = await done
        except TimeoutError:
            self._late = True
            raise PortTimeout(
                f"port {self.name}: no answer to {shown(text)} within {seconds:g} s; the modem may hang"
            ) from None
        except asyncio.CancelledError:
            self._late = True  # whoever asked went away, the answer still comes
            raise
        finally:
            self._pending = None
            self._settle_doubt()
        if not result.ok:
            raise CommandFailed(self.name, text, result.text)
        return pending.lines

    def _take(self, item: Item) -> None:
        if isinstance(item, Result):
            self._take_result(item)
        elif isinstance(item, Line):
            self._take_line(item.text)
        elif not self.dialling:
            # Nothing here asks for text, so a prompt is a leftover: ESC frees a stuck modem (F20).
            self._write(b"\x1b")

    def _take_line(self, text: str) -> None:
        pending = self._pending
        if pending is not None and self._is_echo(pending, text):
            return
        if pending is not None and pending.dialling and text in CALL_ENDS:
            self._finish(pending, Result(text))
            self._on_urc(text)
        elif pending is not None and self._is_information(pending, text):
            pending.lines.append(text)
        else:
            self._on_urc(text)

    def _take_result(self, result: Result) -> None:
        pending = self._pending
        if pending is None:
            log.debug("port %s: %r came too late or unasked, dropped", self.name, result.text)
            return
        if result.ok and pending.prefix is not None and not pending.lines and not pending.may_be_empty:
            if self._late:
                return  # the answer of the command that was given up
            if self._doubt is None:
                loop = asyncio.get_running_loop()
                self._doubt = loop.call_later(DOUBT_SECONDS, self._finish, pending, result)
            return
        if self._late and not result.ok and pending.text == self._sync[0]:
            return  # as above: the command given up was refused in the end
        self._finish(pending, result)

    def _finish(self, pending: _Pending, result: Result) -> None:
        if not pending.done.done():
            pending.done.set_result(result)

    def _settle_doubt(self) -> None:
        if self._doubt is not None:
            self._doubt.cancel()
            self._doubt = None

    def _is_information(self, pending: _Pending, text: str) -> bool:
        if pending.prefix is None:
            return False
        if pending.prefix:
            return text.startswith(pending.prefix)
        return not self._is_urc(text)

    def _is_echo(self, pending: _Pending, text: str) -> bool:
        if pending.echo and pending.echo.startswith(text):
            pending.echo = pending.echo[len(text) :]
            return True
        return False
