"""Want 7: the expected wait follows a published formula, and its range means what it says."""

from __future__ import annotations

import random

import pytest

from appliance.acd.expected_wait import HANDLE_SAMPLES, PRIOR_HANDLE_S, Expectation, shares


def known(handle_s: float = 240.0, patience_s: float = 180.0) -> Expectation:
    """One that has seen enough of callers who are exactly like this."""
    expectation = Expectation(handle_s)
    for _ in range(HANDLE_SAMPLES):
        expectation.handled(handle_s)
    for _ in range(2000):
        expectation.abandoned(patience_s)
    return expectation


def by_the_book(expectation: Expectation, ahead: int, agents: float) -> list[float]:
    mu, theta = 1 / expectation.handle_s, 1 / expectation.patience_s
    return [1 / (agents * mu + i * theta) for i in range(ahead + 1)]


def test_nothing_is_known_at_first_and_an_ordinary_call_is_assumed() -> None:
    expectation = Expectation()
    assert expectation.handle_s == PRIOR_HANDLE_S
    assert expectation.patience_s == 180.0
    assert expectation.expected(0, 4) == pytest.approx(60.0)


@pytest.mark.parametrize("agents", [0, -1.0])
def test_a_queue_that_nobody_serves_promises_nothing(agents: float) -> None:
    assert Expectation().expected(3, agents) is None
    assert Expectation().between(3, agents) is None


@pytest.mark.parametrize(("ahead", "agents"), [(0, 5), (3, 5), (9, 0.5), (60, 12), (2000, 20)])
def test_each_caller_ahead_is_one_step_of_the_formula(ahead: int, agents: float) -> None:
    expectation = known()
    assert expectation.expected(ahead, agents) == pytest.approx(
        sum(by_the_book(expectation, ahead, agents)), rel=1e-3
    )


@pytest.mark.parametrize(("ahead", "agents"), [(0, 5), (3, 5), (40, 12)])
def test_half_wait_less_than_the_lower_and_a_fifth_more_than_the_upper_bound(
    ahead: int, agents: float
) -> None:
    expectation, chance = known(), random.Random(7)
    steps = by_the_book(expectation, ahead, agents)
    waits = [sum(chance.expovariate(1 / step) for step in steps) for _ in range(8000)]
    range_s = expectation.between(ahead, agents)
    assert range_s is not None
    below = [sum(wait <= bound for wait in waits) / len(waits) for bound in range_s]
    assert below == pytest.approx([0.5, 0.8], abs=0.02)


def test_the_handle_time_is_that_of_the_last_calls() -> None:
    expectation = known(handle_s=240.0)
    for _ in range(HANDLE_SAMPLES):
        expectation.handled(60.0)
    assert expectation.handle_s == pytest.approx(60.0)


def test_what_was_assumed_makes_way_for_what_is_known() -> None:
    expectation = Expectation(240.0)
    for _ in range(HANDLE_SAMPLES // 2):
        expectation.handled(60.0)
    assert expectation.handle_s == pytest.approx((75 * 60 + 2.5 * 240) / 77.5)


def test_patience_counts_those_who_were_answered_before_they_gave_up() -> None:
    expectation = Expectation()
    for _ in range(300):
        expectation.waited(50.0)
        expectation.waited(50.0)
        expectation.abandoned(20.0)
    assert expectation.patience_s == pytest.approx(120.0, rel=0.02)


def test_patience_follows_a_day_that_changes() -> None:
    expectation = known(patience_s=180.0)
    for _ in range(2000):
        expectation.abandoned(45.0)
    assert expectation.patience_s == pytest.approx(45.0, rel=0.1)


@pytest.mark.parametrize("told", [0.0, -5.0, 1e9])
def test_no_length_that_is_told_breaks_it(told: float) -> None:
    expectation = Expectation()
    expectation.handled(told)
    expectation.abandoned(told)
    expectation.waited(told)
    wait = expectation.expected(10_000, 1)
    assert wait is not None
    assert 0 < wait < float("inf")


def test_an_agent_of_several_queues_counts_for_each_that_wants_one_now() -> None:
    staffed = {("sales",): 1, ("sales", "help"): 1, ("sales", "help", "night"): 1}
    assert shares("sales", staffed, {"sales"}) == 3
    assert shares("sales", staffed, {"sales", "help"}) == 2
    assert shares("sales", staffed, {"help", "night"}) == pytest.approx(1 + 1 / 2 + 1 / 3)
    assert shares("sales", {("sales", "help"): 4}, {"help"}) == 2
    assert shares("nobody", {}, {"sales"}) == 0
