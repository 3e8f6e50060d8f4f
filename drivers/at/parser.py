"""Bytes of an AT port -> lines, results and prompts. No I/O, no clock, no knowledge of what was asked.

A modem cuts, glues and repeats its lines (failure catalogue F1-F6); whatever bytes come, this gives a
list of items and keeps at most LINE_BYTES for later. What a line answers is the channel's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LINE_BYTES = 2048  # longest line kept; the longest answers seen are a few hundred bytes (an SMS PDU)


@dataclass(frozen=True)
class Result:
    """A final result code of V.250 5.7 or 3GPP 27.007 9.2: the command is over."""

    text: str

    @property
    def ok(self) -> bool:
        return self.text == "OK"


@dataclass(frozen=True)
class Line:
    """Any other line: information a command asked for, a URC, an echo, or noise."""

    text: str


@dataclass(frozen=True)
class Prompt:
    """The modem waits for text ("> " without a line end, 27.005 3.5.1)."""


Item = Result | Line | Prompt

#: Ends of a command whatever was asked. NO CARRIER and its kin end a call and sometimes a command: Line.
_FINAL = re.compile(r"OK|ERROR|\+CM[ES] ERROR: ?.*|COMMAND NOT SUPPORT|TOO MANY PARAMETERS")
#: A final with the next line glued behind it: "OK+CREG: 1", "ERROR+CNUM: ..." (seen on Huawei).
_FINAL_FIRST = re.compile(r"(OK|ERROR)(?=[+^*$]|RING|VOICE CALL|MISSED_CALL|NO CARRIER|BUSY)(.+)")
#: A URC with the final glued behind it: '+CREG: 1,"1A2B"OK', "RINGOK". Only after a digit, a quote or
#: a word of ours, so that a message text that ends in "...BOOK" stays a text.
_FINAL_LAST = re.compile(r"((?:[+^*$][A-Z]+: ?.*[0-9\"])|RING|NO CARRIER|BUSY|VOICE CALL: ?BEGIN)(OK|ERROR)")
_NOISE = dict.fromkeys([*range(0x20), 0x7F, 0xFFFD])
_LINE_END = re.compile(rb"[\r\n]")


class Parser:
    """Feed it bytes in any portions; it gives the items that are complete."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False  # inside a line that was too long, until its end
        self.dropped_bytes = 0  # of lines over LINE_BYTES

    def feed(self, data: bytes) -> list[Item]:
        """The items `data` completes, in order."""
        *ended, rest = _LINE_END.split(self._rest + data)
        items: list[Item] = []
        for raw in ended:
            items.extend(self._line(raw))
        if not self._skipping and rest.lstrip(b"\0").startswith(b"> "):
            items.append(Prompt())
            rest = rest.lstrip(b"\0")[2:]
        if len(rest) > LINE_BYTES or self._skipping:
            self.dropped_bytes += len(rest)
            self._skipping, rest = True, b""
        self._rest = rest
        return items

    def _line(self, raw: bytes) -> list[Item]:
        if self._skipping or len(raw) > LINE_BYTES:
            self.dropped_bytes += len(raw)
            self._skipping = False
            return []
        prompt: list[Item] = []
        if raw.startswith(b"> "):
            raw, prompt = raw[2:], [Prompt()]
        text = raw.decode("utf-8", "replace").translate(_NOISE).strip()
        return prompt + (_items(text) if text else [])


def _items(text: str) -> list[Item]:
    if _FINAL.fullmatch(text):
        return [Result(text)]
    if glued := _FINAL_FIRST.fullmatch(text):
        return [Result(glued[1]), *_items(glued[2].strip())]
    if glued := _FINAL_LAST.fullmatch(text):
        return [Line(glued[1]), Result(glued[2])]
    return [Line(text)]


def fields(text: str) -> list[str]:
    """The values of `+XXX: 1,"a,b",,2` without their quotes: ["1", "a,b", "", "2"]; [] without a colon."""
    _, colon, values = text.partition(":")
    if not colon:
        return []
    return [(quoted or plain).strip() for quoted, plain in _VALUE.findall(values.strip() + ",")]


def number(text: str) -> int | None:
    """The value as an int, None where it is none ("" or noise)."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else None


_VALUE = re.compile(r'(?:"([^"]*)"|([^,]*)),')
