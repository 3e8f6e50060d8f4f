"""The engine as a process with a modem on a pty and a SIP worker's page in a call."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import subprocess
import sys
import time
import tty

import numpy as np

from drivers.wire import Peer, connect
from tests.dsp.engine_rig import TICK_NS, Page

RATE = 8000


class Running:
    """A started engine process and a connection to it."""

    def __init__(self, process, path) -> None:
        self.process, self.path = process, path
        self.events = []
        self.peer = self.another()

    def another(self):
        return Peer(connect(self.path), on_event=lambda message, _fds: self.events.append(message))

    async def until(self, found, seconds=5.0):
        """Wait for `found()`, or fail."""
        async with asyncio.timeout(seconds):
            while not found():  # noqa: ASYNC110 -- the condition is in another process
                await asyncio.sleep(0.01)


def started(path):
    """The process, listening."""
    process = subprocess.Popen(
        [sys.executable, "-m", "appliance.media.engine", "--socket", str(path), "--log-level", "warning"]
    )
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), connect(path):
            return process
        time.sleep(0.01)
    process.kill()
    raise TimeoutError("callbox-media does not listen")


@contextlib.asynccontextmanager
async def engine(tmp_path):
    path = tmp_path / "media.sock"
    process = started(path)
    try:
        running = Running(process, path)
        yield running
        running.peer.close()
    finally:
        process.kill()
        process.wait()


def tone(hz, seconds, amplitude=8000):
    return (amplitude * np.sin(2 * np.pi * hz / RATE * np.arange(int(seconds * RATE)))).round().astype("<i2")


def strength(samples, hz):
    """Amplitude of one frequency in the tenth of a second that holds most: a busy machine loses frames."""
    tenths = samples[: len(samples) // 800 * 800].reshape(-1, 800)
    turn = np.exp(-2j * np.pi * hz / RATE * np.arange(800))
    return 2 * abs(np.mean(tenths * turn, axis=1)).max()


class PtyModem:
    """A modem that sends 20 ms of a tone every 20 ms and keeps what it hears."""

    def __init__(self, hz) -> None:
        self.fd, self.box = pty.openpty()
        tty.setraw(self.box)
        os.set_blocking(self.fd, False)
        self.sound = tone(hz, 1.0)
        self.heard = b""

    async def run(self):
        for i in range(1 << 20):
            start = i * 160 % len(self.sound)
            os.write(self.fd, self.sound[start : start + 160].tobytes())
            with contextlib.suppress(BlockingIOError):
                self.heard += os.read(self.fd, 1 << 16)
            await asyncio.sleep(0.02)

    def close(self):
        os.close(self.fd)
        os.close(self.box)


class Worker:
    """A SIP worker's side of the page: one slot that says a tone on the grid."""

    def __init__(self, hz) -> None:
        self.page = Page()
        self.sound = tone(hz, 1.0)
        self.heard = []

    async def run(self):
        while True:
            now = time.monotonic_ns()
            tick = now // TICK_NS + 1
            await asyncio.sleep((tick * TICK_NS - now) / 1e9)
            start = tick % 50 * 160
            self.page.say(0, tick, self.sound[start : start + 160])
            self.page.map["done"] = tick & 0xFFFFFFFF
            await asyncio.sleep(0.008)
            self.heard.append(self.page.heard(0, tick))


@contextlib.asynccontextmanager
async def bridged(tmp_path):
    """A pty modem saying 500 Hz and a worker's leg saying 1250 Hz, in a call."""
    modem, worker = PtyModem(500), Worker(1250)
    async with engine(tmp_path) as running:
        ask = running.peer.request
        await ask("worker.attach", worker="sip-1", fds=[worker.page.fd])
        await ask("port.serial", port="gsm-1", fds=[modem.box])
        await ask("port.slot", port="ana", worker="sip-1", slot=0)
        await ask("connect", src="gsm-1", dst="ana")
        await ask("connect", src="ana", dst="gsm-1", gain_db=-6.0)
        tasks = [asyncio.create_task(modem.run()), asyncio.create_task(worker.run())]
        try:
            yield running, modem, worker
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            modem.close()
