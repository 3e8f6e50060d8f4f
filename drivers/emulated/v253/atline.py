"""Command lines and result codes as ITU-T V.250 has them: echo, editing, registers, verbose or numeric."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

LINE_BYTES = 512
KEPT_COMMANDS = 200
REGISTERS: Mapping[int, int] = {0: 0, 3: 13, 4: 10, 5: 8, 6: 2, 7: 50, 8: 2, 10: 14, 11: 85}
LETTERS: Mapping[str, int] = {
    "E": 1,
    "Q": 0,
    "V": 1,
    "X": 4,
    "L": 2,
    "M": 1,
    "&C": 1,
    "&D": 2,
    "&K": 3,
    "B": 1,
}
NUMBERS: Mapping[str, str] = {  # V.250 5.7.1; VCON has none, it counts as OK
    "OK": "0",
    "CONNECT": "1",
    "RING": "2",
    "NO CARRIER": "3",
    "ERROR": "4",
    "NO DIALTONE": "6",
    "BUSY": "7",
    "NO ANSWER": "8",
    "VCON": "0",
}

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<extended>[+\#*%^$\\-][A-Z][A-Z0-9]*)(?P<value>(?:"[^"]*"|[^;"])*)(?:;|$)
      | (?P<dial>D)(?P<number>.*)
      | (?P<register>S\d+)(?P<setting>=\d*|\?)?
      | (?P<basic>&?[A-Z])(?P<digits>\d*)
      | (?P<nothing>;)
    )""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True)
class Command:
    """One command of a line: "+VLS" and "=1", "S0" and "?", "E" and "0", "D" and what is dialled."""

    name: str
    tail: str


def split(body: str) -> Iterator[Command | None]:
    """The commands of a line without its AT; None for something that is no command (V.250 5.4)."""
    at = 0
    body = body.rstrip()
    while at < len(body):
        found = _TOKEN.match(body, at)
        if found is None:
            yield None
            return
        at = found.end()
        for name, tail in (
            ("extended", "value"),
            ("dial", "number"),
            ("register", "setting"),
            ("basic", "digits"),
        ):
            if found[name] is not None:
                yield Command(found[name].upper(), (found[tail] or "").strip())


class AtLine:
    """Bytes to command lines, and lines to bytes, by the settings E, V, Q and S3 to S5."""

    def __init__(self, send: Callable[[bytes], None], *, no_dial_tone: str = "NO DIALTONE") -> None:
        self.letters = dict(LETTERS)
        self.registers = dict(REGISTERS)
        self.always_echo = False
        self.commands: list[str] = []  # the last ones, for tests and for whoever is curious
        self._send = send
        self._no_dial_tone = no_dial_tone
        self._input = bytearray()

    def reset(self) -> None:
        """Settings as after power-up."""
        self.letters = dict(LETTERS)
        self.registers = dict(REGISTERS)
        self._input.clear()

    def type(self, byte: int) -> str | None:
        """A byte from the host; the command line's body when it is complete."""
        if self.letters["E"] or self.always_echo:
            self._send(bytes([byte]))
        if byte == self.registers[3]:
            line = self._input.decode("latin-1")
            self._input.clear()
            return self._body(line)
        if byte == self.registers[5]:
            del self._input[-1:]
        elif byte == ord("/") and self._input[-1:].upper() == b"A" and self.commands:
            self._input.clear()
            return self.commands[-1]
        elif byte != self.registers[4] and len(self._input) < LINE_BYTES:
            self._input.append(byte)
        return None

    def _body(self, line: str) -> str | None:
        """What comes after AT, wherever it stands: a modem waits for these two letters."""
        start = line.upper().find("AT")
        if start < 0:
            return None
        self.commands = [*self.commands[1 - KEPT_COMMANDS :], line[start + 2 :]]
        return line[start + 2 :]

    def information(self, text: str) -> None:
        """A line that is no result code."""
        before = self._end if self.letters["V"] else b""
        self._send(before + text.encode("latin-1") + self._end)

    def result(self, text: str) -> None:
        """A result code."""
        if self.letters["Q"]:
            return
        if self.letters["V"]:
            words = self._no_dial_tone if text == "NO DIALTONE" else text
            self._send(self._end + words.encode("latin-1") + self._end)
        else:
            self._send(NUMBERS[text].encode() + bytes([self.registers[3]]))

    def register(self, number: int, setting: str) -> list[str] | None:
        """S-registers: the lines of the answer, None when it is refused."""
        if setting == "?":
            return [f"{self.registers.get(number, 0):03d}"]
        value = int(setting.removeprefix("=") or "0")
        if value > 255:
            return None
        self.registers[number] = value
        return []

    @property
    def _end(self) -> bytes:
        return bytes([self.registers[3], self.registers[4]])
