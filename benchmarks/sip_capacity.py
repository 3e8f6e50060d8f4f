"""Held, bridged and recorded calls between SIP phones that a core carries; and what a leg weighs.

Phones are called by the real workers and joined in pairs by the real engine, each pair recorded and listened
to for digits; every phone speaks all the time (rig/rtp_pump.c). The processor time of engine and workers is
taken with 20, 60 and 120 legs up; calls per core is 100 % over the slope of the line through the three, so
that what a process costs by itself is not counted as calls. The brain has nothing to do and is not there.
Memory is each process's share (PSS) with no leg and with the most.
Asterisk 22 carries 390 to 435 such calls per core, FreeSWITCH 330 to 420.

    python -m benchmarks.sip_capacity [--legs 20,60,120] [--workers 2] [--seconds 10] [--json]
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.rig.processes import cpu_seconds
from benchmarks.rig.report import Report, options
from benchmarks.rig.sip_box import SipBox, pump, sip_box
from tests.peers.raw_phone import RawPhone

GOAL_CALLS = 800.0
SETTLE_SECONDS = 2.0


async def grow(box: SipBox, phones: list[RawPhone], legs: int, stack: contextlib.AsyncExitStack) -> None:
    """Call phones until so many legs are up, in pairs that share a worker."""
    while len(phones) < legs:
        pair = [await stack.enter_async_context(RawPhone(f"raw{len(phones) + i}")) for i in range(2)]
        a = await box.call(pair[0])
        await box.bridge(a, await box.call(pair[1], near=a))
        phones += pair


async def measure(points: list[int], workers: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Processor time in % of a core, and packets, at each point; memory at none and at the last."""
    async with contextlib.AsyncExitStack() as stack:
        box = await stack.enter_async_context(sip_box(folder, workers=workers))
        phones: list[RawPhone] = []
        figures: dict[str, Any] = {"library": box.library, "memory": [box.pss_mb()], "points": []}
        for legs in points:
            await grow(box, phones, legs, stack)
            await pump(phones, SETTLE_SECONDS)
            before, at_phones = box.cpu_seconds(), cpu_seconds(os.getpid())
            sent, received, tone = await pump(phones, seconds)
            share = 100 / seconds
            figures["phones"] = (cpu_seconds(os.getpid()) - at_phones) * share / legs * 2
            percent = {name: (now - before[name]) * share for name, now in box.cpu_seconds().items()}
            figures["points"].append((legs, percent, sent, received, tone))
        figures["memory"].append(box.pss_mb())
        figures["counters"] = await box.wire.request("counters")
        return figures


def report(figures: dict[str, Any], workers: int) -> Report:
    """The line through the points, and what it means."""
    result = Report(f"SIP -> SIP, held, bridged, recorded, {workers} workers, {figures['library']}")
    points = figures["points"]
    for legs, percent, sent, received, tone in points:
        for name in ("engine", "workers"):
            share = sum(value for key, value in percent.items() if (key == "engine") == (name == "engine"))
            result.figure(f"{legs} legs, {name}", round(share, 2), "% of a core")
        result.figure(
            f"{legs} legs, packets that came back", round(received / sent * 100, 2), "%", least=99.5
        )
        result.figure(f"{legs} legs, of those with sound", round(tone / received * 100, 2), "%", least=99.5)
    calls = [legs / 2 for legs, *_ in points]
    line = statistics.linear_regression(calls, [sum(percent.values()) for _, percent, *_ in points])
    result.figure("a call", round(line.slope, 3), "% of a core")
    result.figure("its two phones, which only send and receive", round(figures["phones"], 3), "% of a core")
    result.figure("calls per core", round(100 / line.slope), least=GOAL_CALLS)
    empty, full = figures["memory"]
    legs = points[-1][0]
    for name, before in (("engine", empty["engine"]), ("a worker", empty["sip-0"])):
        result.figure(f"memory, {name}, no leg", round(before, 1), "MB")
    grown = sum(full.values()) - sum(empty.values())
    result.figure(f"memory, a leg of {legs}", round(grown / legs * 1024), "KB")
    result.figure("latest tick of the engine", round(figures["counters"]["late_max_ms"], 2), "ms")
    return result


def main() -> int:
    """Entry point."""
    parser = options(__doc__)
    parser.add_argument("--legs", default="20,60,120", help="at how many to measure (default %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="SIP workers (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=10.0, help="at each (default %(default)s)")
    chosen = parser.parse_args()
    points = [int(point) for point in chosen.legs.split(",")]
    with tempfile.TemporaryDirectory(prefix="callbox-bench-") as folder:
        figures = asyncio.run(measure(points, chosen.workers, chosen.seconds, Path(folder)))
    report(figures, chosen.workers).show(as_json=chosen.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
