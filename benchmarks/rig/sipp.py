"""sipp (Debian: sip-tester) at both ends: callers at a rate, and phones that answer at once."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.peers.baresip import free_port

CALLER = Path(__file__).with_name("sipp_caller.xml")
GRACE_SECONDS = 12.0  # after the last call should be over; T1 * 64 is 32, nobody waits for that


@dataclass(frozen=True)
class Result:
    """What became of a caller's calls."""

    good: int
    failed: int


def program() -> str:
    """Where sipp is; ends the program when it is not installed."""
    found = shutil.which("sipp")
    if found is None:
        raise SystemExit("sipp is missing. Install it with: sudo apt-get install sip-tester")
    return found


@contextlib.asynccontextmanager
async def answering(folder: Path) -> AsyncIterator[int]:
    """Phones at a port of 127.0.0.1, any user name: 180 and 200 at once, and 200 to OPTIONS."""
    port = free_port()
    child = await _start(folder, "-sn", "uas", "-aa", "-i", "127.0.0.1", "-p", str(port))
    try:
        await asyncio.sleep(0.3)
        yield port
    finally:
        child.kill()
        await child.wait()


async def calling(
    folder: Path,
    *,
    target: str,
    user: str,
    rate: float,
    calls: int,
    hold_ms: int,
    source: str = "127.0.0.1",
) -> Result:
    """Call `user` at `target` (HOST:PORT), `rate` a second, each for `hold_ms` after its answer."""
    port = free_port()
    statistics = folder / f"sipp-{port}.csv"
    child = await _start(
        folder,
        *("-sf", str(CALLER), "-i", source, "-p", str(port), "-s", user, "-d", str(hold_ms)),
        *("-r", f"{rate * 2:g}", "-rp", "2000", "-m", str(calls), "-l", str(calls), "-nostdin"),
        *("-trace_stat", "-stf", str(statistics), "-fd", "1", "-timeout", "60", target),
    )
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(calls / rate + hold_ms / 1000 + GRACE_SECONDS):
            await child.wait()
    if child.returncode is None:
        child.kill()
        await child.wait()
    row = list(csv.DictReader(statistics.open(), delimiter=";"))[-1]
    good = int(row["SuccessfulCall(C)"])
    return Result(good=good, failed=calls - good)


async def _start(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    nobody = asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(
        program(), *arguments, cwd=folder, stdin=nobody, stdout=nobody, stderr=nobody
    )
