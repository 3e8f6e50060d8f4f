"""The last word to a phone whose worker died: a CANCEL or BYE made from the dialogue's own messages.

A worker killed in mid-call says nothing to its phones; they would stay busy, or ring on. So each worker
tells, while it lives, the one datagram that would end each of its calls, and whoever outlives it sends that.
Built by RFC 3261: 9.1 (CANCEL), 12.2.1.1 and 15.1.1 (BYE within a dialogue), 17.1.4 (any Via of ours).
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

LATER_CSEQ = 1000  # above whatever else the worker may have sent in the dialogue


@dataclass(frozen=True)
class Farewell:
    """One UDP datagram and where it goes."""

    text: str
    host: str
    port: int

    def plain(self) -> dict[str, object]:
        """As it crosses to the brain."""
        return {"text": self.text, "host": self.host, "port": self.port}


def cancel(invite: str) -> Farewell | None:
    """Ends the ringing that `invite` (as sent) began; None when the message is not understood."""
    target = re.match(r"INVITE (\S+) SIP/2\.0\r\n", invite)
    number = re.search(r"^CSeq: *(\d+)", invite, re.MULTILINE | re.IGNORECASE)
    if target is None or number is None:
        return None
    lines = [
        f"CANCEL {target[1]} SIP/2.0",
        *_headers(invite, "Via")[:1],
        "Max-Forwards: 70",
        *_headers(invite, "Route"),
        *_headers(invite, "From"),
        *_headers(invite, "To"),
        *_headers(invite, "Call-ID"),
        f"CSeq: {number[1]} CANCEL",
        "Content-Length: 0",
    ]
    return _to(_next_hop(_headers(invite, "Route"), target[1]), lines)


def bye(invite: str, answer: str) -> Farewell | None:
    """Ends the call that `answer` (the 2xx as received) to `invite` made; None when not understood."""
    contact = _uri(_headers(answer, "Contact"))
    number = re.search(r"^CSeq: *(\d+)", invite, re.MULTILINE | re.IGNORECASE)
    via = re.search(r"^Via: *(SIP/2\.0/UDP [^;\r\n]+)", invite, re.MULTILINE | re.IGNORECASE)
    if contact is None or number is None or via is None:
        return None
    routes = [f"Route: {value}" for value in reversed(_values(answer, "Record-Route"))]
    lines = [
        f"BYE {contact} SIP/2.0",
        f"Via: {via[1]};rport;branch=z9hG4bK{secrets.token_hex(8)}",
        "Max-Forwards: 70",
        *routes,
        *_headers(answer, "From"),
        *_headers(answer, "To"),
        *_headers(answer, "Call-ID"),
        f"CSeq: {int(number[1]) + LATER_CSEQ} BYE",
        "Content-Length: 0",
    ]
    return _to(_next_hop(routes, contact), lines)


def _headers(message: str, name: str) -> list[str]:
    """The whole header lines of this name (RFC 3261 7.3.3: `Contact`, `m` and the like are one name)."""
    short = {"Via": "v", "From": "f", "To": "t", "Call-ID": "i", "Contact": "m"}.get(name, name)
    head = message.split("\r\n\r\n", 1)[0]
    pattern = rf"^(?:{name}|{short})[ \t]*:[ \t]*([^\r\n]*)"
    return [f"{name}: {value}" for value in re.findall(pattern, head, re.MULTILINE | re.IGNORECASE)]


def _values(message: str, name: str) -> list[str]:
    """The values of a header that may be a list, one each."""
    return [
        value.strip()
        for line in _headers(message, name)
        for value in line.partition(": ")[2].split(",")
        if value
    ]


def _uri(lines: list[str]) -> str | None:
    found = re.search(r"<([^>]+)>|: *([^\s;<>]+)", lines[0]) if lines else None
    return (found[1] or found[2]) if found else None


def _next_hop(routes: list[str], target: str) -> str:
    return (_uri(routes) if routes else None) or target


def _to(uri: str, lines: list[str]) -> Farewell | None:
    where = re.match(r"sip:(?:[^@]*@)?(\[[^\]]+\]|[^:;>\s]+)(?::(\d+))?", uri, re.IGNORECASE)
    if where is None:
        return None
    return Farewell("\r\n".join(lines) + "\r\n\r\n", where[1].strip("[]"), int(where[2] or 5060))
