"""The last word to a phone whose worker died: a CANCEL or BYE made from the dialogue's own messages.

A worker killed in mid-call says nothing to its phones; they would stay busy, or ring on. So each worker
tells, while it lives, the one datagram that would end each of its calls, and whoever outlives it sends that.
Built by RFC 3261: 9.1 (CANCEL), 12.2.1.1 and 15.1.1 (BYE within a dialogue), 17.1.4 (any Via of ours).
"""

from __future__ import annotations

import re
import secrets
from dataclasses import asdict, dataclass

from drivers.sip.text import lines, uri, values

LATER_CSEQ = 1000  # above whatever else the worker may have sent in the dialogue


@dataclass(frozen=True)
class Farewell:
    """One UDP datagram, where it goes, and the port of 127.0.0.1 it should come from: the dead worker's.

    The edge believes a worker by its port.
    """

    text: str
    host: str
    port: int
    source: int = 0

    def plain(self) -> dict[str, object]:
        """As it crosses to the brain."""
        return asdict(self)


def cancel(invite: str) -> Farewell | None:
    """Ends the ringing that `invite` (as sent) began; None when the message is not understood."""
    target = re.match(r"INVITE (\S+) SIP/2\.0\r\n", invite)
    number = re.search(r"^CSeq: *(\d+)", invite, re.MULTILINE | re.IGNORECASE)
    if target is None or number is None:
        return None
    message = [
        f"CANCEL {target[1]} SIP/2.0",
        *lines(invite, "Via")[:1],
        "Max-Forwards: 70",
        *lines(invite, "Route"),
        *lines(invite, "From"),
        *lines(invite, "To"),
        *lines(invite, "Call-ID"),
        f"CSeq: {number[1]} CANCEL",
        "Content-Length: 0",
    ]
    return _to(_next_hop(lines(invite, "Route"), target[1]), message)


def bye(invite: str, answer: str) -> Farewell | None:
    """Ends the call that `answer` (the 2xx as received) to `invite` made; None when not understood."""
    contact = uri(lines(answer, "Contact"))
    number = re.search(r"^CSeq: *(\d+)", invite, re.MULTILINE | re.IGNORECASE)
    via = re.search(r"^Via: *(SIP/2\.0/UDP [^;\r\n]+)", invite, re.MULTILINE | re.IGNORECASE)
    if contact is None or number is None or via is None:
        return None
    routes = [f"Route: {value}" for value in reversed(values(answer, "Record-Route"))]
    message = [
        f"BYE {contact} SIP/2.0",
        f"Via: {via[1]};rport;branch=z9hG4bK{secrets.token_hex(8)}",
        "Max-Forwards: 70",
        *routes,
        *lines(answer, "From"),
        *lines(answer, "To"),
        *lines(answer, "Call-ID"),
        f"CSeq: {int(number[1]) + LATER_CSEQ} BYE",
        "Content-Length: 0",
    ]
    return _to(_next_hop(routes, contact), message)


def bye_to_caller(invite: str, answer: str) -> Farewell | None:
    """Ends the call that our `answer` (the 2xx as sent) to their `invite` made; None when not understood."""
    contact, ours = uri(lines(invite, "Contact")), uri(lines(answer, "Contact"))
    via = re.search(r"([\w.]+:\d+)", ours or "")
    if contact is None or via is None:
        return None
    routes = [f"Route: {value}" for value in values(invite, "Record-Route")]
    message = [
        f"BYE {contact} SIP/2.0",
        f"Via: SIP/2.0/UDP {via[1]};rport;branch=z9hG4bK{secrets.token_hex(8)}",
        "Max-Forwards: 70",
        *routes,
        *[f"From: {value.partition(': ')[2]}" for value in lines(answer, "To")],
        *[f"To: {value.partition(': ')[2]}" for value in lines(answer, "From")],
        *lines(answer, "Call-ID"),
        f"CSeq: {LATER_CSEQ} BYE",
        "Content-Length: 0",
    ]
    return _to(_next_hop(routes, contact), message)


def _next_hop(routes: list[str], target: str) -> str:
    return uri(routes) or target


def _to(address: str, message: list[str]) -> Farewell | None:
    where = re.match(r"sip:(?:[^@]*@)?(\[[^\]]+\]|[^:;>\s]+)(?::(\d+))?", address, re.IGNORECASE)
    if where is None:
        return None
    text = "\r\n".join(message) + "\r\n\r\n"
    ours = re.search(r"^Via: SIP/2\.0/UDP 127\.[\d.]+:(\d+)", text, re.MULTILINE)
    return Farewell(text, where[1].strip("[]"), int(where[2] or 5060), int(ours[1]) if ours else 0)
