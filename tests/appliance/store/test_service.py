"""The figures of service against the vector that was worked out by hand twice (section 4.4)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from appliance.events import AgentChanged, BoxStarted, BoxStopped
from appliance.store.agent_time import Span, cut, spans, time_figures
from appliance.store.intervals import borders, by_interval, start_of
from appliance.store.legs import LegOutcome, QueueLeg
from appliance.store.mark import mark
from appliance.store.service import FORMULAS, Rules, service
from tests.appliance.store.test_figures import VECTOR
from tests.appliance.store.visits import WALL_S, at

BERLIN = ZoneInfo("Europe/Berlin")


def leg_of(text: str) -> QueueLeg:
    number, rest = text.split(":")
    arrived, wait, how = rest.split(",", 2)
    lengths = [int(each) * 1000 for each in how[2:-1].split(",")] if len(how) > 1 else [0] * 4
    named = dict(zip(("ring_ms", "talk_ms", "hold_ms", "wrap_up_ms"), lengths, strict=True))
    entered_ms, wait_ms = int(arrived) * 1000, int(wait) * 1000
    left_ms = entered_ms + wait_ms + named["talk_ms"] + named["hold_ms"]
    outcome = LegOutcome(how[0])
    return QueueLeg(number, 1, "sales", entered_ms, outcome, wait_ms=wait_ms, ended_ms=left_ms, **named)


LEGS = [leg_of(text) for text in VECTOR.split()]


def test_want_11_and_12_the_golden_vector_is_exact() -> None:
    found = service(LEGS, Rules(target_s=20, short_s=5))
    expected = {
        "offered": 11,
        "answered": 7,
        "abandoned": 3,
        "short_abandoned": 1,
        "flowed_out": 1,
        "blocked": 1,
        "waiting": 0,
        "sl1": 4 / 7,
        "sl2": 0.6,
        "sl3": 0.4,
        "sl4": 4 / 9,
        "sl5": 4 / 11,
        "sl6": 0.5,
        "asa_s": 150 / 7,
        "aqt_s": 30,
        "time_to_abandon_s": 20,
        "longest_wait_s": 120,
        "abandon_rate": 3 / 11,
        "abandon_rate_without_short": 0.2,
        "blocked_rate": 1 / 12,
        "att_s": 1140 / 7,
        "hold_s": 15,
        "acw_s": 160 / 7,
        "ring_s": 5,
        "aht_s": 1405 / 7,
        "aht_with_ring_s": 1440 / 7,
        "promises": 0,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert {name: round(value, 4) for name, value in found.items() if name[:2] in ("sl", "as", "ah")} == {
        "sl1": 0.5714,
        "sl2": 0.6,
        "sl3": 0.4,
        "sl4": 0.4444,
        "sl5": 0.3636,
        "sl6": 0.5,
        "asa_s": 21.4286,
        "aht_s": 200.7143,
        "aht_with_ring_s": 205.7143,
    }
    assert list(found) == list(FORMULAS)


def test_want_7_promises_are_scored_against_what_came_true() -> None:
    told = [(60, 50), (60, 95), (30, 30), (None, None)]
    legs = [
        QueueLeg(
            str(number),
            1,
            "sales",
            0,
            LegOutcome.ANSWERED,
            promised_ms=None if promised is None else promised * 1000,
            came_true_ms=None if came is None else came * 1000,
        )
        for number, (promised, came) in enumerate(told)
    ]
    found = service(legs)
    assert (found["promises"], found["ewt_late_rate"]) == (3, pytest.approx(1 / 3))
    assert found["ewt_bias_s"] == pytest.approx((10 - 35 + 0) / 3)
    assert found["ewt_rmse_s"] == pytest.approx(((100 + 1225) / 3) ** 0.5)


def test_a_border_belongs_to_the_interval_that_begins_there() -> None:
    cut_up = by_interval(LEGS, 15, UTC)
    rows = {start: service(legs) for start, legs in cut_up.items()}
    assert list(rows) == [0, 900_000]
    first, second = rows.values()
    assert [first[name] for name in ("offered", "answered", "abandoned", "sl3", "asa_s")] == [
        6,
        4,
        2,
        0.5,
        15,
    ]
    assert [second[name] for name in ("offered", "answered", "abandoned", "sl3", "asa_s")] == [
        5,
        3,
        1,
        0.25,
        30,
    ]


def test_legs_may_be_counted_where_they_ended() -> None:
    by_end = by_interval(LEGS, 15, UTC, "ended")
    assert sum(len(legs) for legs in by_end.values()) == len(LEGS)
    assert LEGS[3] in by_end[900_000]  # entered at 600 s, over at 981 s


def test_legs_that_wait_are_counted_apart() -> None:
    found = service([QueueLeg("1", 1, "sales", 0)])
    assert (found["waiting"], found["offered"], found["sl3"], found["longest_wait_s"]) == (1, 0, None, None)


def test_every_leg_is_in_one_class() -> None:
    found = service(LEGS)
    assert found["offered"] == found["answered"] + found["abandoned"] + found["flowed_out"]
    assert found["offered"] + found["blocked"] == len(LEGS)


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    begins = datetime(2026, 10, 25, 2, 0, tzinfo=BERLIN).timestamp() * 1000  # 02:00 in summer time
    found = borders(round(begins), round(begins) + 2 * 3_600_000, 30, BERLIN)
    assert [(start - begins) / 60_000 for start in found] == [0, 30, 60, 90]


def test_the_hour_that_is_left_out_makes_no_interval() -> None:
    begins = datetime(2026, 3, 29, 1, 30, tzinfo=BERLIN).timestamp() * 1000
    found = [
        datetime.fromtimestamp(ms / 1000, BERLIN)
        for ms in borders(round(begins), round(begins) + 3_600_000, 15, BERLIN)
    ]
    assert [f"{each:%H:%M}" for each in found] == ["01:30", "01:45", "03:00", "03:15"]


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Australia/Lord_Howe", "Asia/Kolkata"])
def test_intervals_follow_the_clock_on_the_wall(zone: str) -> None:
    moment = round(datetime(2026, 7, 1, 10, 17, tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    start = datetime.fromtimestamp(start_of(moment, 15, ZoneInfo(zone)) / 1000, ZoneInfo(zone))
    assert f"{start:%H:%M}" == "10:15"


def test_a_long_call_is_cut_at_the_borders() -> None:
    whole = Span("ana", "talking", "", 0, 40 * 60_000)
    assert [piece.length_ms // 60_000 for piece in cut(whole, borders(0, 2_400_000, 15, UTC))] == [15, 15, 10]


def test_occupancy_leaves_pauses_out_and_utilisation_has_them_in() -> None:
    changes = [
        at(seconds, AgentChanged(agent="ana", was=was, now=now))
        for seconds, was, now in (
            (0, "offline", "ready"),
            (100, "ready", "offered"),
            (110, "offered", "talking"),
            (260, "talking", "wrap-up"),
            (300, "wrap-up", "paused"),
            (400, "paused", "offline"),
        )
    ]
    spent = spans(changes, mark(at(900, AgentChanged(agent="", was="", now=""))))
    found = time_figures(spent)
    assert found["logged_in_s"] == 400
    assert found["paused_s"] == 100
    assert found["occupancy"] == pytest.approx(190 / 290)
    assert found["occupancy_with_ring"] == pytest.approx(200 / 300)
    assert found["utilisation"] == pytest.approx(300 / 400)
    assert spent[0].start_ms == round(WALL_S * 1000)


@pytest.mark.parametrize("told", [True, False], ids=["stopped", "power cut"])
def test_time_without_a_box_is_nobodys(told: bool) -> None:
    events = [
        at(0, AgentChanged(agent="ana", was="offline", now="ready")),
        at(100, BoxStopped() if told else AgentChanged(agent="bob", was="offline", now="ready")),
        at(50_000, BoxStarted(), boot="boot-b"),
        at(50_040, AgentChanged(agent="ana", was="ready", now="paused"), boot="boot-b"),
    ]
    spent = spans(events, mark(at(50_050, AgentChanged(agent="", was="", now=""), boot="boot-b")))
    mine = [(span.state, span.length_ms) for span in spent if span.agent == "ana"]
    assert mine == [("ready", 100_000), ("ready", 40_000), ("paused", 10_000)]
