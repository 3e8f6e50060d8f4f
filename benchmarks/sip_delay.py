"""Delay that the box adds to sound from one SIP phone to another, bridged and recorded.

Pairs of phones made of UDP sockets are called by real workers and bridged by the real engine, each pair
recorded in stereo. Every phone sends a packet each 20 ms at a phase of its own; every half second one is
loud. The delay is from sending it to the arrival of its first sample at the other phone, by the kernel's
clock. The phases are spread evenly over the 20 ms, so of a mix half is spent waiting for the tick.

Measured twice: pairs on two workers, whose sound the engine mixes (goal p50 <= 12 ms, max <= 25 ms), and
pairs on one, who hear each other without it (dsp/_native/relay.h; goal p50 <= 5 ms).

    python -m benchmarks.sip_delay [--legs 24] [--seconds 15] [--loss 0] [--json]
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import selectors
import socket
import struct
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.rig.processes import OUTSIDE_PRIORITY
from benchmarks.rig.report import Report, options
from benchmarks.rig.sip_box import SipBox, sip_box
from tests.peers.raw_phone import PCMA_SILENCE, RawPhone

GOAL_P50_MS, GOAL_MAX_MS, GOAL_DIRECT_MS = 12.0, 25.0, 5.0
WORKERS = 2
LOUD = bytes([0x2A] * 4 + [0xAA] * 4) * 20  # 1 kHz, A-law of +-8064
QUIET = bytes([PCMA_SILENCE]) * 160
LOUD_EVERY = 25  # packets
SETTLE_PACKETS = 100
SO_TIMESTAMPNS = 35  # linux/socket.h; Python has no name for it


class Traffic(threading.Thread):
    """Sends for all phones and times what arrives at them; phone i hears phone i ^ 1."""

    def __init__(self, phones: list[RawPhone], seconds: float, loss: float) -> None:
        super().__init__(name="traffic")
        self.delays_ms: list[float] = []
        self.sent = self.unheard = self.packets = self.gaps = 0
        self._phones = phones
        self._seconds = seconds
        self._loss = loss
        self._chance = random.Random(1)
        self._waiting: dict[int, int] = {}  # phone that will hear it -> when it was sent, ns
        self._numbers: dict[int, int] = {}
        self._selector = selectors.DefaultSelector()
        for index, phone in enumerate(phones):
            phone.rtp.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            self._selector.register(phone.rtp, selectors.EVENT_READ, index)

    def run(self) -> None:
        with contextlib.suppress(PermissionError):  # phones are machines of their own
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(OUTSIDE_PRIORITY))
        begin = time.monotonic() + 0.1
        order = self._chance.sample(range(len(self._phones)), len(self._phones))
        phases = [((place + 0.5) / len(order) * 0.02, index) for place, index in enumerate(order)]
        for number in range(int(self._seconds * 50)):
            for phase, index in phases:
                self._receive_until(begin + number * 0.02 + phase)
                self._send(index, number)
        self._receive_until(time.monotonic() + 0.3)
        self.unheard += len(self._waiting)

    def _send(self, index: int, number: int) -> None:
        loud = number > SETTLE_PACKETS and (number + index) % LOUD_EVERY == 0
        if loud:
            self.sent += 1
            self.unheard += (index ^ 1) in self._waiting
            self._waiting[index ^ 1] = time.time_ns()
        if loud or self._chance.random() >= self._loss:
            self._phones[index].send_rtp(number, LOUD if loud else QUIET)

    def _receive_until(self, due: float) -> None:
        while (left := due - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                self._receive(key.data)

    def _receive(self, index: int) -> None:
        data, extra, _, _ = self._phones[index].rtp.recvmsg(2048, 64)
        number = int.from_bytes(data[2:4], "big")
        self.packets += 1
        self.gaps += (number - self._numbers.get(index, number - 1) - 1) & 0xFFFF
        self._numbers[index] = number
        seconds, nanoseconds = struct.unpack("qq", extra[0][2])
        loud = [place for place, byte in enumerate(data[12:]) if byte & 0x7F == 0x2A]
        if len(loud) > 40 and index in self._waiting:
            arrived = seconds * 1_000_000_000 + nanoseconds
            self.delays_ms.append((arrived - self._waiting.pop(index)) / 1e6 + loud[0] / 8)


async def pairs(box: SipBox, phones: list[RawPhone], *, together: bool) -> None:
    """Call the phones two by two, both on one worker or on two, and bridge them."""
    for a, b in zip(phones[::2], phones[1::2], strict=True):
        first = await box.call(a)
        second = await box.call(b, near=first if together else None)
        if (first.worker == second.worker) is not together:
            raise SystemExit("sip_delay: the pool gave a pair other workers than was asked; fewer legs?")
        await box.bridge(first, second)


async def measure(legs: int, seconds: float, loss: float, *, together: bool, folder: Path) -> dict[str, Any]:
    """Run everything once and give the figures."""
    async with contextlib.AsyncExitStack() as stack:
        box = await stack.enter_async_context(sip_box(folder, workers=WORKERS))
        phones = [await stack.enter_async_context(RawPhone(f"raw{number}")) for number in range(legs)]
        await pairs(box, phones, together=together)
        traffic = Traffic(phones, seconds, loss)
        before = box.cpu_seconds()
        begin = time.monotonic()
        traffic.start()
        await asyncio.to_thread(traffic.join)
        took = time.monotonic() - begin
        counters = await box.wire.request("counters")
        return {
            "library": box.library,
            "traffic": traffic,
            "cpu": {name: (now - before[name]) / took * 100 for name, now in box.cpu_seconds().items()},
            "late_max_ms": counters["late_max_ms"],
        }


def tell(result: Report, name: str, figures: dict[str, Any], p50: float, most: float, loss: float) -> None:
    """One of the two ways."""
    traffic: Traffic = figures["traffic"]
    result.spread(f"{name}: delay added", traffic.delays_ms, "ms", p50=p50, most=most)
    result.figure(f"{name}: sounds never heard", traffic.unheard, f"of {traffic.sent}", most=0)
    if loss:
        result.figure(f"{name}: packets passed on as lost", traffic.gaps, f"of {traffic.packets}")
    result.figure(f"{name}: engine", round(figures["cpu"]["engine"], 1), "% of a core")
    workers = sum(value for key, value in figures["cpu"].items() if key != "engine")
    result.figure(f"{name}: workers", round(workers, 1), "% of a core")
    result.figure(f"{name}: engine's latest tick", round(figures["late_max_ms"], 2), "ms")


def main() -> int:
    """Entry point."""
    parser = options(__doc__)
    parser.add_argument("--legs", type=int, default=24, help="phones, two a call (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=15.0, help="of each way (default %(default)s)")
    parser.add_argument("--loss", type=float, default=0.0, help="share of packets lost (default none)")
    chosen = parser.parse_args()
    result = Report(f"SIP -> SIP, recorded, {chosen.legs} legs")
    for name, together, p50, most in (
        ("mixed", False, GOAL_P50_MS, GOAL_MAX_MS),
        ("two-party", True, GOAL_DIRECT_MS, GOAL_MAX_MS),
    ):
        with tempfile.TemporaryDirectory(prefix="callbox-bench-") as folder:
            figures = asyncio.run(
                measure(chosen.legs, chosen.seconds, chosen.loss, together=together, folder=Path(folder))
            )
        tell(result, name, figures, p50, most, chosen.loss)
    result.figure("library", figures["library"])
    result.show(as_json=chosen.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
