"""The simulator: how fast a day goes, how cost and memory grow with size, and whether it is right.

a day          50 agents, 24 hours at a load of 0.9, handle times lognormal, patience 180 s
cost and size  1, 10 and 100 queues of 10 agents and 100 waiting callers each, and one queue as large as
               those hundred: microseconds an event, and what a growth with log n would make of the smallest
memory         of 10,000 waiting callers, and of a week of the day above
Erlang         longer runs than the tests: the golden cases of Erlang C and A, and how many of their
               figures lie within the 95 % interval

  python -m benchmarks.simulate [--json]
"""

from __future__ import annotations

import gc
import math
import random
import time
import tracemalloc
from collections.abc import Callable

from appliance.acd.erlang import Waits, erlang_a, erlang_c
from appliance.config.schema import Config
from appliance.simulate.arrivals import Arrival, Lengths, Traffic, poisson
from appliance.simulate.day import Day, Setting
from appliance.simulate.experiment import Estimate, estimates, repeated
from appliance.store.service import Rules
from benchmarks.rig.report import Report, options

SIZES = ((1, 10, 100), (10, 10, 100), (100, 10, 100), (1, 1000, 10_000))  # queues; agents and waiting of each
HANDLE = Lengths(240, 0.8, 180)
RATE = 0.9 * 50 * 3600 / 240  # callers an hour
GOLDEN: tuple[
    tuple[str, float, int, float, float], ...
] = (  # section 4.5: rate an hour, agents, handle, patience
    ("C, 10 erlangs, 14 agents", 200, 14, 180, 0),
    ("A, 10 erlangs, 12 agents", 200, 12, 180, 180),
    ("A, 10 erlangs, 10 agents", 200, 10, 180, 180),
    ("A, 48 erlangs, 50 agents", 2880, 50, 60, 120),
)


def centre(queues: int, agents: int) -> Config:
    """Queues with so many agents each, who serve no other."""
    names = {f"q{queue}": [f"a{queue}-{agent}" for agent in range(agents)] for queue in range(queues)}
    return Config.model_validate(
        {
            "queues": {name: {"agents": those, "wrap_up_seconds": 0} for name, those in names.items()},
            "agents": {agent: {} for those in names.values() for agent in those},
        }
    )


def one_day(report: Report) -> None:
    """Seconds of the processor for one day."""
    arrivals = poisson({"q0": RATE}, HANDLE, 86_400)(1)
    seconds = min(cpu_s(lambda: Day(Setting(centre(1, 50)), arrivals).run()) for _ in range(3))
    report.figure("a day of 50 agents", round(seconds, 2), "s", most=2.0)
    report.figure("  callers of that day", len(arrivals))


def growth(report: Report) -> None:
    """Every queue is overloaded, so that its callers wait."""
    smallest, people = 0.0, 0
    for queues, agents, waiting in SIZES:
        cost = min(cost_us(queues, agents, waiting) for _ in range(3))
        smallest, people = smallest or cost, people or agents + waiting
        allowed = smallest * math.log(queues * (agents + waiting)) / math.log(people)
        name = f"an event, {queues} queues, {queues * agents} agents, {queues * waiting} waiting"
        report.figure(name, round(cost, 1), "us", most=round(allowed, 1))


def cost_us(queues: int, agents: int, waiting: int) -> float:
    """Microseconds an event while all are busy and so many wait; the smallest run long enough to measure."""
    dice, lengths, count = random.Random(queues), Lengths(200, 1.0, 0), queues * (agents + waiting)
    rush = [Arrival(dice.random(), f"q{n % queues}", lengths.handle(dice)) for n in range(count)]
    until_s = 3_600_000 / (queues * agents * 10)
    steady = poisson({f"q{n}": agents * 3600 / 200 for n in range(queues)}, lengths, until_s)(1)
    day = Day(Setting(centre(queues, agents)), sorted([*rush, *steady], key=lambda each: each.at_s))
    gc.collect()
    seconds = cpu_s(day.run)
    return seconds / day.result.events * 1e6


def memory(report: Report) -> None:
    """What is held at the peak, by tracemalloc."""
    config = centre(1, 1)
    rush = [Arrival(0.0, "q0", 1.0) for _ in range(10_000)]
    waiting = peak_mb(lambda: Day(Setting(config), rush).run())
    report.figure("memory, 10,000 waiting callers", round(waiting, 1), "MB", most=50)
    arrivals = poisson({"q0": RATE}, HANDLE, 7 * 86_400)(1)
    week = peak_mb(lambda: Day(Setting(centre(1, 50)), arrivals).run())
    report.figure(f"memory, a week of {len(arrivals)} callers", round(week, 1), "MB", most=200)


def golden(report: Report) -> None:
    """Twenty days of each case; one figure of twenty may be outside."""
    inside = []
    for name, rate, agents, handle_s, patience_s in GOLDEN:
        lengths, hours = Lengths(handle_s, 1.0, patience_s), 20 if agents < 50 else 4
        traffic: Traffic = poisson({"q0": rate}, lengths, (hours + 2) * 3600)
        settings = [Setting(centre(1, agents), count_from_s=7200)]
        found = estimates(repeated(settings, traffic, repeat=20, seed=1, rules=Rules())[0])
        load = rate / 3600 * handle_s
        exact = (
            erlang_a(load, agents, handle_s, patience_s)
            if patience_s
            else erlang_c(load, agents, handle_s, 20)
        )
        for figure, value in expected(exact).items():
            inside.append(found[figure].low <= value <= found[figure].high)
            report.figure(f"{name}: {figure}", said(found[figure]), peer=f"exact {value:.4g}")
    report.figure("figures within their 95 % interval", round(sum(inside) / len(inside), 2), least=0.8)


def expected(waits: Waits) -> dict[str, float]:
    """Erlang's figures by our names; shares that are zero are left out."""
    figures = {"delayed_rate": waits.delayed, "aqt_s": waits.wait_s, "occupancy": waits.occupancy}
    return {**figures, "abandon_rate": waits.abandoned} if waits.abandoned else figures


def said(found: Estimate) -> str:
    """Mean and half the interval."""
    return f"{found.mean:.4g} +- {found.half:.2g}"


def cpu_s(work: Callable[[], object]) -> float:
    """Processor seconds, so that others at work do not count."""
    began = time.process_time()
    work()
    return time.process_time() - began


def peak_mb(work: Callable[[], object]) -> float:
    """The most that was held while it ran."""
    tracemalloc.start()
    work()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1e6


def main() -> None:
    """Run all and print."""
    chosen = options(__doc__).parse_args()
    report = Report("simulate: days on a fake clock")
    for part in (one_day, growth, memory, golden):
        part(report)
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
