"""Days repeated with other callers: each figure's mean and 95 % confidence interval; settings compared."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from appliance.simulate.arrivals import Traffic
from appliance.simulate.day import Day, DayResult, Setting
from appliance.simulate.promises import Promise
from appliance.store.agent_time import TIME_FORMULAS, time_figures
from appliance.store.legs import LegOutcome
from appliance.store.service import FORMULAS, Figure, Rules, accuracy, service

#: What a simulation knows beside the figures of the box.
MORE_FORMULAS: Mapping[str, str] = {
    "delayed_rate": "of A + B, those who found no agent ready",
    "ewt_relative_rate": "ewt_rmse / mean true wait of those told",
    "ewt_low_rate": "share of waits within the 50th percentile told; 0.5 is right",
    "ewt_high_rate": "share of waits within the 80th percentile told; 0.8 is right",
}
#: Promises are scored with the wait that those would have had who gave up.
ALL_FORMULAS = {**FORMULAS, **TIME_FORMULAS, **MORE_FORMULAS}

# Student's t, 97.5 %, by degrees of freedom (any table of statistics).
T_975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145)


@dataclass(frozen=True)
class Estimate:
    """The mean over the days that have the figure, and half the width of its 95 % confidence interval.

    `half` is None for a single day, `mean` where no day has the figure.
    """

    mean: float | None
    half: float | None = None

    @property
    def low(self) -> float:
        """The lower end; nothing is known of a single day."""
        return -math.inf if self.mean is None or self.half is None else self.mean - self.half

    @property
    def high(self) -> float:
        """The upper end."""
        return math.inf if self.mean is None or self.half is None else self.mean + self.half


def repeated(
    settings: Sequence[Setting],
    traffic: Traffic,
    *,
    repeat: int,
    seed: int,
    rules: Rules,
    told: Callable[[float], object] = lambda days: None,
) -> list[list[dict[str, Figure]]]:
    """The figures of `repeat` days of each setting, each day with the same callers in every setting.

    `told` is called with the number of days done, now and then.
    """
    days: list[list[dict[str, Figure]]] = [[] for _ in settings]
    for number in range(repeat):
        arrivals = traffic(seed + number)
        for before, (setting, done) in enumerate(zip(settings, days, strict=True)):
            far = partial(_tell, told, number + before / len(settings), len(settings))
            done.append(day_figures(Day(setting, arrivals, far).run(), rules))
        told(number + 1)
    return days


def _tell(told: Callable[[float], object], before: float, parts: int, share: float) -> None:
    told(before + share / parts)


def day_figures(result: DayResult, rules: Rules) -> dict[str, Figure]:
    """Every figure of ALL_FORMULAS of one day."""
    wanted = [leg for leg in result.legs if leg.outcome in (LegOutcome.ANSWERED, LegOutcome.ABANDONED)]
    delayed = sum(leg.wait_ms > leg.ring_ms for leg in wanted)
    return {
        **service(result.legs, rules),
        **accuracy([promise.expected_s - promise.wait_s for promise in result.promises]),
        **time_figures(result.spans),
        "delayed_rate": delayed / len(wanted) if wanted else None,
        **_range_figures(result.promises),
    }


def _range_figures(promises: Sequence[Promise]) -> dict[str, Figure]:
    if not promises:
        return dict.fromkeys(("ewt_relative_rate", "ewt_low_rate", "ewt_high_rate"))
    count, mean = len(promises), math.fsum(each.wait_s for each in promises) / len(promises)
    square = math.fsum((each.expected_s - each.wait_s) ** 2 for each in promises) / count
    return {
        "ewt_relative_rate": math.sqrt(square) / mean if mean else None,
        "ewt_low_rate": sum(each.wait_s <= each.range_s[0] for each in promises) / count,
        "ewt_high_rate": sum(each.wait_s <= each.range_s[1] for each in promises) / count,
    }


def estimates(days: Sequence[Mapping[str, Figure]]) -> dict[str, Estimate]:
    """Each figure over the days."""
    return {name: estimate([day[name] for day in days]) for name in ALL_FORMULAS}


def differences(
    days: Sequence[Mapping[str, Figure]], others: Sequence[Mapping[str, Figure]]
) -> dict[str, Estimate]:
    """How much more each figure is in the others, day by day with the same callers."""
    return {
        name: estimate([_minus(other[name], day[name]) for day, other in zip(days, others, strict=True)])
        for name in ALL_FORMULAS
    }


def _minus(a: Figure, b: Figure) -> float | None:
    return None if a is None or b is None else a - b


def estimate(values: Sequence[Figure]) -> Estimate:
    """The mean of what is there, and half its confidence interval by Student's t."""
    known = [float(value) for value in values if value is not None]
    if not known:
        return Estimate(None)
    mean = statistics.fmean(known)
    if len(known) < 2:
        return Estimate(mean)
    return Estimate(mean, _t(len(known) - 1) * statistics.stdev(known) / math.sqrt(len(known)))


def _t(freedom: int) -> float:
    """Beyond the table an expansion that is right to 0.002 (Abramowitz and Stegun 26.7.5)."""
    return T_975[freedom - 1] if freedom <= len(T_975) else 1.95996 + 2.37 / freedom + 2.82 / freedom**2
