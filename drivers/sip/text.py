"""Reading what the worker needs out of a SIP message's text; whatever is in it came from a stranger."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

MOST_CHARACTERS = 300  # of any value that is handed on

SHORT = {"Via": "v", "From": "f", "To": "t", "Call-ID": "i", "Contact": "m"}  # RFC 3261 7.3.3
_NAME = re.compile(r'^\s*(?:"(?:[^"\\]|\\.)*"|[^<"]*(?=<))')  # a display name may look like an address
_USER = re.compile(r"(sips?|tel):([^>?\s]*)", re.IGNORECASE)


def lines(message: str, name: str) -> list[str]:
    """The header lines of this name, in its long form, as `Name: value`."""
    head = message.split("\r\n\r\n", 1)[0]
    pattern = rf"^(?:{name}|{SHORT.get(name, name)})[ \t]*:[ \t]*([^\r\n]*)"
    return [f"{name}: {value}" for value in re.findall(pattern, head, re.MULTILINE | re.IGNORECASE)]


def header(message: str, name: str) -> str:
    """The first value of a header, fit to be handed on; "" when there is none."""
    found = lines(message, name)
    return clean(found[0].partition(": ")[2]) if found else ""


def headers(message: str, names: Iterable[str]) -> dict[str, str]:
    """Those of the headers `names` (long forms) that there are, the first of each, fit to be handed on."""
    head = message.split("\r\n\r\n", 1)[0].split("\r\n")
    found: dict[str, str] = {}
    for line in head[1:]:
        name, _, value = line.partition(":")
        found.setdefault(name.strip().lower(), value)
    there = ((name, found.get(name.lower(), found.get(SHORT.get(name, name)))) for name in names)
    return {name: clean(value.strip()) for name, value in there if value is not None}


def values(message: str, name: str) -> list[str]:
    """The values of a header that may be a list of addresses, one each."""
    return [
        value.strip()
        for line in lines(message, name)
        for value in re.split(r",(?![^<]*>)", line.partition(": ")[2])
        if value.strip()
    ]


def uri(found: list[str]) -> str | None:
    """The address in the first of these lines or values."""
    match = re.search(r"<([^>]+)>|(?:: *|^)([^\s;<>:]+:[^\s;<>]+)", found[0]) if found else None
    return (match[1] or match[2]) if match else None


def user_of(address: str) -> str:
    """The user part of a SIP address or the number of a tel: one, unescaped; "" when there is none."""
    found = _USER.search(_NAME.sub("", address))
    if found is None:
        return ""
    scheme, user = found.group(1).lower(), found.group(2)
    # Without @ a SIP address has a host alone; after ; come parameters of the number, after : a password.
    has_user = scheme == "tel" or "@" in user
    return clean(unquote(re.split(r"[@;:]", user, maxsplit=1)[0])) if has_user else ""


def request_user(message: str) -> str:
    """The user part that a request asks for, in its first line."""
    parts = message.split("\r\n", 1)[0].split(" ")
    return user_of(parts[1]) if len(parts) == 3 else ""


def clean(value: str) -> str:
    """`value` without what could harm a log, a table or a screen, and of bounded length."""
    value = value[:MOST_CHARACTERS].encode("utf-8", "replace").decode()
    return "".join(character if character.isprintable() else "?" for character in value)
