"""What Kamailio tells: one JSON object a line -> a plain value. No I/O; whatever bytes come, nothing breaks.

Values that come from outside are hex-encoded, their keys end in `_hex`; a key may come either way.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

LONGEST_VALUE = 2000  # characters; a contact with its parameters has some 200


class NewsError(ValueError):
    """A line that is no news; the message says why."""


class Why(enum.Enum):
    """Why a registration ended."""

    ASKED = "asked"  # the phone took itself out
    EXPIRED = "expired"
    LOST = "lost"  # its connection broke, or it answers no more


@dataclass(frozen=True)
class Registered:
    """A phone registered, or did so again; `source` as "udp:192.0.2.7:5060"."""

    agent: str
    phone: str
    contact: str
    user_agent: str
    source: str
    expires_seconds: int


@dataclass(frozen=True)
class Unregistered:
    """A contact of an agent is gone; `contact` "" or "*": all of the phone's, or of the agent's."""

    agent: str
    phone: str
    contact: str
    why: Why


@dataclass(frozen=True)
class WorkerNews:
    """A SIP worker answers Kamailio's OPTIONS, or not."""

    uri: str
    up: bool


@dataclass(frozen=True)
class TrunkNews:
    """A server of a trunk answers OPTIONS, or not."""

    line: str
    host: str
    up: bool


@dataclass(frozen=True)
class TrunkRegistration:
    """The provider took our registration, or not; `code` is its last answer, 0 for none."""

    line: str
    up: bool
    code: int


@dataclass(frozen=True)
class Refer:
    """A phone asks in the dialog `call_id` to be replaced; `to` is the whole value of Refer-To."""

    call_id: str
    source: str
    to: str


@dataclass(frozen=True)
class Refused:
    """Somebody was turned away `count` times."""

    source: str
    why: str
    count: int


News = Registered | Unregistered | WorkerNews | TrunkNews | TrunkRegistration | Refer | Refused


def parse(line: bytes) -> News:
    """The news in one line; raises NewsError for anything else."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise NewsError(f"no JSON: {error}") from None
    if not isinstance(found, dict):
        raise NewsError("no JSON object")
    made = KINDS.get(str(found.get("news")))
    if made is None:
        raise NewsError(f"news of an unknown kind {str(found.get('news'))[:40]!r}")
    return made(found)


def _text(found: Mapping[str, Any], key: str) -> str:
    value = found.get(key, "")
    if f"{key}_hex" in found:
        try:
            value = bytes.fromhex(str(found[f"{key}_hex"])).decode(errors="replace")
        except ValueError:
            raise NewsError(f"{key}_hex is not hexadecimal") from None
    if not isinstance(value, str):
        raise NewsError(f"{key} is no text")
    return value[:LONGEST_VALUE]


def _name(found: Mapping[str, Any], key: str) -> str:
    if not (value := _text(found, key)):
        raise NewsError(f"{found['news']} without {key}")
    return value


def _number(found: Mapping[str, Any], key: str) -> int:
    value = found.get(key, 0)
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise NewsError(f"{key} is no number") from None


def _why(found: Mapping[str, Any]) -> Why:
    try:
        return Why(_text(found, "why"))
    except ValueError:
        return Why.LOST


KINDS: dict[str, Callable[[Mapping[str, Any]], News]] = {
    "registered": lambda found: Registered(
        agent=_name(found, "agent"),
        phone=_text(found, "phone"),
        contact=_name(found, "contact"),
        user_agent=_text(found, "ua"),
        source=_text(found, "source"),
        expires_seconds=_number(found, "expires"),
    ),
    "unregistered": lambda found: Unregistered(
        agent=_name(found, "agent"),
        phone=_text(found, "phone"),
        contact=_text(found, "contact"),
        why=_why(found),
    ),
    "worker": lambda found: WorkerNews(uri=_name(found, "uri"), up=found.get("up") is True),
    "trunk": lambda found: TrunkNews(
        line=_name(found, "line"), host=_text(found, "host"), up=found.get("up") is True
    ),
    "trunk-registration": lambda found: TrunkRegistration(
        line=_name(found, "line"), up=found.get("up") is True, code=_number(found, "code")
    ),
    "refer": lambda found: Refer(
        call_id=_name(found, "call_id"),
        source=_text(found, "source"),
        to=_name(found, "to"),
    ),
    "refused": lambda found: Refused(
        source=_text(found, "source"), why=_text(found, "why"), count=_number(found, "count")
    ),
}
