"""Thirty calls bridged and recorded: what every process costs.

A whole box, 30 emulated lines to 30 phones, everybody speaking without a pause. Processor time is utime +
stime of all threads over the period as a share of one core; memory is PSS at its end. The emulated modems and
the phones (this benchmark's own process, with the supervisor) are the outside world and counted apart.

    python -m benchmarks.thirty_calls [--calls 30] [--v253 0] [--seconds 40] [--json]
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

from benchmarks.rig.box import Box
from benchmarks.rig.phone import keep_speaking
from benchmarks.rig.processes import cpu_seconds, pss_mb
from benchmarks.rig.report import Report, options

SETTLE_SECONDS = 5.0
OUTSIDE = "modems"


async def measure(calls: int, voice: int, seconds: float, report: Report) -> None:
    """All calls up, `voice` of them on V.253 lines, then `seconds` of looking on."""
    lines = {"lines": calls - voice, "voice_lines": voice}
    async with Box(phones=calls, **lines, drift_ppm="120,-80,40,-150,200,-20") as box:
        speaking = asyncio.create_task(keep_speaking(box.phones))
        await box.bridge_all()
        await asyncio.sleep(SETTLE_SECONDS)
        pids = {**box.pids(), "phones": os.getpid()}
        engine, began = await box.ask("media", "counters"), time.monotonic()
        cpu = {name: cpu_seconds(pid) for name, pid in pids.items()}
        await asyncio.sleep(seconds)
        took = time.monotonic() - began
        share = {name: 100 * (cpu_seconds(pid) - cpu[name]) / took for name, pid in pids.items()}
        memory = {name: pss_mb(pid) for name, pid in pids.items()}
        after, state = await box.ask("media", "counters"), await box.ask("media", "hello")
        talking = sum(call["stage"] == "talking" for call in (await box.status())["calls"])
        speaking.cancel()
    if talking != calls or len(state["state"]["records"]) != calls:
        raise SystemExit(
            f"only {talking} of {calls} calls, {len(state['state']['records'])} recordings at the end"
        )
    _report(report, share, memory, {name: after[name] - engine[name] for name in _SUMS})


_SUMS = ("ticks", "late_ticks", "underruns", "overruns", "busy_ms")


def _report(report: Report, share: dict[str, float], memory: dict[str, float], sums: dict[str, Any]) -> None:
    inside = [name for name in share if name not in (OUTSIDE, "phones")]
    goals = {"media": 15.0}
    for name in inside:
        report.figure(f"{name}: processor", round(share[name], 1), "% of a core", most=goals.get(name))
    report.figure(
        "box, all together: processor", round(sum(share[name] for name in inside), 1), "% of a core"
    )
    for name in inside:
        report.figure(f"{name}: memory", round(memory[name], 1), "MB PSS", most={"brain": 120.0}.get(name))
    report.figure("box, all together: memory", round(sum(memory[name] for name in inside), 1), "MB PSS")
    report.figure("engine: ticks later than 5 ms", sums["late_ticks"], f"of {sums['ticks']}")
    report.figure("engine: frames concealed", sums["underruns"], "of all ports")
    report.figure("engine: frames thrown away", sums["overruns"], "of all ports")
    report.figure("engine: a tick takes, waiting included", round(sums["busy_ms"] / sums["ticks"], 2), "ms")
    for name in (OUTSIDE, "phones"):
        report.figure(f"outside, {name}: processor", round(share[name], 1), "% of a core")


def main() -> None:
    """Run and print."""
    parser = options(__doc__)
    parser.add_argument("--calls", type=int, default=30, help="default %(default)s")
    parser.add_argument(
        "--v253", type=int, default=0, help="of these on analogue lines (default %(default)s)"
    )
    parser.add_argument("--seconds", type=float, default=40.0, help="of measuring (default %(default)s)")
    chosen = parser.parse_args()
    if not 0 <= chosen.v253 <= chosen.calls:
        parser.error(f"--v253 {chosen.v253}: of {chosen.calls} calls")
    report = Report(f"{chosen.calls} calls bridged and recorded for {chosen.seconds:g} s")
    asyncio.run(measure(chosen.calls, chosen.v253, chosen.seconds, report))
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
