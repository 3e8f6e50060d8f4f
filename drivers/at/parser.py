"""Bytes of an AT port -> lines, results and prompts. No I/O, no clock, no knowledge of what was asked.

A modem cuts, glues and repeats its lines (failure catalogue F1-F6); whatever bytes come, this gives a
list of items and keeps at most about LINE_BYTES for later. What a line answers is the channel's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LINE_BYTES = 2048  # longest line kept; the longest answers seen are a few hundred bytes (an SMS PDU)


@dataclass(slots=True)
class Result:
    """A final result code of V.250 5.7 or 3GPP 27.007 9.2: the command is over."""

    text: str

    @property
    def ok(self) -> bool:
        return self.text == "OK"


@dataclass(slots=True)
class Line:
    """Any other line: information a command asked for, a URC, an echo, or noise.

    Only a +CUSD may hold line ends, those of the text in its quotes.
    """

    text: str


@dataclass(slots=True)
class Prompt:
    """The modem waits for text ("> " without a line end, 27.005 3.5.1)."""


Item = Result | Line | Prompt

#: Ends of a command whatever was asked. NO CARRIER and its kin end a call and sometimes a command: Line.
_FINALS = frozenset({"OK", "ERROR", "COMMAND NOT SUPPORT", "TOO MANY PARAMETERS"})
_NUMBERED = re.compile(r"\+CM[ES] ERROR: ?.*")
#: A final with the next line glued behind it: "OK+CREG: 1", "ERROR+CNUM: ..." (seen on Huawei).
_FINAL_FIRST = re.compile(r"(OK|ERROR)(?=[+^*$]|RING|VOICE CALL|MISSED_CALL|NO CARRIER|BUSY)(.+)")
#: A line with the final glued behind it: '+CREG: 1,"1A2B"OK', "RINGOK", "0791...OK". Only after a digit, a
#: quote, a PDU or a word of ours, so that a message text that ends in "...BOOK" stays a text.
_FINAL_LAST = re.compile(
    r"((?:[+^*$][A-Z]+: ?.*[0-9\"])|[0-9A-F]{28,}|RING|NO CARRIER|BUSY|VOICE CALL: ?BEGIN)(OK|ERROR)",
    re.DOTALL,
)
_NOISE = dict.fromkeys([*range(0x20), 0x7F, 0xFFFD])
_QUOTED = "+CUSD:"  # its quotes may hold line ends
_QUOTE_CLOSED = re.compile(r'[^"]*|.*"(?:,\s*\d*)?(?:OK|ERROR)?', re.DOTALL)
_ANOTHER = re.compile(r"[+^*$][A-Z]{2,}[:=]")  # no text of a menu begins so


class Parser:
    """Feed it bytes in any portions; it gives the items that are complete."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False  # inside a line that was too long, until its end
        self._quoted = ""  # a line whose quotes are open, with the line ends in them
        self.dropped_bytes = 0  # of lines over LINE_BYTES

    def feed(self, data: bytes) -> list[Item]:
        """The items `data` completes, in order."""
        *ended, rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        items: list[Item] = []
        for raw in ended:
            if raw or self._skipping:
                self._line(raw, items)
        if not self._skipping:
            rest = self._prompts(rest, items)
        if len(rest) > LINE_BYTES or self._skipping:
            self.dropped_bytes += len(rest)
            self._skipping, rest = True, b""
        self._rest = rest
        return items

    def _line(self, raw: bytes, items: list[Item]) -> None:
        if self._skipping or len(raw) > LINE_BYTES:
            self.dropped_bytes += len(raw)
            self._skipping = False
            return
        raw = self._prompts(raw, items)
        text = raw.decode("utf-8", "replace")
        if not text.isprintable() or "\ufffd" in text:
            text = text.translate(_NOISE)
        text = text.strip()
        if not text:
            return
        if self._quoted:
            self._go_on(text, items)
        elif text.startswith(_QUOTED) and not _QUOTE_CLOSED.fullmatch(text):
            self._quoted = text
        else:
            _add(text, items)

    def _prompts(self, raw: bytes, items: list[Item]) -> bytes:
        """What is left of the beginning of a line without the prompts there."""
        while raw[:1] in b"\0>" and not self._quoted:
            bare = raw.lstrip(b"\0")
            if not bare.startswith(b"> "):
                break
            items.append(Prompt())
            raw = bare[2:]
        return raw

    def _go_on(self, text: str, items: list[Item]) -> None:
        """A further line in open quotes; what can be none, or too much of it, ends them."""
        if _is_final(text) or _ANOTHER.match(text) or len(self._quoted) > LINE_BYTES:
            items.append(Line(self._quoted))
            self._quoted = ""
            _add(text, items)
            return
        self._quoted += "\n" + text
        if '"' in text and _QUOTE_CLOSED.fullmatch(text):
            whole, self._quoted = self._quoted, ""
            _add(whole, items)


def _is_final(text: str) -> bool:
    return text in _FINALS or (text.startswith("+CM") and _NUMBERED.fullmatch(text) is not None)


def _add(text: str, items: list[Item]) -> None:
    if _is_final(text):
        items.append(Result(text))
    elif text.startswith(("OK", "ERROR")) and (glued := _FINAL_FIRST.fullmatch(text)):
        items.append(Result(glued[1]))
        _add(glued[2].strip(), items)
    elif text.endswith(("OK", "ERROR")) and (glued := _FINAL_LAST.fullmatch(text)):
        items += Line(glued[1]), Result(glued[2])
    else:
        items.append(Line(text))


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
