"""The AT side of an emulated modem: bytes -> commands, echo, answers, and the faults of framing.

What a command means is `command`, which the modem itself fills.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable

from drivers.emulated.faults import CURES, FAULTS, HANGS

LINE_BYTES = 2048  # of a command; V.250 5.2.1 asks for 40
KEPT_COMMANDS = 200
LATE_SECONDS = 7.0  # of F2: longer than anybody waits for an ordinary command
RESETS = ("AT+CRESET", "AT+CFUN=1,1")
GARBLED = {"F11g": bytes(range(128, 256, 3)) + b"\r\n\x00\xffO\xfe#\r", "F11h": b"\r\n+CS"}  # for every line
URC = '+CREG: 1,"1A2B","0C3D01",7'  # the line that gets into the way of others (F1, F3, F4)

#: Calls its second argument after the first in seconds; `asyncio.AbstractEventLoop.call_later` fits.
Later = Callable[[float, Callable[[], None]], asyncio.TimerHandle]

_COMMAND = re.compile(r"(S\d+|&?[A-Z]|[+^$*#][A-Z0-9]+|)(.*)", re.IGNORECASE)


class Refused(Exception):
    """A command is answered by an error; `code` is the +CME (or +CMS) code, 0 for one with `words` alone."""

    def __init__(self, code: int = 0, kind: str = "CME", *, words: str = "ERROR") -> None:
        super().__init__(code)
        self.code = code
        self.kind = kind
        self.words = words

    def said(self, numbered: bool) -> str:
        """The final result; a +CMS ERROR always has its number (27.005 3.2.5)."""
        numbered = (numbered and self.code > 0) or self.kind == "CMS"
        return f"+{self.kind} ERROR: {self.code}" if numbered else self.words


class AtFace:
    """Takes what the host writes (`feed`) and says lines to it (`say`)."""

    def __init__(self, name: str, send: Callable[[bytes], None], later: Later) -> None:
        self.name = name
        self.faults: set[str] = set()
        self.powered = True
        self.echo = True
        self.double_cr: tuple[str, ...] = ()  # beginnings of lines that come with CR CR LF
        self.commands: list[str] = []  # the last ones, for tests and for whoever is curious
        self._send = send
        self._later = later
        self._input = bytearray()
        self._waiting: list[str] = []  # commands behind one that takes its time (F2), itself first
        self._take_text: Callable[[str], None] | None = None  # a prompt is open

    def command(self, name: str, tail: str) -> Iterable[str | None]:
        """The information lines of one command ("+CSQ", "?"); None among them: never answered.

        May raise Refused.
        """
        raise NotImplementedError

    @property
    def verbose_errors(self) -> bool:
        """Whether AT+CMEE asks for error numbers."""
        raise NotImplementedError

    def fault(self, name: str, on: bool = True) -> None:
        """Switch a fault of `faults.py` on or off; raises ValueError for a name that is none."""
        if name not in FAULTS:
            raise ValueError(f"{name} is no fault; there are {', '.join(FAULTS)}")
        if on:
            self.faults.add(name)
        else:
            self.faults.discard(name)

    def feed(self, data: bytes) -> None:
        """Bytes the host wrote to the AT port."""
        if 0x1B in data and "cure-esc" in self.faults:
            self.faults -= HANGS
        for byte in data:
            if self._take_text is not None:
                self._typed(byte)
            elif byte == 0x1B:
                self._input.clear()
            elif byte == 0x0D:
                line = self._input.decode("latin-1").strip()
                self._input.clear()
                self._line(line)
            elif byte != 0x0A and len(self._input) < LINE_BYTES:
                self._input.append(byte)

    def prompt(self, take: Callable[[str], None]) -> None:
        """Ask for a text; `take` gets it when Ctrl-Z is typed. ESC ends the command."""
        self._take_text = take
        self._input.clear()
        self._send(b"\r\n> ")

    def _typed(self, byte: int) -> None:
        take = self._take_text
        if byte == 0x1B:
            self._take_text = None
            self._input.clear()
            self.finish("OK")
        elif byte == 0x1A and take is not None and "F20" not in self.faults:
            text = self._input.decode("latin-1")
            self._take_text = None
            self._input.clear()
            if self.echo:
                self._send(text.encode("latin-1") + b"\r\n")
            take(text)
        elif len(self._input) < LINE_BYTES:
            self._input.append(byte)

    def forget_input(self) -> None:
        """As after power-up: half a command is gone, echo is on."""
        if self.faults & CURES:
            self.faults -= HANGS
        self._input.clear()
        self._waiting.clear()
        self._take_text = None
        self.echo = True

    def say(self, *lines: str) -> None:
        """Lines to the host, all of them in one piece."""
        if self.powered and "F11s" not in self.faults:
            self._send("".join(map(self._framed, lines)).encode())

    def _framed(self, line: str) -> str:
        end = "\r\r\n" if "F6" in self.faults or line.startswith(self.double_cr) else "\r\n"
        return f"{end}{line}{end}"

    def _line(self, line: str) -> None:
        if not line:
            return
        self.commands = [*self.commands[1 - KEPT_COMMANDS :], line]
        hangs = self.faults & HANGS and not ("cure-reset" in self.faults and line.upper() in RESETS)
        if not hangs:
            self._echo_back(line)
        elif self.faults & GARBLED.keys():
            self._send(GARBLED[min(self.faults & GARBLED.keys())])
        if hangs or not line.upper().startswith("AT"):
            return
        if "F2" in self.faults and not self._waiting:
            self.faults.discard("F2")
            self._later(LATE_SECONDS, self._execute_waiting)
            self._waiting.append(line[2:])
        elif self._waiting:
            self._waiting.append(line[2:])
        else:
            self._execute(line[2:])

    def _execute_waiting(self) -> None:
        """V.250 5.2: one command line after another, however long the first one took."""
        waiting, self._waiting = self._waiting, []
        for body in waiting:
            self._execute(body)

    def _echo_back(self, line: str) -> None:
        if "F3" in self.faults:
            half = len(line) // 2
            self._send(f"{line[:half]}\r\n{URC}\r\n{line[half:]}\r".encode("latin-1"))
        elif self.echo or "F5" in self.faults:
            self._send(line.encode("latin-1") + b"\r")

    def _execute(self, body: str) -> None:
        final = "OK"
        try:
            for part in _parts(body):
                match = _COMMAND.fullmatch(part)
                if match is None:
                    raise Refused(100)
                for line in self.command(match[1].upper(), match[2]):
                    if line is None:
                        return
                    self.say(line)
        except Refused as refused:
            final = refused.said(self.verbose_errors)
        self.finish(final)

    def finish(self, final: str) -> None:
        """The end of a command; who answers None from `command` says it himself."""
        if "F1" in self.faults:
            self.say(URC)
            self.say("+CSQ: 20,99")
        if "F4" in self.faults and final == "OK":
            self.say(URC + "OK" if len(self.commands) % 2 else "OK" + URC)
        else:
            self.say(final)


def _parts(body: str) -> list[str]:
    """`+CMEE=1;+CREG=1` is two commands; a dial string and quoted text keep their semicolons."""
    if body[:1].upper() == "D":
        return [body]
    return [part.strip() for part in re.findall(r'(?:[^;"]|"[^"]*")+', body)] or [""]
