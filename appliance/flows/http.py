"""One HTTP request of a lookup: no redirects, no cookies, no proxies, no compression, certified by TLS."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from appliance.config.flows import Lookup
from appliance.flows.answers import MOST_BYTES, LookupFailed

THREADS = 2  # for names and certificates; a name server that is away holds these, and nobody else's
PIECE_BYTES = 8192


class Client:
    """`ask` one thing at a time or several; `close` at the end."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="lookup")
        self._contexts: dict[str, ssl.SSLContext] = {}  # by the file of who vouches, "" for the system's

    async def ask(self, lookup: Lookup, url: str, body: Mapping[str, str]) -> bytes:
        """The body of the answer. Raises LookupFailed; the time limit is that of whoever asks."""
        try:
            connector = aiohttp.TCPConnector(
                ssl=await self._context(lookup.ca), resolver=_Resolver(self._threads), force_close=True
            )
            async with aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None),
            ) as session:
                return await _asked(session, lookup, url, body)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # their words hold the URL: not told
            raise LookupFailed(f"cannot be asked ({type(error).__name__})") from None

    def close(self) -> None:
        """Wait for nobody."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _context(self, ca: str) -> ssl.SSLContext:
        if ca not in self._contexts:
            loop = asyncio.get_running_loop()
            self._contexts[ca] = await loop.run_in_executor(
                self._threads, functools.partial(ssl.create_default_context, cafile=ca or None)
            )
        return self._contexts[ca]


async def _asked(session: aiohttp.ClientSession, lookup: Lookup, url: str, body: Mapping[str, str]) -> bytes:
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", **lookup.headers}
    sent: dict[str, Any] = {"json": dict(body)} if lookup.method == "POST" else {}
    where = URL(url, encoded=True)
    async with session.request(
        lookup.method, where, headers=headers, allow_redirects=False, **sent
    ) as answer:
        if not 200 <= answer.status < 300:
            raise LookupFailed(f"was answered with HTTP {answer.status}")
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise LookupFailed("the answer is compressed, which was not asked for")
        return await _read(answer.content)


async def _read(content: aiohttp.StreamReader) -> bytes:
    text = b""
    while piece := await content.read(PIECE_BYTES):
        text += piece
        if len(text) > MOST_BYTES:
            raise LookupFailed(f"the answer is longer than {MOST_BYTES} bytes")
    return text


class _Resolver(AbstractResolver):
    """Names to addresses, in threads of our own."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads, socket.getaddrinfo, host, port, family, socket.SOCK_STREAM
        )
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=int(address[1]),
                family=int(kind),
                proto=protocol,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        """Nothing is held."""
