"""Caller ID as modems print it: lines with or without blanks, hex messages, packets; in any order.

`DATE = 1121`, `TIME = 1930`, `NMBR = n | P | O`, `NAME = x`, `MESG = hex` (V.253 8.4.2); USR without blanks;
+VCID=2 is a whole message in hex, after `MESG =`, `CIDM`, or alone on its line. Never raises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from dsp import caller_id_message
from dsp.caller_id_message import CALL, SDMF_CALL, WAITING, CallerId, Reason

NAME_BYTES = 64
DIGITS = re.compile(r"\+?[0-9*#]{1,40}")
ABSENT = {"P": Reason.PRIVATE, "O": Reason.UNAVAILABLE, "I": Reason.INTERNATIONAL, "C": Reason.PAYPHONE}

_TAGGED = re.compile(
    r"(DATE|TIME|NMBR|NAME|MESG|DDN_NMBR|DDN|CIDM|PRIVATE|OUT OF AREA)\b\s*[=:]?\s*(.*)", re.I
)
_HEX = re.compile(r"(?:[0-9A-F]{2}){4,258}", re.I)
_CADENCE = re.compile(r"DRO([NF])\s*=\s*(\d{1,4})", re.I)


def is_caller_line(text: str) -> bool:
    """Whether a line of the modem is part of caller ID."""
    return _TAGGED.fullmatch(text) is not None or _is_message(text)


def cadence(text: str) -> tuple[str, float] | None:
    """A report of ring cadence (+VDR): ("on", seconds) or ("off", seconds)."""
    found = _CADENCE.fullmatch(text.strip())
    return (("on" if found[1] in "Nn" else "off"), int(found[2]) / 10) if found else None


@dataclass
class Caller:
    """What is known so far of one caller. `number` is "" when withheld or not told."""

    number: str = ""
    name: str = ""
    reason: Reason | None = None
    told: bool = False  # the number, or why there is none: nothing more need be waited for
    lines: list[str] = field(default_factory=list)

    def hear(self, text: str) -> None:
        """A line, or several (a packet); what makes no sense is left out."""
        for line in re.split(r"[\r\n;]+", text):
            self._line(line.strip())

    def _line(self, line: str) -> None:
        if not is_caller_line(line):
            return
        self.lines = [*self.lines[-9:], line[:200]]
        found = _TAGGED.fullmatch(line)
        tag, value = (found[1].upper(), found[2].strip()) if found else ("", line)
        if tag == "NMBR":
            self._number(value)
        elif tag == "NAME":
            self.name = "".join(c for c in value if c.isprintable())[:NAME_BYTES]
        elif tag in ("PRIVATE", "OUT OF AREA"):
            self._absent(Reason.PRIVATE if tag == "PRIVATE" else Reason.UNAVAILABLE)
        elif tag in ("", "MESG", "CIDM") and _HEX.fullmatch(value):
            self._message(bytes.fromhex(value))
        elif tag == "CIDM":
            self._number(value)  # DTMF caller ID: the digits themselves

    def _number(self, value: str) -> None:
        squeezed = re.sub(r"[ ()./-]", "", value)
        if DIGITS.fullmatch(squeezed):
            self.number, self.reason, self.told = squeezed, None, True
        elif squeezed:
            self._absent(ABSENT.get(squeezed.upper()[:1], Reason.UNAVAILABLE))

    def _absent(self, reason: Reason) -> None:
        if not self.number:
            self.reason, self.told = reason, True

    def _message(self, data: bytes) -> None:
        """A whole message (GR-30 SDMF or MDMF), or one parameter of one: what +VCID=1 has no tag for."""
        if not _is_whole(data):
            data = bytes([CALL, min(len(data), 2 + data[1])]) + data
        elif sum(data[: 3 + data[1]]) % 256:
            return  # damaged on the line: a wrong number is worse than none
        self._read(caller_id_message.read(data))

    def _read(self, message: CallerId) -> None:
        if message.name:
            self.name = message.name[:NAME_BYTES]
        if message.number:
            self._number(message.number)
        elif message.reason:
            self._absent(message.reason)


def _is_message(text: str) -> bool:
    return _HEX.fullmatch(text) is not None and _is_whole(bytes.fromhex(text))


def _is_whole(data: bytes) -> bool:
    return data[0] in (CALL, WAITING, SDMF_CALL) and 2 + data[1] <= len(data) <= 4 + data[1]
