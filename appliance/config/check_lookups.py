"""Whether lookups can be made at all: called by `check_flows.py`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from appliance.config.problem import Keys, Problem, closest, names
from appliance.config.schema import Config

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_.-]*)\}")
PIN = "pin"  # what a node that asks for a PIN puts in
EXAMPLE = 'a URL as "https://crm.example/customers?number={caller}"'


def lookup_problems(config: Config, known: Collection[str]) -> Iterator[Problem]:
    """URLs that are none or whose host a fact would choose, facts that nothing makes known, bodies unsent."""
    for name, lookup in config.lookups.items():
        here: Keys = ("lookups", name)
        wrong = why_no_url(lookup.url)
        if wrong:
            yield Problem(path=(*here, "url"), value=lookup.url, wrong=wrong, allowed=EXAMPLE)
        able = {*known, PIN} if lookup.right else set(known)
        yield from unknown_facts((*here, "url"), lookup.url, able)
        for field, text in lookup.body.items():
            yield from unknown_facts((*here, "body", field), text, able)
        if lookup.body and lookup.method == "GET":
            yield Problem(path=(*here, "body"), wrong="is not sent by GET", allowed='method = "POST"')


def unknown_facts(path: Keys, text: str, known: Collection[str]) -> Iterator[Problem]:
    """Placeholders that nothing fills."""
    for fact in PLACEHOLDER.findall(text):
        if fact not in known:
            wrong = f"nothing makes the fact {fact} known"
            yield Problem(
                path=path, value=text, wrong=wrong, allowed=names(known), closest=closest(fact, known)
            )


def why_no_url(url: str) -> str:
    """What is wrong with a URL template, "" for nothing."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return "has characters that no URL has"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"no URL: {error}"
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return "no URL of http or https"
    if PLACEHOLDER.search(parts.netloc):
        return "lets a fact choose the host that is asked"
    if parts.username is not None:
        return "has a user name in it, put what the server needs into `headers`"
    return ""
