"""Somebody else's daemon in a folder of its own: started, left to work, ended by its process id."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

LOOK_SECONDS = 0.2
STOP_SECONDS = 20.0  # smsd finishes what it is at


class Daemon:
    """`async with Daemon(folder, "smsd", "-c...") as smsd:`; its words are in `smsd.log`."""

    def __init__(self, folder: Path, *command: str) -> None:
        self.folder = folder
        self.log = folder / f"{Path(command[0]).name}.log"
        self._command = command
        self._child: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Daemon:
        self._child = self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._child is not None
        self._child.terminate()
        try:
            await asyncio.to_thread(self._child.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    async def until(self, condition: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait for something it does; raises TimeoutError with the end of its log."""
        assert self._child is not None
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not condition():
            if loop.time() > end or self._child.poll() is not None:
                raise TimeoutError(self.log.read_text(errors="replace")[-4000:])
            await asyncio.sleep(LOOK_SECONDS)
