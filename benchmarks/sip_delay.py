"""Delay that the box adds to sound from one SIP phone to another, bridged and recorded.

Pairs of phones made of UDP sockets are called by real workers and bridged by the real engine, each pair
recorded in stereo. Every phone sends a packet each 20 ms at a phase of its own; every half second one is
loud. The delay is from sending it to the arrival of its first sample at the other phone, by the kernel's
clock. The phases are spread evenly over the 20 ms, so half of the time is spent waiting for the tick.
Goal: p50 <= 12 ms, max <= 25 ms.

    python -m benchmarks.sip_delay [--legs 24] [--workers 2] [--seconds 20] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import selectors
import socket
import statistics
import struct
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from drivers.port import LegState
from drivers.sip.pool import SipPool
from drivers.wire import Peer, connect
from tests.peers.baresip import free_port
from tests.peers.raw_phone import PCMA_SILENCE, RawPhone

GOAL_P50_MS, GOAL_MAX_MS = 12.0, 25.0
LOUD = bytes([0x2A] * 4 + [0xAA] * 4) * 20  # 1 kHz, A-law of +-8064
QUIET = bytes([PCMA_SILENCE]) * 160
LOUD_EVERY = 25  # packets
SO_TIMESTAMPNS = 35  # linux/socket.h; Python has no name for it


class Traffic(threading.Thread):
    """Sends for all phones and times what arrives at them."""

    def __init__(self, phones: list[RawPhone], seconds: float) -> None:
        super().__init__(name="traffic")
        self.delays_ms: list[float] = []
        self.sent = self.lost = 0
        self._phones = phones
        self._seconds = seconds
        self._waiting: dict[int, int] = {}  # phone that will hear it -> when it was sent, ns
        self._selector = selectors.DefaultSelector()
        for index, phone in enumerate(phones):
            phone.rtp.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            self._selector.register(phone.rtp, selectors.EVENT_READ, index)

    def run(self) -> None:
        begin = time.monotonic() + 0.1
        order = random.Random(1).sample(range(len(self._phones)), len(self._phones))
        phases = [((place + 0.5) / len(order) * 0.02, index) for place, index in enumerate(order)]
        for number in range(int(self._seconds * 50)):
            for phase, index in phases:
                self._receive_until(begin + number * 0.02 + phase)
                self._send(index, number)
        self._receive_until(time.monotonic() + 0.3)
        self.lost += len(self._waiting)

    def _send(self, index: int, number: int) -> None:
        loud = number > 100 and (number + index) % LOUD_EVERY == 0
        if loud:
            self.sent += 1
            self.lost += (index ^ 1) in self._waiting
            self._waiting[index ^ 1] = time.time_ns()
        self._phones[index].send_rtp(number, LOUD if loud else QUIET)

    def _receive_until(self, due: float) -> None:
        while (left := due - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                self._receive(key.data)

    def _receive(self, index: int) -> None:
        data, extra, _, _ = self._phones[index].rtp.recvmsg(2048, 64)
        seconds, nanoseconds = struct.unpack("qq", extra[0][2])
        loud = [place for place, byte in enumerate(data[12:]) if byte & 0x7F == 0x2A]
        if len(loud) > 40 and index in self._waiting:
            arrived = seconds * 1_000_000_000 + nanoseconds
            self.delays_ms.append((arrived - self._waiting.pop(index)) / 1e6 + loud[0] / 8)


@contextlib.asynccontextmanager
async def process(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A child of ours, ended at the end."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", *command)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.terminate()
        await child.wait()


async def engine_peer(path: Path) -> Peer:
    """The engine, as soon as it listens."""
    for _ in range(200):
        try:
            return Peer(connect(path))
        except OSError:
            await asyncio.sleep(0.05)
    raise SystemExit("sip_delay: the engine did not start; build it first: make .venv")


def cpu_seconds(pid: int) -> float:
    """Processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pss_mb(pid: int) -> float:
    """Memory of a process, shared pages divided among those who share them."""
    line = next(x for x in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if x.startswith("Pss:"))
    return int(line.split()[1]) / 1024


async def measure(legs: int, workers: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Run everything once and give the figures."""
    async with contextlib.AsyncExitStack() as stack:
        media = folder / "media.sock"
        engine = await stack.enter_async_context(
            process("appliance.media.engine", "--socket", str(media), "--log-level", "warning")
        )
        wire = await engine_peer(media)
        sockets = [folder / f"sip-{number}.sock" for number in range(workers)]
        children = [
            await stack.enter_async_context(
                process(
                    *("drivers.sip.worker", "--socket", str(path), "--name", path.stem),
                    *("--port", str(free_port()), "--max-legs", "64"),
                )
            )
            for path in sockets
        ]

        attached: asyncio.Queue[str] = asyncio.Queue()

        async def attach(name: str, memfd: int) -> None:
            attached.put_nowait(name)
            await wire.request("worker.attach", worker=name, fds=[memfd])

        pool = SipPool(sockets=sockets, on_worker_up=attach)
        await pool.open()
        stack.push_async_callback(pool.close)
        async with asyncio.timeout(20):
            for _ in sockets:
                await attached.get()
        phones = [await stack.enter_async_context(RawPhone(f"raw{number}")) for number in range(legs)]
        await bridge(pool, wire, phones, folder)
        traffic = Traffic(phones, seconds)
        pids = {
            "engine": engine.pid,
            **{path.stem: child.pid for path, child in zip(sockets, children, strict=True)},
        }
        before = {name: cpu_seconds(pid) for name, pid in pids.items()}
        begin = time.monotonic()
        traffic.start()
        await asyncio.to_thread(traffic.join)
        took = time.monotonic() - begin
        counters = await wire.request("counters")
        delays = sorted(traffic.delays_ms)
        return {
            "legs": legs,
            "workers": workers,
            "markers": traffic.sent,
            "lost": traffic.lost,
            "p50_ms": round(statistics.median(delays), 1),
            "p95_ms": round(delays[int(len(delays) * 0.95)], 1),
            "max_ms": round(delays[-1], 1),
            "cpu_percent": {
                name: round((cpu_seconds(pid) - before[name]) / took * 100, 1) for name, pid in pids.items()
            },
            "pss_mb": {name: round(pss_mb(pid), 1) for name, pid in pids.items()},
            "engine_late_max_ms": counters.get("late_max_ms"),
            "library": pool.status()["workers"][0]["library"],  # type: ignore[index]
        }


async def bridge(pool: SipPool, wire: Peer, phones: list[RawPhone], folder: Path) -> None:
    """Call every phone, join them in pairs, record each pair."""
    for index, phone in enumerate(phones):
        leg = await pool.dial(phone.uri)
        async with asyncio.timeout(5):
            await leg.until(LegState.UP)
        assert leg.audio is not None
        await wire.request("port.slot", port=f"p{index}", worker=leg.audio.worker, slot=leg.audio.slot)  # type: ignore[union-attr]
    for left in range(0, len(phones) - 1, 2):
        a, b = f"p{left}", f"p{left + 1}"
        await wire.request("connect", src=a, dst=b)
        await wire.request("connect", src=b, dst=a)
        await wire.request("record", record=a, path=str(folder / f"{a}.wav"), left=a, right=b)


def report(figures: dict[str, Any]) -> str:
    """The figures with their goals."""
    met = figures["p50_ms"] <= GOAL_P50_MS and figures["max_ms"] <= GOAL_MAX_MS
    return (
        f"SIP -> SIP, recorded, {figures['legs']} legs on {figures['workers']} workers, "
        f"{figures['library']}; {figures['markers']} markers, {figures['lost']} lost\n"
        f"  delay added  p50 {figures['p50_ms']} ms (goal <= {GOAL_P50_MS:g})  p95 {figures['p95_ms']}  "
        f"max {figures['max_ms']} (goal <= {GOAL_MAX_MS:g})  {'met' if met else 'MISSED'}\n"
        f"  CPU, % of a core  {figures['cpu_percent']}\n"
        f"  memory, PSS MB    {figures['pss_mb']}\n"
        f"  engine's latest tick {figures['engine_late_max_ms']} ms"
    )


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--legs", type=int, default=24, help="phones, two a call (default %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="SIP workers (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="callbox-bench-") as folder:
        figures = asyncio.run(measure(options.legs, options.workers, options.seconds, Path(folder)))
    print(json.dumps(figures) if options.json else report(figures))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
