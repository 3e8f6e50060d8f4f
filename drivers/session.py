"""A port that works in sessions: one fails with its reason, the device is healed, the next one begins.

What a session is, and what is done between two of them, is its driver's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Any

from drivers.port import DriverError, Port, PortLost, PortState

log = logging.getLogger(__name__)

AFTER_A_FAULT_SECONDS = 5.0  # a fault of ours is not tried again at once, and never given up for good


class SessionPort(Port):
    """A driver fills `_session`, `_heal`, `_end_session` and `_told_lost`, and calls `_stop` in `close`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._trouble: DriverError | None = None  # what ends the session
        self._wake_up = asyncio.Event()  # something calls for attention
        self._runner: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start the port; returns when it is IDLE, BUSY or FAULT for the first time."""
        self._start(self._run())
        await self.until_state(PortState.IDLE, PortState.BUSY, PortState.FAULT)

    def fail(self, error: DriverError) -> None:
        """The session is over; whoever waits for the device is told at once."""
        self._trouble = self._trouble or error
        self._told_lost(error)
        self._wake_up.set()

    # --- what a driver fills ----------------------------------------------------------------------------

    async def _session(self) -> None:
        """Open, bring up, watch; ends only by raising DriverError."""
        raise NotImplementedError

    async def _heal(self, error: DriverError) -> None:
        """A session has failed: end it, go to FAULT, and do what there is to be done before the next one."""
        raise NotImplementedError

    async def _end_session(self, error: DriverError) -> None:
        """No task of the session is left, its ports are closed, its leg has ended."""
        raise NotImplementedError

    def _told_lost(self, error: DriverError) -> None:
        """Whoever waits for an answer of the device gets `error`."""
        raise NotImplementedError

    # --- what it may use ----------------------------------------------------------------------------------

    async def _stop(self) -> None:
        """No session runs any more; harmless when none does."""
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.wait({self._runner})
            self._runner = None

    async def _pause(self, seconds: float) -> bool:
        """Wait so long, or until something calls for attention (True); raises what ends the session."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake_up.wait()
        woken = self._wake_up.is_set()
        self._wake_up.clear()
        if self._trouble is not None:
            raise self._trouble
        return woken

    def _fault(self, reason: str) -> None:
        """FAULT, or still FAULT with another reason; said once, however often it is tried."""
        reason = reason.removeprefix(f"port {self.name}: ")
        if self.state is PortState.FAULT and reason != self.reason:
            log.warning("port %s: still in fault: %s", self.name, reason)
        self.moved(PortState.FAULT, reason)

    # --- the sessions ---------------------------------------------------------------------------------------

    async def _run(self) -> None:
        self.moved(PortState.STARTING)
        while True:
            self._trouble = None
            self._wake_up.clear()
            try:
                await self._session()
            except DriverError as error:
                await self._heal(error)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._runner = asyncio.create_task(work, name=f"port {self.name}")
        self._runner.add_done_callback(self._ran_out)

    def _ran_out(self, runner: asyncio.Task[None]) -> None:
        error = None if runner.cancelled() else runner.exception()
        if error is not None:
            log.error("port %s: a fault of the driver, please report it", self.name, exc_info=error)
            self._fault(f"a fault of the driver ({error!r}), see the log. It is tried again by itself")
            self._start(self._run_again())

    async def _run_again(self) -> None:
        await asyncio.sleep(AFTER_A_FAULT_SECONDS)
        await self._end_session(PortLost(f"port {self.name}: a fault of the driver"))
        await self._run()
