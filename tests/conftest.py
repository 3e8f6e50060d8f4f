"""The loop of our tests: time jumps to the next timer, so that a test never sleeps.

An `async def` test runs on it, unless it is marked `realtime` (real processes, real sockets), which gets
an ordinary loop. If every task waits and no timer is set, the test fails at once instead of hanging.
"""

from __future__ import annotations

import asyncio
import inspect
import selectors
from typing import Any

import pytest


class _JumpSelector(selectors.DefaultSelector):
    """Instead of waiting, moves its loop's time on."""

    loop: JumpLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        if timeout is None:
            raise AssertionError("every task waits and no timer is set: this would hang for ever")
        self.loop.now += timeout
        return []


class JumpLoop(asyncio.SelectorEventLoop):
    """A loop whose clock stands still while there is work and jumps when there is none."""

    def __init__(self) -> None:
        self.now = 1000.0
        selector = _JumpSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now


def run(coroutine: Any) -> Any:
    """Run a coroutine on a JumpLoop."""
    with asyncio.Runner(loop_factory=JumpLoop) as runner:
        return runner.run(coroutine)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Async tests need no plugin: they run on the loop above, or on a real one when marked so."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    coroutine = pyfuncitem.obj(**arguments)
    if pyfuncitem.get_closest_marker("realtime"):
        asyncio.run(coroutine)
    else:
        run(coroutine)
    return True
