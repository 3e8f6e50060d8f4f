"""The day's figures against a vector that was worked out by hand."""

from __future__ import annotations

import pytest

from appliance.store.derive import CallRow
from appliance.store.figures import figures

# T = 20 s. id: arrival s, wait s, outcome, (ring, talk, hold, wrap-up) s; F = left the queue otherwise,
# X = not let in. From the trade's definitions, checked by hand twice.
VECTOR = """
1:10,4,A(4,180,0,20) 2:100,15,A(5,240,30,40) 3:400,20,A(6,90,0,10) 4:600,21,A(3,300,60,30) 5:700,3,B
6:800,12,B 7:900,45,B 8:1000,60,A(4,120,0,20) 9:1200,5,A(5,60,0,15) 10:1500,120,F 11:1700,0,X
12:1790,25,A(8,150,15,25)
"""
OUTCOMES = {"A": "answered", "B": "abandoned", "F": "failed", "X": "blocked"}


def row_of(text: str) -> CallRow:
    number, rest = text.split(":")
    arrived, wait, how = rest.split(",", 2)
    times = [int(each) * 1000 for each in how[2:-1].split(",")] if len(how) > 1 else [None] * 4
    queued = None if how == "X" else int(arrived) * 1000
    return CallRow(
        number,
        arrived_ms=int(arrived) * 1000,
        queued_ms=queued,
        ended_ms=9_999_999,
        outcome=OUTCOMES[how[0]],
        wait_ms=int(wait) * 1000,
        **dict(zip(("ring_ms", "talk_ms", "hold_ms", "wrap_up_ms"), times, strict=True)),
    )


def test_the_golden_vector_gives_the_figures_worked_out_by_hand() -> None:
    found = figures([row_of(text) for text in VECTOR.split()])
    counts = {key: found[key] for key in ("calls", "offered", "answered", "abandoned", "failed", "blocked")}
    assert counts == {"calls": 12, "offered": 11, "answered": 7, "abandoned": 3, "failed": 1, "blocked": 1}
    assert found["service_level_20"] == pytest.approx(0.4)
    assert found["asa_s"] == pytest.approx(21.4286, abs=0.001)
    assert found["time_to_abandon_s"] == pytest.approx(20.0)
    assert found["longest_wait_s"] == pytest.approx(120.0)
    assert found["aht_s"] == pytest.approx(200.7143, abs=0.001)
    assert found["att_s"] == pytest.approx(162.857, abs=0.001)
    assert found["hold_s"] == pytest.approx(15.0)
    assert found["wrap_up_s"] == pytest.approx(22.857, abs=0.001)
    assert found["ring_s"] == pytest.approx(5.0)


def test_a_day_without_calls_has_counts_of_zero_and_no_means() -> None:
    found = figures([])
    assert (found["calls"], found["offered"]) == (0, 0)
    assert found["service_level_20"] is None
    assert found["asa_s"] is None
    assert found["longest_wait_s"] is None


def test_a_call_in_progress_counts_as_nothing_else() -> None:
    found = figures([CallRow("1", queued_ms=5, connected_ms=6)])
    assert (found["calls"], found["in_progress"], found["offered"], found["answered"]) == (1, 1, 0, 0)


def test_a_wait_of_twenty_seconds_is_within_and_a_millisecond_more_is_not() -> None:
    def level(wait_ms: int) -> object:
        return figures([CallRow("1", ended_ms=9, outcome="answered", wait_ms=wait_ms)])["service_level_20"]

    assert (level(20_000), level(20_001)) == (1.0, 0.0)


def test_calls_that_agents_made_do_not_touch_the_figures_of_callers() -> None:
    made = [CallRow("13", direction="out", ended_ms=1, outcome="answered"), CallRow("14", direction="direct")]
    found = figures([row_of(text) for text in VECTOR.split()] + made)
    alone = figures([row_of(text) for text in VECTOR.split()])
    assert found == {**alone, "out": 1, "direct": 1}
