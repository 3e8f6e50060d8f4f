"""python-gsmmodem-new from PyPI on one emulated modem, as a child process."""

from __future__ import annotations

import asyncio
import json
import sys
from types import TracebackType
from typing import Any

START_SECONDS = 30.0


class GsmModemClient:
    """`async with GsmModemClient(device) as client: await client.ask("dial", "+49301")`."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._news: list[dict[str, Any]] = []

    async def __aenter__(self) -> GsmModemClient:
        self._child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.peers.gsmmodem_client", self._device),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        await self.told("connected")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._child.stdin is not None
        self._child.kill()
        self._child.stdin.close()
        await self._child.communicate()

    def do(self, verb: str, *arguments: object) -> None:
        """Tell it to; the answer comes to `told`."""
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps([verb, *arguments]).encode() + b"\n")

    async def told(self, key: str) -> dict[str, Any]:
        """The next thing it tells that has `key`; raises AssertionError for an error, TimeoutError."""
        assert self._child.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            while True:
                for news in self._news:
                    if key in news:
                        self._news.remove(news)
                        return news
                line = await self._child.stdout.readline()
                assert line, "the client has died"
                self._news.append(json.loads(line))
                assert "error" not in self._news[-1], self._news[-1]
