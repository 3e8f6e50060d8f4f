"""The emulator as a process of its own, on ptys in a folder, told what to do over its control socket."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from drivers.gsm.port import GsmPort
from drivers.wire import Message, Peer, connect


class Emulator:
    """A running emulator and its control socket."""

    def __init__(self, folder: Path, peer: Peer, news: asyncio.Queue[Message]) -> None:
        self.folder = folder
        self.peer = peer
        self.news = news

    async def ask(self, op: str, **fields: Any) -> Message:
        return await self.peer.request(op, **fields)

    async def until(self, event: str) -> Message:
        while (message := await self.news.get())["event"] != event:
            pass
        return message

    def port(self, number: int = 1) -> GsmPort:
        return GsmPort(
            f"gsm-{number}",
            path=str(self.folder / f"gsm-{number}-at"),
            audio_path=str(self.folder / f"gsm-{number}-audio"),
        )


@asynccontextmanager
async def emulator(folder: Path, *more: str) -> AsyncIterator[Emulator]:
    control = folder / "control"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "drivers.emulated", "--dir", str(folder), "--control", str(control)),
        *("--boot-seconds", "0.5", *more),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            while (line := await process.stdout.readline()) != b"ready\n":
                assert line, "the emulator did not start"
        news: asyncio.Queue[Message] = asyncio.Queue()
        peer = Peer(connect(control), on_event=lambda message, fds: news.put_nowait(message))
        yield Emulator(folder, peer, news)
        peer.close()
    finally:
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        process._transport.close()  # type: ignore[attr-defined]
    assert not [name for name in os.listdir(folder) if name.startswith("gsm-")]
