"""How many bridged calls a second can be set up without a failure, and what one costs.

sipp calls the workers and sipp answers for the phones. Between them is the smallest brain that can be: who
rings is joined with the phone called, by the real pool, workers and engine, and let go at the end. Each rate
is held for 5 s; a call lasts 200 ms. CPU per call is the time of all our processes, this one too, above
what they take without calls, over the calls of a rate that had no failure.
Asterisk 22 sets up 300 a second at 3.2 to 5.4 ms, FreeSWITCH 150 at 8.6 to 13.4 ms.

    python -m benchmarks.sip_setup [--rates 10,25,50,75,100] [--workers 2] [--json]
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rig.processes import cpu_seconds
from benchmarks.rig.report import Report, options
from benchmarks.rig.sip_box import SipBox, sip_box
from benchmarks.rig.sipp import answering, calling
from drivers.port import DriverError, LegEnded, LegState, PortRefused, SlotAudio
from drivers.sip.leg import SipLeg

GOAL_MS = 10.8  # twice Asterisk's 5.4
GOAL_RATE = 50
HELD_SECONDS = 5.0
CALL_MS = 200
REST_SECONDS = 2.0


@dataclass(frozen=True)
class Held:
    """What a rate gave."""

    rate: float
    good: int
    failed: int
    cpu_ms: dict[str, float]  # a call, by process


class SmallBrain:
    """Joins whoever rings with a phone; nothing else."""

    def __init__(self, box: SipBox, phones: int) -> None:
        self._box = box
        self._phones = phones  # port
        self._calls: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Take calls for ever."""
        while True:
            leg = await self._box.pool.next_ring()
            assert isinstance(leg, SipLeg)
            call = asyncio.create_task(self._call(leg))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _call(self, caller: SipLeg) -> None:
        with contextlib.suppress(LegEnded, PortRefused):
            callee = await self._box.pool.dial(f"sip:{caller.called}@127.0.0.1:{self._phones}", near=caller)
            async with self._ended(caller, callee):
                await callee.until(LegState.UP)
                await caller.answer()
                await self._join(caller, callee)
                await caller.ended()

    async def _join(self, a: SipLeg, b: SipLeg) -> None:
        wire = self._box.wire
        for leg in (a, b):
            assert isinstance(leg.audio, SlotAudio)
            wire.start("port.slot", port=leg.id, worker=leg.audio.worker, slot=leg.audio.slot)
        wire.start("connect", src=a.id, dst=b.id)
        await wire.request("connect", src=b.id, dst=a.id)

    @contextlib.asynccontextmanager
    async def _ended(self, *legs: SipLeg):  # type: ignore[no-untyped-def]
        try:
            yield
        finally:
            for leg in legs:
                with contextlib.suppress(DriverError):
                    await leg.hangup()
                if leg.audio is not None:
                    self._box.wire.start("port.close", port=leg.id)


def cpu(box: SipBox) -> dict[str, float]:
    """Processor time so far: engine, workers together, and this brain."""
    seconds = box.cpu_seconds()
    engine = seconds.pop("engine")
    return {"engine": engine, "workers": sum(seconds.values()), "brain": cpu_seconds(os.getpid())}


async def hold(box: SipBox, rate: float, folder: Path) -> Held:
    """One rate for a while, spread over the workers."""
    loop = asyncio.get_running_loop()
    resting, rested = cpu(box), loop.time()
    await asyncio.sleep(REST_SECONDS)
    before, begin = cpu(box), loop.time()
    idle = {name: (before[name] - resting[name]) / (begin - rested) for name in before}
    targets = [str(row["address"]) for row in box.pool.status()["workers"]]  # type: ignore[attr-defined]
    share = rate / len(targets)
    count = round(share * HELD_SECONDS)
    calls = (
        calling(folder, target=target, user="ana", rate=share, calls=count, hold_ms=CALL_MS)
        for target in targets
    )
    results = await asyncio.gather(*calls)
    good, failed = sum(r.good for r in results), sum(r.failed for r in results)
    took = loop.time() - begin
    busy = {name: now - before[name] - idle[name] * took for name, now in cpu(box).items()}
    spent = {name: seconds / max(1, good) * 1000 for name, seconds in busy.items()}
    return Held(rate=rate, good=good, failed=failed, cpu_ms=spent)


async def measure(rates: list[float], workers: int, folder: Path) -> list[Held]:
    """Every rate in turn, to the first with failures."""
    async with sip_box(folder, workers=workers) as box, answering(folder) as phones:
        brain = asyncio.create_task(SmallBrain(box, phones).run())
        held: list[Held] = []
        for rate in rates:
            held.append(await hold(box, rate, folder))
            if held[-1].failed:
                break
        brain.cancel()
        return held


def report(held: list[Held], workers: int) -> Report:
    """The figures with their goals."""
    result = Report(f"SIP calls set up and bridged, {workers} workers, directly")
    for each in held:
        result.figure(f"{each.rate:g} a second: failed", each.failed, f"of {each.good + each.failed}")
        result.figure(f"{each.rate:g} a second: CPU per call", round(sum(each.cpu_ms.values()), 2), "ms")
    good = [each for each in held if not each.failed]
    result.figure(
        "rate without failures", max((e.rate for e in good), default=0), "a second", least=GOAL_RATE
    )
    if good:
        for name, spent in good[-1].cpu_ms.items():
            result.figure(f"CPU per call at it, {name}", round(spent, 2), "ms")
        result.figure("CPU per call at it", round(sum(good[-1].cpu_ms.values()), 2), "ms", most=GOAL_MS)
    return result


def main() -> int:
    """Entry point."""
    parser = options(__doc__)
    parser.add_argument("--rates", default="10,25,50,75,100", help="calls a second (default %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="SIP workers (default %(default)s)")
    chosen = parser.parse_args()
    rates = [float(rate) for rate in chosen.rates.split(",")]
    with tempfile.TemporaryDirectory(prefix="callbox-bench-") as folder:
        held = asyncio.run(measure(rates, chosen.workers, Path(folder)))
    report(held, chosen.workers).show(as_json=chosen.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
