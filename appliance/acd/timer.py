"""The distributor's alarm clock on a running loop: what is due is done then, nothing polls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class LoopTimer:
    """Calls `deed` at the moment (monotonic s) asked for last."""

    def __init__(self, now: Callable[[], float], deed: Callable[[], None]) -> None:
        self._now = now
        self._deed = deed
        self._handle: asyncio.TimerHandle | None = None

    def wake(self, moment: float) -> None:
        """Then, and not at the moment asked for before."""
        self.close()
        delay = max(0.0, moment - self._now())
        self._handle = asyncio.get_running_loop().call_later(delay, self._deed)

    def close(self) -> None:
        """Not at all."""
        if self._handle is not None:
            self._handle.cancel()
