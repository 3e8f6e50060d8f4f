"""A simulated day follows the rules of the box, to the second."""

from __future__ import annotations

import math

import pytest

from appliance.config.schema import Config
from appliance.simulate.arrivals import Arrival, Lengths, poisson
from appliance.simulate.day import Day, Setting, Staffed
from appliance.simulate.floor import alike
from appliance.store.agent_time import time_figures
from appliance.store.legs import LegOutcome
from tests.appliance.simulate.centres import centre, day, told


def two_queues(**sales: object) -> Config:
    return Config.model_validate(
        {
            "queues": {
                "sales": {"agents": ["ana"], "wrap_up_seconds": 0, **sales},
                "help": {"agents": ["ben"], "wrap_up_seconds": 0},
            },
            "agents": {"ana": {}, "ben": {}},
        }
    )


def test_callers_are_served_in_their_order_and_wait_as_long_as_it_takes() -> None:
    result = day(centre(), Arrival(0, "sales", 60), Arrival(10, "sales", 30), Arrival(20, "sales", 30))
    assert told(result) == [("sales", "A", 0), ("sales", "A", 50), ("sales", "A", 70)]


def test_wrap_up_is_part_of_the_handle_time() -> None:
    result = day(centre(wrap_up_seconds=10), Arrival(0, "sales", 60), Arrival(10, "sales", 4))
    assert told(result) == [("sales", "A", 0), ("sales", "A", 50)]
    assert [(leg.talk_ms, leg.wrap_up_ms) for leg in result.legs] == [(50_000, 10_000), (0, 4_000)]


def test_ringing_counts_as_wait() -> None:
    result = day(centre(), Arrival(0, "sales", 60), Arrival(10, "sales", 60), ring_s=4)
    assert told(result) == [("sales", "A", 4), ("sales", "A", 58)]


def test_a_caller_without_patience_leaves_and_one_who_is_served_first_does_not() -> None:
    result = day(
        centre(), Arrival(0, "sales", 60, 5), Arrival(10, "sales", 30, 20), Arrival(20, "sales", 30, 45)
    )
    assert told(result) == [("sales", "A", 0), ("sales", "B", 20), ("sales", "A", 40)]


def test_a_caller_who_waited_too_long_keeps_the_place_in_the_next_queue() -> None:
    config = two_queues(max_wait_seconds=30, overflow="queue:help")
    result = day(config, Arrival(0, "sales", 600), Arrival(10, "sales", 20), Arrival(1, "help", 60))
    assert told(result) == [("sales", "A", 0), ("help", "A", 0), ("sales", "F", 30), ("help", "A", 21)]


def test_a_full_queue_sends_callers_on() -> None:
    config = two_queues(max_callers=1, full="queue:help")
    result = day(config, *(Arrival(at, "sales", 600) for at in (0, 1, 2)))
    assert told(result)[:3] == [("sales", "A", 0), ("sales", "A", 599), ("sales", "X", 0)]
    assert told(result)[3] == ("help", "A", 0)


def test_a_long_expected_wait_sends_callers_on_only_where_it_is_better() -> None:
    config = two_queues(overflow_expected_seconds=60, overflow="queue:help")
    result = day(config, *(Arrival(at, "sales", 600) for at in (0, 1, 2, 3)))
    assert [f"{queue} {outcome}" for queue, outcome, _ in told(result)] == [
        "sales A",
        "sales X",  # to help, where an agent is free
        "help A",
        "sales A",  # nobody waits in either: stays
        "sales X",  # one waits here, nobody there
        "help A",
    ]


def test_a_queue_is_closed_outside_its_hours() -> None:
    config = Config.model_validate(
        {
            "calendars": {"week": {"zone": "UTC", "open": ["mon-fri 09:00-17:00"]}},
            "queues": {"sales": {"agents": ["ana"], "hours": "week", "wrap_up_seconds": 0}},
            "agents": {"ana": {}},
        }
    )
    monday = 1_795_996_800.0  # 2026-11-30 00:00 UTC
    result = day(config, Arrival(8 * 3600, "sales", 60), Arrival(10 * 3600, "sales", 60), begins_s=monday)
    assert told(result) == [("sales", "X", 0), ("sales", "A", 0)]


def test_agents_come_and_go() -> None:
    staff = [Staffed(100, "a1", here=True), Staffed(160, "a1", here=False), Staffed(500, "a1", here=True)]
    result = day(centre(), Arrival(0, "sales", 90), Arrival(10, "sales", 30), staff=staff)
    assert told(result) == [("sales", "A", 100), ("sales", "A", 490)]


def test_callers_whom_nobody_comes_to_serve_still_wait_at_the_end() -> None:
    staff = [Staffed(100, "a1", here=False)]
    assert told(day(centre(), Arrival(0, "sales", 90), staff=staff)) == [("sales", "", 100)]


def test_callers_sent_round_in_a_circle_are_let_go() -> None:
    config = two_queues(empty_when="nobody-logged-in", empty="queue:sales")
    result = day(config, Arrival(0, "sales", 90), staff=[Staffed(0, "ben", here=True)])
    assert {leg.outcome for leg in result.legs} == {LegOutcome.BLOCKED}


def test_skills_and_priority_of_a_caller_count() -> None:
    config = Config.model_validate(
        {
            "queues": {"sales": {"agents": ["ana", "ben"], "wrap_up_seconds": 0}},
            "agents": {"ana": {"skills": {"english": 2}}, "ben": {"skills": {"english": 4}}},
        }
    )
    result = day(
        config, Arrival(0, "sales", 60, skills={"english": 3}), Arrival(1, "sales", 60, skills={"english": 3})
    )
    assert [leg.agent for leg in result.legs] == ["ben", "ben"]
    urgent = Arrival(30, "sales", 60, priority=10)
    result = day(centre(), Arrival(0, "sales", 100), Arrival(20, "sales", 60), urgent)
    assert told(result)[1:] == [("sales", "A", 140), ("sales", "A", 70)]


def test_the_time_before_the_count_begins_is_not_counted() -> None:
    result = day(
        centre(),
        Arrival(0, "sales", 600),
        Arrival(1000, "sales", 100),
        Arrival(2000, "sales", 1),
        count_from_s=1000,
    )
    assert len(result.legs) == 2
    assert time_figures(result.spans)["occupancy"] == pytest.approx(0.1)


def test_a_day_is_the_same_again_and_everybody_is_accounted_for() -> None:
    arrivals = poisson({"sales": 120}, Lengths(240, 0.8, 120), 4 * 3600)(3)
    days = [Day(Setting(centre(6)), arrivals).run() for _ in range(2)]
    assert days[0].legs == days[1].legs
    assert len({leg.call_id for leg in days[0].legs}) == len(arrivals)
    assert LegOutcome.WAITING not in {leg.outcome for leg in days[0].legs}


def test_alike_agents_serve_every_queue() -> None:
    config = alike(two_queues(), 3)
    result = day(config, *(Arrival(n, "sales" if n % 2 else "help", 60) for n in range(3)))
    assert [wait for _, _, wait in told(result)] == [0, 0, 0]


def test_promises_are_scored_for_those_too_who_gave_up() -> None:
    result = day(centre(), Arrival(0, "sales", 100), Arrival(10, "sales", 50, 20), Arrival(20, "sales", 50))
    kept = {promise.at_s: promise.wait_s for promise in result.promises}
    assert kept == {10: 90, 20: 80}
    assert all(math.isfinite(promise.expected_s) for promise in result.promises)


def test_callers_whom_everybody_leaves_are_sent_on_by_the_same_rule_as_on_the_box() -> None:
    config = two_queues(empty_when="nobody-logged-in", empty="queue:help")
    staff = [Staffed(0, "ana", here=True), Staffed(0, "ben", here=True), Staffed(50, "ana", here=False)]
    result = day(config, Arrival(1, "sales", 60), Arrival(10, "sales", 30), staff=staff)
    assert told(result) == [("sales", "A", 0), ("sales", "F", 62), ("help", "A", 0)]


def test_a_class_of_customers_is_served_by_its_own_rate() -> None:
    config = centre(classes={"gold": 4.0})
    gold = Arrival(30, "sales", 60, customer="gold")
    result = day(config, Arrival(0, "sales", 100), Arrival(20, "sales", 60), gold)
    assert told(result)[1:] == [("sales", "A", 140), ("sales", "A", 70)]


def test_where_all_phones_ring_one_agent_has_the_caller() -> None:
    result = day(centre(3, choice="ring-all"), *(Arrival(at, "sales", 60) for at in (0, 1, 2, 3)), ring_s=2)
    assert [wait for _, _, wait in told(result)] == [2, 3, 4, 61]
    assert len({leg.agent for leg in result.legs[:3]}) == 3
