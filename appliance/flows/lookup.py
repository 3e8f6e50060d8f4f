"""Asks other programs what they know, over HTTP: never longer than the caller's time limit, never more than
a little memory, and only what the configuration names. Whatever goes wrong is `LookupFailed`.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from appliance.config.flows import Lookup
from appliance.flows.actions import Answer
from appliance.flows.answers import LookupFailed, read_answer
from appliance.flows.known import fill

log = logging.getLogger(__name__)

MOST_AT_ONCE = 8  # further ones wait for their turn, within their own time limit
TELL_SECONDS = 60.0
DOTS = ("", ".", "..")  # in a path these lead elsewhere, RFC 3986 5.2.4


class Lookups:
    """Those of a configuration; `close` when the box stops."""

    def __init__(self, lookups: Mapping[str, Lookup]) -> None:
        self._lookups = lookups
        self._turn = asyncio.Semaphore(MOST_AT_ONCE)
        self._told: dict[str, float] = {}  # when the log last had a failure of it
        self._client: asyncio.Task[Any] | None = None  # of http.Client

    async def ask(self, name: str, facts: Mapping[str, str]) -> Answer:
        """What the lookup says. Raises LookupFailed within its time limit."""
        try:
            return await self._ask(self._lookups[name], facts)
        except LookupFailed as error:
            now = asyncio.get_running_loop().time()
            if now - self._told.get(name, -TELL_SECONDS) >= TELL_SECONDS:
                self._told[name] = now
                log.warning("lookup %s: %s; its callers take the way of errors", name, error)
            raise

    async def _ask(self, lookup: Lookup, facts: Mapping[str, str]) -> Answer:
        try:
            async with asyncio.timeout(lookup.time_seconds), self._turn:
                url = url_of(lookup.url, facts)
                body = {key: fill(text, facts) for key, text in lookup.body.items()}
                client = await self._http()
                text: bytes = await client.ask(lookup, url, body)
        except TimeoutError:
            raise LookupFailed(f"no answer within {lookup.time_seconds:g} s") from None
        return read_answer(lookup, text)

    def close(self) -> None:
        """Let go of the client."""
        if self._client is not None and self._client.done():
            self._client.result().close()

    async def _http(self) -> Any:
        """The client, whose library takes a quarter of a second to load: a box without lookups never does."""
        if self._client is None:
            self._client = asyncio.create_task(_load(), name="http client")
        return await asyncio.shield(self._client)


async def _load() -> Any:
    module = await asyncio.to_thread(importlib.import_module, "appliance.flows.http")
    return module.Client()


def url_of(template: str, facts: Mapping[str, str]) -> str:
    """The URL with facts percent-encoded. Raises LookupFailed where one would lead to another path."""
    path, question, query = template.partition("?")
    for part in path.split("/"):
        if "{" in part and fill(part, facts) in DOTS:
            raise LookupFailed("a fact that stands for a part of the path is empty, or only dots")
    encoded = {name: quote(value, safe="", errors="replace") for name, value in facts.items()}
    return fill(path, encoded) + question + fill(query, encoded)
