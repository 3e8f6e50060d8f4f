"""The figures of service over queue legs: six service levels, waits, abandonment, handling. Pure.

Definitions: section 4.3 of the trade's formulas. O = A + B + F are offered, S are those of B whose wait was
short, T is the target: a wait of exactly T is within it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from appliance.store.legs import LegOutcome, QueueLeg

Figure = float | int | None  # None = nothing to divide by

LATE_S = 30.0  # a promise that was too small by more made somebody wait for it

#: Each figure and its formula, in the order in which they are shown.
FORMULAS: Mapping[str, str] = {
    "offered": "O = A + B + F",
    "answered": "A",
    "abandoned": "B",
    "short_abandoned": "S: of B, wait < short",
    "flowed_out": "F: overflow, exit key, call-back, lost line",
    "blocked": "X: not let in",
    "waiting": "not over yet, in no other figure",
    "sl1": "A<=T / A",
    "sl2": "(A<=T + B<=T) / (A + B)",
    "sl3": "A<=T / (A + B)",
    "sl4": "A<=T / (A + B - S)",
    "sl5": "A<=T / (A + B + F)",
    "sl6": "A<=T / (A + B - B<=T)",
    "asa_s": "sum of waits of A / A, ringing included",
    "aqt_s": "sum of waits of O / O",
    "time_to_abandon_s": "sum of waits of B / B",
    "longest_wait_s": "longest wait of O",
    "abandon_rate": "B / O",
    "abandon_rate_without_short": "(B - S) / (O - S)",
    "blocked_rate": "X / (O + X)",
    "att_s": "sum of talk / A, without hold",
    "hold_s": "sum of hold / A",
    "acw_s": "sum of wrap-up / A",
    "ring_s": "sum of ringing at those who answered / A",
    "aht_s": "(talk + hold + wrap-up) / A",
    "aht_with_ring_s": "(talk + hold + wrap-up + ringing) / A",
    "promises": "of A, those who were told how long it takes",
    "ewt_rmse_s": "root of mean (wait from then on - promised)^2",
    "ewt_bias_s": "mean (promised - wait from then on)",
    "ewt_late_rate": "share of promises whose wait was more than 30 s longer",
}


@dataclass(frozen=True)
class Rules:
    """What the formulas leave to a centre: the target T, and below which wait an abandon is short."""

    target_s: float = 20.0
    short_s: float = 5.0


def service(legs: Iterable[QueueLeg], rules: Rules = Rules()) -> dict[str, Figure]:  # frozen
    """Every figure of FORMULAS. Seconds and shares are not rounded."""
    of: dict[LegOutcome, list[QueueLeg]] = {outcome: [] for outcome in LegOutcome}
    for leg in legs:
        of[leg.outcome].append(leg)
    answered, abandoned = of[LegOutcome.ANSWERED], of[LegOutcome.ABANDONED]
    offered = [*answered, *abandoned, *of[LegOutcome.FLOWED_OUT]]
    short = sum(leg.wait_ms < rules.short_s * 1000 for leg in abandoned)
    o, a, b, x = len(offered), len(answered), len(abandoned), len(of[LegOutcome.BLOCKED])
    handled = {name: _sum_s(answered, name) for name in ("talk_ms", "hold_ms", "wrap_up_ms", "ring_ms")}
    work = handled["talk_ms"] + handled["hold_ms"] + handled["wrap_up_ms"]
    return {
        "offered": o,
        "answered": a,
        "abandoned": b,
        "short_abandoned": short,
        "flowed_out": len(of[LegOutcome.FLOWED_OUT]),
        "blocked": x,
        "waiting": len(of[LegOutcome.WAITING]),
        **_levels(a, b, o, short, _within(answered, rules), _within(abandoned, rules)),
        "asa_s": _ratio(_sum_s(answered, "wait_ms"), a),
        "aqt_s": _ratio(_sum_s(offered, "wait_ms"), o),
        "time_to_abandon_s": _ratio(_sum_s(abandoned, "wait_ms"), b),
        "longest_wait_s": max((leg.wait_ms / 1000 for leg in offered), default=None),
        "abandon_rate": _ratio(b, o),
        "abandon_rate_without_short": _ratio(b - short, o - short),
        "blocked_rate": _ratio(x, o + x),
        "att_s": _ratio(handled["talk_ms"], a),
        "hold_s": _ratio(handled["hold_ms"], a),
        "acw_s": _ratio(handled["wrap_up_ms"], a),
        "ring_s": _ratio(handled["ring_ms"], a),
        "aht_s": _ratio(work, a),
        "aht_with_ring_s": _ratio(work + handled["ring_ms"], a),
        **_accuracy(answered),
    }


def _levels(a: int, b: int, o: int, short: int, a_in: int, b_in: int) -> dict[str, Figure]:
    return {
        "sl1": _ratio(a_in, a),
        "sl2": _ratio(a_in + b_in, a + b),
        "sl3": _ratio(a_in, a + b),
        "sl4": _ratio(a_in, a + b - short),
        "sl5": _ratio(a_in, o),
        "sl6": _ratio(a_in, a + b - b_in),
    }


def _accuracy(answered: Iterable[QueueLeg]) -> dict[str, Figure]:
    told = [(leg.promised_ms, leg.came_true_ms) for leg in answered]
    off = [(promise - wait) / 1000 for promise, wait in told if promise is not None and wait is not None]
    return accuracy(off)


def accuracy(off_s: Sequence[float]) -> dict[str, Figure]:
    """How good promises were, from how many seconds too much each told: counted, RMSE, bias, share late."""
    squares = _ratio(math.fsum(each * each for each in off_s), len(off_s))
    return {
        "promises": len(off_s),
        "ewt_rmse_s": None if squares is None else math.sqrt(squares),
        "ewt_bias_s": _ratio(math.fsum(off_s), len(off_s)),
        "ewt_late_rate": _ratio(sum(each < -LATE_S for each in off_s), len(off_s)),
    }


def _within(legs: Iterable[QueueLeg], rules: Rules) -> int:
    return sum(leg.wait_ms <= rules.target_s * 1000 for leg in legs)


def _sum_s(legs: Iterable[QueueLeg], column: str) -> float:
    return math.fsum(getattr(leg, column) for leg in legs) / 1000


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
