"""Days repeated: their means match the planner's formulas within the interval they are printed with."""

from __future__ import annotations

import random
from statistics import NormalDist

import pytest

from appliance.acd.erlang import erlang_a, erlang_c
from appliance.simulate.arrivals import Lengths, poisson
from appliance.simulate.day import Setting
from appliance.simulate.experiment import ALL_FORMULAS, Estimate, differences, estimate, estimates, repeated
from appliance.store.service import Rules
from tests.appliance.simulate.centres import centre


def simulated(
    agents: int, rate: float, lengths: Lengths, hours: float = 12.0, **queue: object
) -> dict[str, Estimate]:
    settings = [Setting(centre(agents, **queue), count_from_s=3600)]
    traffic = poisson({"sales": rate}, lengths, (hours + 1) * 3600)
    return estimates(repeated(settings, traffic, repeat=8, seed=1, rules=Rules())[0])


def holds(found: Estimate, expected: float | None) -> bool:
    assert expected is not None
    return found.low <= expected <= found.high and found.high - found.low < 0.9 * expected


@pytest.mark.slow
def test_without_abandonment_waits_are_those_of_erlang_c() -> None:
    found, expected = simulated(14, 200, Lengths(180)), erlang_c(10, 14, 180, 20)
    assert holds(found["delayed_rate"], expected.delayed)
    assert holds(found["asa_s"], expected.wait_s)
    assert holds(found["sl3"], expected.service_level)
    assert holds(found["occupancy"], expected.occupancy)


@pytest.mark.slow
@pytest.mark.parametrize("agents", [10, 12])
def test_with_abandonment_waits_are_those_of_erlang_a(agents: int) -> None:
    found = simulated(agents, 200, Lengths(180, 1.0, 180))
    expected = erlang_a(10, agents, 180, 180)
    assert holds(found["delayed_rate"], expected.delayed)
    assert holds(found["abandon_rate"], expected.abandoned)
    assert holds(found["aqt_s"], expected.wait_s)
    assert holds(found["occupancy"], expected.occupancy)


@pytest.mark.slow
def test_one_more_agent_is_seen_in_fewer_days_with_the_same_callers() -> None:
    settings = [Setting(centre(agents), count_from_s=3600) for agents in (12, 13)]
    traffic = poisson({"sales": 200}, Lengths(180, 1.0, 180), 5 * 3600)
    days = repeated(settings, traffic, repeat=6, seed=2, rules=Rules())
    more = differences(*days)["abandon_rate"]
    apart = [estimates(each)["abandon_rate"] for each in days]
    assert more.high < 0
    assert more.high - more.low < apart[0].high - apart[0].low
    assert days[0][0]["offered"] == days[1][0]["offered"]


@pytest.mark.slow
def test_the_range_told_to_callers_means_what_it_says() -> None:
    """Want 7: half of the waits are within its lower end, four in five within its upper."""
    found = simulated(10, 200, Lengths(180, 0.8, 180))
    assert found["ewt_low_rate"].mean == pytest.approx(0.5, abs=0.06)
    assert found["ewt_high_rate"].mean == pytest.approx(0.8, abs=0.05)


def test_figures_and_formulas_are_the_same_list() -> None:
    days = repeated(
        [Setting(centre(2))], poisson({"sales": 20}, Lengths(60), 3600), repeat=1, seed=1, rules=Rules()
    )
    assert sorted(days[0][0]) == sorted(ALL_FORMULAS)
    assert estimates(days[0])["offered"].half is None


@pytest.mark.parametrize("count", [2, 5, 15, 40])
def test_an_interval_holds_the_mean_in_nineteen_of_twenty_runs(count: int) -> None:
    dice, inside = random.Random(count), 0
    for _ in range(2000):
        found = estimate([dice.gauss(10, 3) for _ in range(count)])
        inside += found.low <= 10 <= found.high
    chance = NormalDist(0.95, (0.95 * 0.05 / 2000) ** 0.5)
    assert chance.mean - 4 * chance.stdev < inside / 2000 < chance.mean + 4 * chance.stdev


def test_a_figure_that_no_day_has_is_none() -> None:
    assert estimate([None, None]) == Estimate(None)
    assert estimate([None, 3]) == Estimate(3.0)


def test_handle_times_have_the_mean_and_the_spread_asked_for() -> None:
    for variation in (0.0, 0.5, 1.0, 1.5):
        lengths, dice = Lengths(200, variation), random.Random(1)
        drawn = [lengths.handle(dice) for _ in range(40_000)]
        mean = sum(drawn) / len(drawn)
        spread = (sum((each - mean) ** 2 for each in drawn) / len(drawn)) ** 0.5
        assert mean == pytest.approx(200, rel=0.03)
        assert spread / mean == pytest.approx(variation, rel=0.06, abs=1e-9)


@pytest.mark.slow
def test_a_long_run_says_how_far_it_is() -> None:
    far: list[float] = []
    settings = [Setting(centre(100)), Setting(centre(100))]
    traffic = poisson({"sales": 5000}, Lengths(10), 3600)
    repeated(settings, traffic, repeat=2, seed=1, rules=Rules(), told=far.append)
    assert far == sorted(far)
    assert (len(far), far[-1]) == (10, 2)
