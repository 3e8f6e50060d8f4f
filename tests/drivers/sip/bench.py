"""A worker process with the pool over it, for tests that want the real thing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from drivers.port import Leg, PortState
from drivers.sip.leg import SipLeg
from drivers.sip.pool import SipPool
from tests.peers.baresip import free_port

try:
    import pjsua2
except ImportError:
    pjsua2 = None

needs_pjsua2 = pytest.mark.skipif(pjsua2 is None, reason="the SIP library is missing: make pjsua2")


needs_own_build = pytest.mark.skipif(
    pjsua2 is None or Path(pjsua2.__file__).name == "__init__.py",
    reason="the wheel of the SIP library is in use, which was built with other limits",
)


class Bench:
    """One worker at `socket` and SIP port `port`; kill and start it at will."""

    def __init__(self, folder: Path, *, max_legs: int = 16, options: Sequence[str] = ()) -> None:
        self.socket = folder / "sip-0.sock"
        self.log = folder / "worker.log"
        self.port = free_port()
        self.uri = f"sip:box@127.0.0.1:{self.port}"
        self._max_legs = max_legs
        self._options = options

    async def start(self) -> None:
        """Start the worker; it is found when it listens."""
        command = [sys.executable, "-m", "drivers.sip.worker", "--verbose", "--name", "sip-0"]
        command += ["--socket", str(self.socket), "--port", str(self.port), "--max-legs", str(self._max_legs)]
        command += self._options
        with self.log.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output)

    async def end(self) -> None:
        """SIGTERM, and it must go by itself."""
        if self.process.returncode is None:
            self.process.terminate()
        assert await asyncio.wait_for(self.process.wait(), 10) in (0, -9)

    @contextlib.asynccontextmanager
    async def pool(self) -> AsyncIterator[SipPool]:
        """A brain's view of the worker."""
        pool = SipPool(sockets=[self.socket])
        await pool.open()
        try:
            async with asyncio.timeout(10):
                await pool.until_state(PortState.IDLE)
            yield pool
        finally:
            await pool.close()

    def cpu_seconds(self) -> float:
        """Processor time the worker used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.asynccontextmanager
async def bench(
    folder: Path, *, max_legs: int = 16, options: Sequence[str] = (), seconds: float = 50.0
) -> AsyncIterator[tuple[Bench, SipPool]]:
    """A worker with these options and a pool over it, both ended at the end."""
    made = Bench(folder, max_legs=max_legs, options=options)
    await made.start()
    try:
        async with asyncio.timeout(seconds), made.pool() as pool:
            yield made, pool
    finally:
        await made.end()


async def ring(pool: SipPool) -> SipLeg:
    """The next leg that came in."""
    async with asyncio.timeout(5):
        leg: Leg = await pool.next_ring()
    assert isinstance(leg, SipLeg)
    return leg
