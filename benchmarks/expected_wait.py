"""How right callers are told how long it takes, beside what other centres tell them.

The three settings of section 4.6 of the definitions: 5, 12 and 20 agents, a non-stationary day, lognormal
handle times of 240 s (deviation 0.8 of the mean), exponential patience of 180 s; and 12 agents with callers
who stay for 600 s. The day has 12 hours whose load goes from 0.55 over two peaks of 1.25 and 1.15 and back,
0.9 in the mean. What is told to a caller who must wait is compared with the wait of one who stays.

  ours        queue length with abandonment (appliance/acd/expected_wait.py)
  EWMA        a running average of the waits of those answered, a quarter of it new each time, as Asterisk's
              app_queue keeps it (before its rounding to minutes)
  AHT         (callers ahead + 1) x mean handle time / agents, where nobody gives up

    python -m benchmarks.expected_wait [--days 12] [--json]
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence

from appliance.config.schema import Config
from appliance.simulate.arrivals import Arrival, Lengths
from appliance.simulate.day import Day, DayResult, Setting
from appliance.simulate.promises import Promise
from appliance.store.legs import LegOutcome
from benchmarks.rig.report import Report, options

SETTINGS = ((5, 180.0, 0.9), (12, 180.0, 0.9), (20, 180.0, 0.9), (12, 600.0, 0.92))
HOURS = (0.55, 0.75, 1.0, 1.25, 1.1, 0.85, 0.7, 0.9, 1.15, 1.05, 0.85, 0.65)  # load of each, 0.9 in the mean
GOAL = 0.65


def arrivals(agents: int, lengths: Lengths, load: float, seed: int) -> Sequence[Arrival]:
    """A day of callers, by thinning."""
    dice, found, at_s = random.Random(seed), [], 0.0
    highest = max(HOURS) * agents / lengths.handle_s * load / 0.9
    while at_s < len(HOURS) * 3600:
        if dice.random() * max(HOURS) < HOURS[int(at_s // 3600)]:
            found.append(Arrival(at_s, "sales", lengths.handle(dice), lengths.patience(dice)))
        at_s += dice.expovariate(highest)
    return found


def averages(result: DayResult) -> list[float]:
    """What the running average was when each promise was made."""
    answered = sorted(
        ((leg.entered_ms + leg.wait_ms) / 1000, leg.wait_ms / 1000)
        for leg in result.legs
        if leg.outcome is LegOutcome.ANSWERED
    )
    told, mean, next_one = {}, 0.0, 0
    for promise in sorted(result.promises, key=lambda each: each.at_s):
        while next_one < len(answered) and answered[next_one][0] <= promise.at_s:
            mean += (answered[next_one][1] - mean) / 4
            next_one += 1
        told[id(promise)] = mean
    return [told[id(promise)] for promise in result.promises]


def rmse(told: Iterable[float], promises: Sequence[Promise]) -> float:
    """Root mean square of what was told less what came true."""
    squares = [(each - promise.wait_s) ** 2 for each, promise in zip(told, promises, strict=True)]
    return math.sqrt(math.fsum(squares) / len(squares))


def late(told: Iterable[float], promises: Sequence[Promise]) -> float:
    """The share whose wait was more than 30 s longer than told."""
    return sum(promise.wait_s > each + 30 for each, promise in zip(told, promises, strict=True)) / len(
        promises
    )


def measure(agents: int, patience_s: float, load: float, days: int, report: Report) -> None:
    """One setting over all days."""
    names = [f"a{number}" for number in range(agents)]
    config = Config.model_validate(
        {"queues": {"sales": {"agents": names, "wrap_up_seconds": 0}}, "agents": {name: {} for name in names}}
    )
    lengths, promises, rival = Lengths(240, 0.8, patience_s), [], []
    for seed in range(days):
        result = Day(Setting(config), arrivals(agents, lengths, load, seed)).run()
        promises += result.promises
        rival += averages(result)
    ours, theirs = rmse([each.expected_s for each in promises], promises), rmse(rival, promises)
    name, goal = f"{agents} agents, patience {patience_s:g} s", GOAL if patience_s == 180 else None
    report.figure(f"{name}: RMSE, ours / EWMA", round(ours / theirs, 3), most=goal)
    report.figure("  RMSE, ours", round(ours, 1), "s", peer=f"EWMA {theirs:.1f} s")
    told = [each.expected_s for each in promises]
    report.figure(
        "  told > 30 s too little", round(late(told, promises), 3), peer=f"EWMA {late(rival, promises):.3f}"
    )
    bias = math.fsum(each.expected_s - each.wait_s for each in promises) / len(promises)
    report.figure("  told too much in the mean", round(bias, 1), "s")
    for which, share in ((0, 0.5), (1, 0.8)):
        within = sum(each.wait_s <= each.range_s[which] for each in promises) / len(promises)
        report.figure(f"  waits within the {share:.0%} told", round(within, 3))


def main() -> None:
    """Measure all settings and print."""
    parser = options(__doc__)
    parser.add_argument("--days", type=int, default=12, help="days of each setting (default %(default)s)")
    chosen = parser.parse_args()
    report = Report("expected wait: what callers are told, and what comes true")
    for agents, patience_s, load in SETTINGS:
        measure(agents, patience_s, load, chosen.days, report)
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
