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
PROMPT_SECONDS = 10.0  # "> " comes at once, or after the modem has finished something else
NOTHING = "OK, and no answer"  # in CommandFailed: the line that was asked for did not come
CALL_ENDS = ("NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE", "NO DIAL TONE")


def shown(command: str) -> str:
    """A command as it may stand in a message or log: no PIN, no USSD code (it may hold the number of a
    voucher), no keys (of a card), and only the end of a telephone number."""
    secret = re.match(r"(AT\+CPIN=|AT\+CUSD=1,|AT\+VTS=|AT\^DDTMF=[0-9],).", command)
    if secret:
        return f"{secret[1]}..."
    return re.sub(r"^ATD[^;]*?([^;]{0,3});?$", r"ATD...\1", command)


def keyless(said: str) -> str:
    """What a modem says as it may stand in a log: keys that a caller pressed may be of a card."""
    return re.sub(r"(DTMF:[^0-9A-D*#]*)[0-9A-D*#]", r"\1*", said)


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
    may_be_empty: bool = False
    dialling: bool = False
    takes_pdus: bool = False  # a line with the prefix is followed by one with a PDU in hex
    body: str | None = None  # to be sent when the modem prompts for it
    lines: list[str] = field(default_factory=list)
    seconds: float = COMMAND_SECONDS
    prompted: bool = False
    limit: asyncio.Timeout | None = None
    done: asyncio.Future[Result] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    echo: str = ""  # what of its echo may still come, perhaps in pieces (F3)

    @property
    def wants_prompt(self) -> bool:
        return self.body is not None and not self.prompted and not (self.limit and self.limit.expired())

    @property
    def patience(self) -> float:
        return self.seconds if self.body is None or self.prompted else PROMPT_SECONDS

    @property
    def lacks_answer(self) -> bool:
        """The lines that it is to be answered with have not come."""
        return self.prefix is not None and not self.lines and not self.may_be_empty

    def go_on(self) -> None:
        """The modem works at it: its time is counted from now."""
        if self.limit is not None and not self.limit.expired():
            self.limit.reschedule(asyncio.get_running_loop().time() + self.patience)


#: URCs that are followed by a PDU in hex on a line of its own (27.005 3.4.1), handed over as one.
WITH_PDU = ("+CMT:", "+CDS:")
_PDU = re.compile(r"(?:[0-9A-F]{2}){8,}", re.IGNORECASE)  # the shortest that make sense have 14 octets


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
        self._before_pdu = ""  # a URC whose PDU is to follow on the next line

    @property
    def dialling(self) -> bool:
        """ATD or ATA is out and unanswered: any byte written now would abort the call (F9)."""
        return self._pending is not None and self._pending.dialling

    @property
    def busy(self) -> bool:
        """A command is out and unanswered; another one would wait."""
        return self._lock.locked()

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
        Raises CommandFailed (the modem refused, or said OK alone where lines were due), PortTimeout (no
        answer), PortLost (channel lost).
        """
        return await self._ask(_Pending(text, prefix, may_be_empty, dialling, seconds=seconds))

    async def pdus(
        self, text: str, prefix: str, *, seconds: float = COMMAND_SECONDS
    ) -> list[tuple[str, str]]:
        """Send `text` (AT+CMGR, AT+CMGL) and return each information line with the PDU that follows it.

        "" stands for a PDU that is missing, or when there are two and nobody knows which it is. A list is
        long: `seconds` are counted anew with each line of it. Raises as `command`.
        """
        lines = await self._ask(_Pending(text, prefix, True, takes_pdus=True, seconds=seconds))
        found: list[tuple[str, str]] = []
        for line in lines:
            if line.startswith(prefix):
                found.append((line, ""))
            elif found:
                before, pdu = found[-1]
                found[-1] = (before, "" if pdu else line)
        return found

    async def submit(self, text: str, prefix: str, body: str, *, seconds: float) -> list[str]:
        """Send `text` (AT+CMGS), wait for the modem's prompt, send `body` and Ctrl-Z; else as `command`.

        After a PortTimeout it is not known whether the modem has taken `body`.
        """
        return await self._ask(_Pending(text, prefix, body=body, seconds=seconds))

    def distrust(self) -> None:
        """More results may come than commands were sent (F19): the next command throws them away first."""
        self._late = True

    def interrupt(self) -> None:
        """Abort a pending ATD: any character does (V.250 5.6.1). Nothing happens when none is pending."""
        if self.dialling:
            self._write(b"\r")

    def feed(self, data: bytes) -> None:
        """Bytes from the modem."""
        for item in self._parser.feed(data):
            log.debug("port %s: < %s", self.name, keyless(str(item)))
            self._take(item)

    def lost(self, error: DriverError) -> None:
        """The way to the modem is gone: the command in flight and all later ones raise `error`."""
        self._lost = error
        if self._pending is not None and not self._pending.done.done():
            self._pending.done.set_exception(error)

    async def _ask(self, pending: _Pending) -> list[str]:
        async with self._lock:
            if self._late:
                await self._synchronise()
            return await self._run(pending)

    async def _synchronise(self) -> None:
        self._sync_tries += 1
        await self._run(_Pending(*self._sync))
        if self._sync_tries > 1:
            await asyncio.sleep(DOUBT_SECONDS)  # this may have been the first try's answer: drop the rest
        self._late, self._sync_tries = False, 0

    async def _run(self, pending: _Pending) -> list[str]:
        if self._lost is not None:
            raise self._lost
        self._pending = pending
        pending.echo = pending.text
        log.debug("port %s: > %s", self.name, shown(pending.text))
        answered = False
        try:
            async with asyncio.timeout(pending.patience) as limit:
                pending.limit = limit
                self._write(pending.text.encode("ascii") + b"\r")
                result = await pending.done
                answered = True
        except TimeoutError:
            raise PortTimeout(
                f"port {self.name}: no answer to {shown(pending.text)} within {pending.patience:g} s; "
                "the modem may hang"
            ) from None
        finally:
            self._pending = None
            self._settle_doubt()
            if not answered and self._lost is None:
                self._given_up(pending)
        if not result.ok:
            raise CommandFailed(self.name, pending.text, result.text)
        if pending.lacks_answer and pending.body is None:
            raise CommandFailed(self.name, pending.text, NOTHING)
        return pending.lines

    def _given_up(self, pending: _Pending) -> None:
        """Time is up, or whoever asked went away; the answer may still come. ESC ends a prompt (F20)."""
        self._late = True
        if pending.body is not None:
            self._write_escape()

    def _take(self, item: Item) -> None:
        if isinstance(item, Result):
            self._take_result(item)
        elif isinstance(item, Line):
            self._take_line(item.text)
        elif self._pending is not None and self._pending.wants_prompt:
            self._send_body(self._pending)
        elif not self.dialling:
            self._write_escape()  # nobody asked for this prompt: ESC frees a stuck modem (F20)

    def _send_body(self, pending: _Pending) -> None:
        assert pending.body is not None
        pending.prompted, pending.echo = True, pending.body
        pending.go_on()
        try:
            self._write(pending.body.encode("ascii") + b"\x1a")
        except DriverError as error:
            self.lost(error)

    def _take_line(self, text: str) -> None:
        pending = self._pending
        if pending is not None and self._is_echo(pending, text):
            return
        if self._is_pdu(pending, text):
            self._take_pdu(pending, text)
        elif pending is not None and pending.dialling and text in CALL_ENDS:
            self._finish(pending, Result(text))
            self._urc(text)
        elif pending is not None and self._is_information(pending, text):
            pending.lines.append(text)
            self._before_pdu = ""
            if pending.takes_pdus:
                pending.go_on()
        else:
            self._urc(text)

    def _urc(self, text: str) -> None:
        if text.startswith(WITH_PDU):
            self._before_pdu = text
        else:
            self._on_urc(text)

    def _is_pdu(self, pending: _Pending | None, text: str) -> bool:
        wanted = self._before_pdu or (pending is not None and pending.takes_pdus and pending.lines)
        return bool(wanted) and _PDU.fullmatch(text) is not None

    def _take_pdu(self, pending: _Pending | None, text: str) -> None:
        """It belongs to the line announced last: a URC with its PDU may stand in an answer (F1)."""
        if self._before_pdu:
            before, self._before_pdu = self._before_pdu, ""
            self._on_urc(f"{before}\n{text}")
        elif pending is not None:
            pending.lines.append(text)

    def _take_result(self, result: Result) -> None:
        pending = self._pending
        if pending is None:
            log.debug("port %s: %r came too late or unasked, dropped", self.name, result.text)
            return
        if result.ok and pending.lacks_answer:
            if self._late:
                return  # the answer of the command that was given up
            if self._doubt is None:
                loop = asyncio.get_running_loop()
                self._doubt = loop.call_later(DOUBT_SECONDS, self._finish, pending, result)
            return
        if self._late and not result.ok and pending.text == self._sync[0]:
            return  # as above: the command given up was refused in the end
        self._finish(pending, result)

    def _write_escape(self) -> None:
        try:
            self._write(b"\x1b")
        except DriverError as error:
            log.debug("%s", error)  # the port is gone; whoever waits for it is told by `lost`

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
