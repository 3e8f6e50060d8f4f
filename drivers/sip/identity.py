"""Who calls, as SIP headers tell it: read from a trunk's INVITE, written into ours. Pure, no I/O.

From may be anything (RFC 3261); networks vouch for a caller by P-Asserted-Identity (RFC 3325) or, older, by
Remote-Party-ID; a caller who wants to stay unknown says so by Privacy (RFC 3323) or by an anonymous From.
"""

from __future__ import annotations

import enum
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

LONGEST = 64  # characters of a number that are kept; E.164 has 15 digits

_URI = re.compile(r"(?:sips?|tel):([^>\s\"]*)", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_SEPARATORS = str.maketrans("", "", "-.() ")  # RFC 3966 5.1.1
_NOBODY = {"anonymous", "unavailable", "unknown", "restricted", "private", "withheld"}
_WITHHOLD = {"id", "user", "header", "full"}  # Remote-Party-ID's `privacy`, and Privacy's values


class CallerHeader(enum.Enum):
    """The header that tells who calls."""

    FROM = "from"
    ASSERTED = "p-asserted-identity"
    PARTY = "remote-party-id"


@dataclass(frozen=True)
class Shown:
    """How an INVITE of ours says who calls: the user and name of From, and further headers."""

    user: str
    name: str
    headers: Mapping[str, str]


def number_in(value: str) -> str:
    """The number, or the user, in a header's value: `"A" <sip:+49%2030;phone-context=x@h>` -> "+4930".

    "" when there is none, or when it stands for nobody (anonymous@anonymous.invalid, RFC 3323 4.1.1.3).
    """
    found = _URI.search(_QUOTED.sub("", value))
    if found is None:
        return ""
    uri = found[1]
    user, at, host = uri.partition("@")
    if not at and not found[0].lower().startswith("tel:"):
        return ""  # a server without a user
    if host.partition(";")[0].partition(":")[0].lower() == "anonymous.invalid":
        return ""
    return clean(user)


def clean(user: str) -> str:
    """A user part as a number: no parameters, no escapes, no separators; "" for nobody."""
    text = urllib.parse.unquote(user.partition(";")[0], errors="replace")
    if re.fullmatch(r"\+?[0-9*#().\s-]+", text):
        text = text.translate(_SEPARATORS)
    text = "".join(filter(str.isprintable, text))[:LONGEST]
    return "" if text.lower() in _NOBODY else text


def caller_of(from_value: str, headers: Mapping[str, str], header: CallerHeader) -> str:
    """Who calls, "" when withheld: by `header` where the INVITE has it, else by From."""
    if _is_private(headers.get("Privacy", "")):
        return ""
    if header is CallerHeader.ASSERTED and (asserted := headers.get("P-Asserted-Identity")):
        return number_in(asserted)
    if header is CallerHeader.PARTY and (party := headers.get("Remote-Party-ID")):
        return "" if _party_is_private(party) else number_in(party)
    return number_in(from_value)


def _is_private(privacy: str) -> bool:
    return bool({word.strip().lower() for word in privacy.split(";")} & _WITHHOLD)


def _party_is_private(party: str) -> bool:
    found = re.search(r";\s*privacy\s*=\s*\"?([\w,-]+)", party, re.IGNORECASE)
    return found is not None and bool(set(re.split("[,-]", found[1].lower())) & {"full", "uri", "name"})


def shown(number: str, *, user: str, domain: str, header: CallerHeader, anonymous: bool) -> Shown:
    """How those called see that `number` calls, over an account of `user` at `domain`.

    In From the number stands itself; with another header From names the account. An anonymous call names
    nobody in From (RFC 3323 4.1.1.3) and asks by Privacy that the network tells nobody who is vouched for.
    """
    who = f"<sip:{number or user}@{domain}>"
    headers: dict[str, str] = {}
    if header is CallerHeader.PARTY:
        privacy = "full" if anonymous else "off"
        headers["Remote-Party-ID"] = f"{who};party=calling;screen=no;privacy={privacy}"
    elif (header is CallerHeader.ASSERTED or anonymous) and (number or user):
        headers["P-Asserted-Identity"] = who
    if anonymous:
        headers["Privacy"] = "id"
        return Shown(user="anonymous", name="Anonymous", headers=headers)
    in_from = number if header is CallerHeader.FROM else user or number
    return Shown(user=in_from or user, name="", headers=headers)
