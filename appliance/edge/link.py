"""The brain's connection to Kamailio's news (evapi, TCP on loopback): kept for ever, any bytes survive."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator

from appliance.edge.news import News, NewsError, parse

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.2  # Kamailio is back within 0.3 s of its start
CONNECT_SECONDS = 2.0
LONGEST_LINE = 1 << 16  # bytes; the longest news is a Refer-To, hex-encoded
COMPLAIN_SECONDS = 60.0


class Lines:
    """Bytes in any pieces -> whole lines; one that is too long is passed over as a whole."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that end in `data`, without their end."""
        *ended, rest = data.split(b"\n")
        for piece in ended:
            self._add(piece)
            line, skipped = bytes(self._begun), self._skipping
            self._begun.clear()
            self._skipping = False
            if not skipped and line.strip():
                yield line
        self._add(rest)

    def _add(self, piece: bytes) -> None:
        self._skipping = self._skipping or len(self._begun) + len(piece) > LONGEST_LINE
        if self._skipping:
            self._begun.clear()
        else:
            self._begun += piece


class EdgeLink:
    """`on_news` gets each news in its order, `on_up` the coming and going of the connection."""

    def __init__(
        self, host: str, port: int, *, on_news: Callable[[News], None], on_up: Callable[[bool], None]
    ) -> None:
        self._host = host
        self._port = port
        self._on_news = on_news
        self._on_up = on_up
        self.up = asyncio.Event()  # set while connected
        self._bad = 0
        self._complained = float("-inf")

    async def run(self) -> None:
        """Keep connected for ever."""
        while True:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    reader, writer = await asyncio.open_connection(self._host, self._port)
            except OSError:  # TimeoutError is one
                await asyncio.sleep(RETRY_SECONDS)
                continue
            self.up.set()
            self._on_up(True)
            try:
                await self._read(reader)
            finally:
                self.up.clear()
                self._on_up(False)
                writer.close()
            await asyncio.sleep(RETRY_SECONDS)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        lines = Lines()
        try:
            while data := await reader.read(LONGEST_LINE):
                for line in lines.feed(data):
                    self._take(line)
        except OSError as error:
            log.info("edge: the connection to Kamailio's news broke: %s", error)

    def _take(self, line: bytes) -> None:
        try:
            news = parse(line)
        except NewsError as error:
            self._complain(error)
        else:
            log.debug("edge: %s", news)
            self._on_news(news)

    def _complain(self, error: NewsError) -> None:
        self._bad += 1
        now = asyncio.get_running_loop().time()
        if now - self._complained > COMPLAIN_SECONDS:
            log.warning("edge: %d lines of Kamailio's were not understood, the last: %s", self._bad, error)
            self._complained, self._bad = now, 0
