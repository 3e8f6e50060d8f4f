"""Ten seconds of a busy Python thread in the brain: does anybody on the phone hear it?

A whole box with bridged, recorded calls; callers and phones speak a tone without a pause. Two periods of
10 s, one as it is and one with the thread busy (benchmarks/rig/busy_app.py, by SIGUSR1), are compared by what
engine, workers and phones count. A frame is lost when a port or a worker had none for a tick, or when a phone
misses a packet or hears digital silence in the tone.

    python -m benchmarks.busy_brain [--calls 8] [--json]
"""

from __future__ import annotations

import asyncio
import os
import signal
import time

from benchmarks.rig.box import Box
from benchmarks.rig.busy_app import BUSY_SECONDS
from benchmarks.rig.phone import Heard, keep_speaking
from benchmarks.rig.processes import cpu_seconds
from benchmarks.rig.report import Report, options

SETTLE_SECONDS = 5.0
LATE_BIN = 5  # of the engine's late_histogram: this one and those after it are wake-ups later than 5 ms
Counts = dict[str, float]


async def counts(box: Box) -> Counts:
    """What has been counted so far, and the brain's processor time."""
    engine = await box.ask("media", "counters")
    workers = [await box.ask(name, "counters") for name in box.pids() if name.startswith("sip-")]
    ports = engine["ports"]
    heard = [phone.heard for phone in box.phones]
    return {
        "engine: ticks": engine["ticks"],
        "engine: ticks later than 5 ms": sum(engine["late_histogram"][LATE_BIN:]),
        "engine: frames concealed, lines": sum(p["underruns"] for p in ports if p["port"] in box.lines),
        "engine: frames concealed, phones": sum(p["underruns"] for p in ports if p["port"] not in box.lines),
        "engine: frames thrown away": engine["overruns"],
        "engine: ticks a worker was not there": sum(w["missed_ticks"] for w in engine["workers"]),
        "workers: ticks later than 5 ms": sum(worker["late_ticks"] for worker in workers),
        "workers: ticks left out": sum(worker["missed_ticks"] for worker in workers),
        "workers: ticks the engine was not there": sum(worker["unmixed_ticks"] for worker in workers),
        "phones: packets": sum(one.packets for one in heard),
        "phones: packets missing": sum(one.missing for one in heard),
        "phones: packets of silence": sum(one.silent for one in heard),
        "brain: s of processor": cpu_seconds(box.pids()["brain"]),
    }


async def period(box: Box, *, busy: bool) -> tuple[Counts, float, list[float]]:
    """10 s; what was counted in it, the phones' longest wait for a packet (ms), the brain's replies (ms)."""
    if busy:
        os.kill(box.pids()["brain"], signal.SIGUSR1)
    for phone in box.phones:
        phone.heard = Heard()
    before, end, replies = await counts(box), time.monotonic() + BUSY_SECONDS, []
    while time.monotonic() < end:
        await asyncio.sleep(0.5)
        asked = time.monotonic()
        await box.status()
        replies.append((time.monotonic() - asked) * 1000)
    after = await counts(box)
    longest = max(phone.heard.longest_wait for phone in box.phones) * 1000
    return {name: after[name] - before[name] for name in after}, longest, replies


async def measure(calls: int, report: Report) -> None:
    """Both periods, one after the other in the same box."""
    async with Box(phones=calls, lines=calls, brain="benchmarks.rig.busy_app") as box:
        speaking = asyncio.create_task(keep_speaking(box.phones))
        await box.bridge_all()
        await asyncio.sleep(SETTLE_SECONDS)
        idle, idle_wait, idle_replies = await period(box, busy=False)
        busy, busy_wait, busy_replies = await period(box, busy=True)
        speaking.cancel()
    if busy["brain: s of processor"] < BUSY_SECONDS / 4:
        raise SystemExit(f"the brain was not busy: {busy['brain: s of processor']:.1f} s of processor time")
    lost = 0.0
    for name, value in busy.items():
        report.figure(name, round(value, 2), f"(without the thread {idle[name]:,.2f})")
        if (
            name.startswith("engine: frames")
            or "packets " in name
            or "not there" in name
            or "left out" in name
        ):
            lost += max(0.0, value - idle[name])
    report.figure("phones: longest wait for a packet", round(busy_wait, 1), f"ms (without {idle_wait:.1f})")
    report.figure(
        "brain: slowest reply to status", round(max(busy_replies)), f"ms (without {max(idle_replies):.0f})"
    )
    late = "engine: ticks later than 5 ms"
    report.figure("ticks later than 5 ms because of it", max(0, busy[late] - idle[late]), most=0)
    report.figure("frames lost because of it", lost, most=0)


def main() -> None:
    """Run and print."""
    parser = options(__doc__)
    parser.add_argument("--calls", type=int, default=8, help="bridged calls (default %(default)s)")
    chosen = parser.parse_args()
    report = Report("busy brain: ten seconds of a busy Python thread")
    asyncio.run(measure(chosen.calls, report))
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
