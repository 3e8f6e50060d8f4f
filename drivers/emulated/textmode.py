"""Text mode of an emulated modem (AT+CMGF=1): messages shown and typed as text, 3GPP 27.005 3.

Enough for the clients that use it; a text of one part each way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime

from drivers.emulated.host import Host
from drivers.emulated.storage import ALL, READ, SENT, UNREAD, UNSENT, Stored, tpdu_octets
from drivers.messages import StatusReport, TextPart
from drivers.port import MessageRefused
from drivers.sms import decode, encode
from drivers.sms.octets import Malformed
from drivers.sms.pdu import WANTS_REPORT, decode_submit

NAMES = {"REC UNREAD": UNREAD, "REC READ": READ, "STO UNSENT": UNSENT, "STO SENT": SENT, "ALL": ALL}
FIRST_OCTET = 17  # AT+CSMP's default: SMS-SUBMIT with a relative validity


class TextMode:
    """Whether it is on, and how things look then."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.boot()

    def boot(self) -> None:
        """As after power-up: off."""
        self.on = False
        self._parameters = f"{FIRST_OCTET},167,0,0"  # AT+CSMP

    def commands(self) -> dict[str, Callable[[str], Iterable[str | None]]]:
        """Its settings, by name."""
        return {"+CMGF": self._cmgf, "+CSMP": self._csmp}

    def kinds(self) -> str:
        """Answer to AT+CMGL=?"""
        return "(" + ",".join(f'"{name}"' for name in NAMES) + ")" if self.on else "(0-4)"

    def kind(self, value: str) -> int | None:
        """<stat> of AT+CMGL; None when it is none."""
        if self.on:
            return NAMES.get(value.strip('"') or "REC UNREAD")
        return int(value or 0) if value in ("", "0", "1", "2", "3", "4") else None

    def listed(self, place: int, stored: Stored) -> str:
        """One message of AT+CMGL."""
        return f"+CMGL: {place},{self.shown(stored)}"

    def shown(self, stored: Stored) -> str:
        """<stat>,<number>,,<time> and the text on a line of its own."""
        stat = next(name for name, value in NAMES.items() if value == stored.stat)
        return f'"{stat}",{self._body(stored.pdu)}'

    def handed_over(self, pdu: str, is_report: bool) -> str:
        """+CMT or +CDS."""
        report = decode("", pdu)
        if is_report and isinstance(report, StatusReport):
            done = f'"{_time(report.done_at)}"'
            return f'+CDS: 6,{report.reference},"{report.recipient}",145,{done},{done},{report.status}'
        return f"+CMT: {self._body(pdu)}"

    def submitted(self, tail: str, typed: str) -> str:
        """The PDU for AT+CMGS="number"; "" when it cannot be made."""
        number = re.match(r'="([^"]*)"', tail)
        if number is None:
            return ""
        report = bool(int(re.match(r"\d*", self._parameters)[0] or 0) & WANTS_REPORT)  # type: ignore[index]
        try:
            text = bytes.fromhex(typed).decode("utf-16-be") if self._host.charset == "UCS2" else typed
            recipient = number[1]
            if self._host.charset == "UCS2" and re.fullmatch(r"(?:00[0-9A-F]{2})+", recipient):
                recipient = bytes.fromhex(recipient).decode("utf-16-be")
            return "00" + encode(recipient, text, report=report, most_parts=1)[0].tpdu
        except (ValueError, MessageRefused):
            return ""

    def _cmgf(self, tail: str) -> Iterable[str | None]:
        if tail == "=?":
            return ["+CMGF: (0-1)"]
        if tail == "?":
            return [f"+CMGF: {int(self.on)}"]
        self.on = tail == "=1"
        return []

    def _csmp(self, tail: str) -> Iterable[str | None]:
        if tail == "?":
            return [f"+CSMP: {self._parameters}"]
        if tail.startswith("=") and tail != "=?":
            self._parameters = tail[1:]
        return []

    def _body(self, pdu: str) -> str:
        arrival = decode("", pdu)
        if isinstance(arrival, TextPart):
            return (
                f'"{self._coded(arrival.sender)}",,"{_time(arrival.sent_at)}"\r\n{self._coded(arrival.text)}'
            )
        if isinstance(arrival, StatusReport):
            return f'"{self._coded(arrival.recipient)}",,"{_time(arrival.done_at)}"\r\n{arrival.status}'
        try:
            submit = decode_submit(pdu[-2 * tpdu_octets(pdu) :])
        except Malformed:
            return '"",\r\n'
        return f'"{self._coded(submit.recipient)}",\r\n{self._coded(submit.text)}'

    def _coded(self, text: str) -> str:
        return text.encode("utf-16-be").hex().upper() if self._host.charset == "UCS2" else text


def _time(moment: datetime) -> str:
    """`26/11/22,03:04:05+04`: the zone in quarters of an hour."""
    offset = moment.utcoffset()
    quarters = int(offset.total_seconds()) // 900 if offset is not None else 0
    return f"{moment:%y/%m/%d,%H:%M:%S}{quarters:+03d}"
