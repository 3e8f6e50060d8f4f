"""How many calls of a trunk a second the whole box answers with an agent, and what one costs.

sipp is the provider's server and the agents' phones; between them are Kamailio, workers, engine and the real
brain: a caller comes in by the trunk, is queued, an idle agent is rung, both are joined and recorded, and the
call is written up. Calls come from two addresses; each rate is held for 5 s, a call lasts 200 ms. CPU a call
is the time of all processes of the box above what they take without calls. The smallest brain alone, without
the edge, is `sip_setup.py`.

    python -m benchmarks.sip_setup_edge [--rates 10,25,50] [--agents 60] [--json]
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.rig.processes import cpu_seconds
from benchmarks.rig.report import Report, options
from benchmarks.rig.sipp import answering, calling
from benchmarks.sip_setup import CALL_MS, HELD_SECONDS, REST_SECONDS, Held
from tests.end_to_end.trunk_box import TrunkBox

GOAL_MS = 10.8  # twice Asterisk's 5.4
GOAL_RATE = 50
SOURCES = ("127.0.0.9", "127.0.0.8")
PARTS = {"kamailio": "edge", "media": "engine", "brain": "brain"}
NOT_OURS = {"modems"}


class SetupBox(TrunkBox):
    """A trunk that leads to a queue of agents whose phones are at `phones` (a port)."""

    def __init__(self, folder: Path, *, agents: int, phones: int) -> None:
        names = [f"agent-{number}" for number in range(agents)]
        box: dict[str, Any] = {"workers": 2, "wrap_up_seconds": 0, "start_seconds": 40.0}
        super().__init__(folder, hosts=[f"127.0.0.1:{phones}"], source=SOURCES[0], agents=names, **box)
        text = self.config_file.read_text()
        for name in names:
            text = text.replace('phone = ""\nready', f'phone = "sip:{name}@127.0.0.1:{phones}"\nready', 1)
        sources = ", ".join(f'"{source}"' for source in SOURCES)
        text = text.replace(f'sources = ["{SOURCES[0]}"]', f"sources = [{sources}]\ncalls = 120")
        self.config_file.write_text(text.replace('to = "hangup"', 'to = "queue:sales"'))

    def cpu(self) -> dict[str, float]:
        """Processor time so far of edge, workers, engine and brain, with all their children."""
        spent: dict[str, float] = {}
        for child in self.supervisor.children:
            if child.name not in NOT_OURS:
                part = PARTS.get(child.name, "workers" if child.name.startswith("sip") else "rest")
                spent[part] = spent.get(part, 0.0) + sum(map(cpu_seconds, family(child.pid)))
        return spent


def family(pid: int) -> list[int]:
    """A process and all that came of it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


async def hold(box: SetupBox, rate: float, folder: Path) -> Held:
    """One rate for a while, half of it from each address."""
    loop = asyncio.get_running_loop()
    resting, rested = box.cpu(), loop.time()
    await asyncio.sleep(REST_SECONDS)
    before, begin = box.cpu(), loop.time()
    idle = {name: (before[name] - resting[name]) / (begin - rested) for name in before}
    share = rate / len(SOURCES)
    call: dict[str, Any] = {"rate": share, "calls": round(share * HELD_SECONDS), "hold_ms": CALL_MS}
    target = f"127.0.0.1:{box.edge_port}"
    results = await asyncio.gather(
        *(calling(folder, target=target, user="15550100", source=source, **call) for source in SOURCES)
    )
    took = loop.time() - begin
    good, failed = sum(r.good for r in results), sum(r.failed for r in results)
    busy = {name: now - before[name] - idle[name] * took for name, now in box.cpu().items()}
    spent = {name: seconds / max(1, good) * 1000 for name, seconds in busy.items()}
    return Held(rate=rate, good=good, failed=failed, cpu_ms=spent)


async def measure(rates: list[float], agents: int, folder: Path) -> list[Held]:
    """Every rate in turn, to the first with failures."""
    async with answering(folder) as phones, SetupBox(folder, agents=agents, phones=phones) as box:
        await box.until_up("one")
        held: list[Held] = []
        for rate in rates:
            held.append(await hold(box, rate, folder))
            if held[-1].failed:
                break
        return held


def report(held: list[Held]) -> Report:
    """The figures with their goals."""
    result = Report("SIP calls of a trunk answered by an agent, a whole box with its edge")
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
    parser.add_argument("--rates", default="10,25,50", help="calls a second (default %(default)s)")
    parser.add_argument("--agents", type=int, default=60, help="agents in the queue (default %(default)s)")
    chosen = parser.parse_args()
    rates = [float(rate) for rate in chosen.rates.split(",")]
    with tempfile.TemporaryDirectory(prefix="callbox-bench-") as folder:
        held = asyncio.run(measure(rates, chosen.agents, Path(folder)))
    report(held).show(as_json=chosen.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
