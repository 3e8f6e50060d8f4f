"""A SIP worker with nothing behind it: answers as told, on the real wire."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from drivers.wire import Answer, Message, Peer, Server, WireError


class FakeWorker:
    """Listens at `path`; `asked` is what it was asked, `refuse` the ops it refuses with their reasons."""

    def __init__(
        self, path: Path, *, max_legs: int = 4, legs: Sequence[dict[str, Any]] = (), pid: int = 1
    ) -> None:
        self.name = path.stem
        self.max_legs = max_legs
        self.legs = list(legs)
        self.asked: list[Message] = []
        self.refuse: dict[str, str] = {}
        self.silent: set[str] = set()  # ops it takes its time over
        self.pid = pid
        self.page = os.memfd_create("page")
        self._alive = True
        self._was_asked = asyncio.Event()
        self.server = Server(path, on_request=self._request)

    def happens(self, event: str, leg: str, **fields: Any) -> None:
        """Tell everyone connected."""
        self.server.broadcast({"event": event, "leg": leg, **fields})

    def dies(self) -> None:
        """Gone, as after kill -9; harmless when it is dead already."""
        if self._alive:
            self._alive = False
            self.server.close()
            os.close(self.page)

    async def until_asked(self, op: str, times: int = 1) -> None:
        """Wait for a request."""
        while sum(message["op"] == op for message in self.asked) < times:
            self._was_asked.clear()
            await self._was_asked.wait()

    def _request(self, peer: Peer, message: Message, fds: list[int]) -> Answer | Coroutine[Any, Any, Answer]:
        self.asked.append(message)
        self._was_asked.set()
        if message["op"] in self.refuse:
            raise WireError(self.refuse[message["op"]])
        if message["op"] in self.silent:
            return _never()
        if message["op"] == "hello":
            fields = {
                "version": 1,
                "pid": self.pid,
                "library": "fake",
                "address": "127.0.0.1:5061",
                "rt": True,
            }
            return {**fields, "worker": self.name, "max_legs": self.max_legs, "legs": self.legs}, [self.page]
        return {}, ()


async def _never() -> tuple[Message, Sequence[int]]:
    await asyncio.Event().wait()
    return {}, ()


def described(leg: str, state: str, **fields: Any) -> dict[str, Any]:
    """A leg's row in the reply to hello."""
    row = {"peer": "sip:ana@x", "called": "", "inbound": False, "label": "", "slot": -1, "held": False}
    return {**row, "leg": leg, "state": state, **fields}
