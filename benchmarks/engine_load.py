"""CPU of the media engine with 30 modems on ptys bridged to 30 SIP slots, all recorded, DTMF on.

The modems and the worker live in this process; only the engine process is measured.
Run: python -m benchmarks.engine_load --seconds 20
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import json
import mmap
import os
import pty
import subprocess
import sys
import tempfile
import time
import tty
from pathlib import Path

import numpy as np

from drivers.wire import Peer, connect

CALLS = 30
GOALS = {"engine_cpu_percent_of_a_core": "goal <= 15", "late_ticks": "goal 0"}
TICK_NS = 20_000_000
BOX = np.dtype([("number", "<u8", 2), ("source", "<u4", 2), ("frame", "<i2", (2, 160))])
SLOT = np.dtype([("in_use", "<u4"), ("reserved", "<u4"), ("up", BOX), ("down", BOX)])
HEAD = [(name, "<u4") for name in ("magic", "slots", "frame_samples", "reserved", "done", "mixed")]
PAGE = np.dtype([*HEAD, ("slot", SLOT, 64)])
FUTEX_WAKE = 1
SYS_FUTEX = {"x86_64": 202, "aarch64": 98}
CPU_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CPU_TICKS


def pss_mb(pid: int) -> float:
    """Proportional memory of a process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def worker_page() -> tuple[int, np.ndarray]:
    """A mailbox page as a SIP worker makes it."""
    fd = os.memfd_create("load", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, PAGE.itemsize)
    page = np.frombuffer(mmap.mmap(fd, PAGE.itemsize), PAGE)
    page["magic"], page["slots"], page["frame_samples"] = 0x43425032, 64, 160
    page["slot"][0]["in_use"][:CALLS] = 1
    return fd, page


def wake(page: np.ndarray) -> None:
    """Tell the engine that `done` has moved, as the worker does."""
    words = page["done"].ctypes.data
    ctypes.CDLL(None).syscall(SYS_FUTEX[os.uname().machine], ctypes.c_void_p(words), FUTEX_WAKE, 1, 0, 0, 0)


async def play_world(page: np.ndarray, modems: list[int]) -> None:
    """Every tick: each slot and each modem says a frame of noise, and what they hear is read."""
    random = np.random.default_rng(1)
    frames = random.integers(-5000, 5000, (CALLS, 160), dtype="<i2")
    up = page["slot"][0]["up"]
    data = frames[0].tobytes()
    while True:
        now = time.monotonic_ns()
        tick = now // TICK_NS + 1
        await asyncio.sleep((tick * TICK_NS - now) / 1e9)
        up["frame"][:CALLS, tick & 1] = frames
        up["number"][:CALLS, tick & 1] = tick
        page["done"] = tick & 0xFFFFFFFF
        wake(page)
        await asyncio.sleep(0.004)
        for fd in modems:
            os.write(fd, data)
            with contextlib.suppress(BlockingIOError):
                os.read(fd, 1 << 14)


async def declare(peer: Peer, fd: int, modems: list[tuple[int, int]], folder: Path) -> None:
    """Thirty bridged and recorded calls."""
    await peer.request("worker.attach", worker="sip-1", fds=[fd])
    for i, (_, near) in enumerate(modems):
        await peer.request("port.serial", port=f"gsm-{i}", fds=[near])
        await peer.request("port.slot", port=f"sip-{i}", worker="sip-1", slot=i)
        await peer.request("connect", src=f"gsm-{i}", dst=f"sip-{i}")
        await peer.request("connect", src=f"sip-{i}", dst=f"gsm-{i}")
        await peer.request("dtmf", port=f"gsm-{i}", on=True)
        path = str(folder / f"{i}.wav")
        await peer.request("record", record=f"r{i}", path=path, left=f"gsm-{i}", right=f"sip-{i}")


def modem() -> tuple[int, int]:
    """A pty pair: far end, and the descriptor for the engine."""
    far, near = pty.openpty()
    tty.setraw(near)
    os.set_blocking(far, False)
    return far, near


async def measure(path: Path, pid: int, folder: Path, seconds: float) -> dict[str, float]:
    """The engine's figures over `seconds` of full load."""
    peer = Peer(connect(path))
    fd, page = worker_page()
    modems = [modem() for _ in range(CALLS)]
    await declare(peer, fd, modems, folder)
    with contextlib.suppress(asyncio.CancelledError):
        async with asyncio.TaskGroup() as group:
            world = group.create_task(play_world(page, [far for far, _ in modems]))
            await asyncio.sleep(3)
            before, cpu, begun = await peer.request("counters"), cpu_seconds(pid), time.monotonic()
            await asyncio.sleep(seconds)
            after, spent = await peer.request("counters"), cpu_seconds(pid) - cpu
            took = time.monotonic() - begun
            world.cancel()
    ticks = after["ticks"] - before["ticks"]
    return {
        "calls": CALLS,
        "engine_cpu_percent_of_a_core": round(100 * spent / took, 2),
        "engine_pss_mb": round(pss_mb(pid), 1),
        "ticks": ticks,
        "tick_ms_mean": round((after["busy_ms"] - before["busy_ms"]) / ticks, 3),
        "late_ticks": after["late_ticks"] - before["late_ticks"],
        "late_max_ms": round(after["late_max_ms"], 2),
        "underruns": after["underruns"] - before["underruns"],
        "overruns": after["overruns"] - before["overruns"],
        "missed_by_worker": after["workers"][0]["missed_ticks"],
    }


def lines(figures: dict[str, float]) -> list[str]:
    """The figures for people, with the goal where there is one."""
    return [f"{name:30} {value:>10}  {GOALS.get(name, '')}".rstrip() for name, value in figures.items()]


def main() -> None:
    """Start the engine, load it, print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "media.sock"
        engine = subprocess.Popen(
            [sys.executable, "-m", "appliance.media.engine", "--socket", str(path), "--log-level", "warning"]
        )
        try:
            while not path.exists() and engine.poll() is None:
                time.sleep(0.05)
            time.sleep(0.2)
            figures = asyncio.run(measure(path, engine.pid, Path(name), options.seconds))
            print(json.dumps(figures) if options.json else "\n".join(lines(figures)))
        finally:
            engine.terminate()
            engine.wait(5)


if __name__ == "__main__":
    main()
