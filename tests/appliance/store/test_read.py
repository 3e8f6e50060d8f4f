"""The questions: open calls, last states, lists, stories; also while the journal writes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from appliance.events import AgentChanged
from appliance.store import read
from appliance.store.figures import day_figures
from appliance.store.journal import Journal
from tests.appliance.store.visits import BOOT, MONO_S, WALL_S, abandoned_call, answered_call, at

ANSWERED, ABANDONED, WRITTEN_UP, TALKING = (f"20261121-21450{n}-aaaa" for n in range(4))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An answered and an abandoned call, one in wrap-up and one talking."""
    path = tmp_path / "a folder with # and ? and %41" / "callbox.db"
    journal = Journal(path)
    for each in (
        *answered_call(ANSWERED),
        *abandoned_call(ABANDONED, 100.0),
        *answered_call(WRITTEN_UP, 200.0)[:-1],
        *answered_call(TALKING, 300.0)[:13],
        at(400.0, AgentChanged(agent="bob", was="ready", now="paused", reason="lunch")),
    ):
        journal.append(each)
    assert journal.flush(10.0)
    journal.close()
    return path


def test_open_calls_are_those_in_progress_and_in_wrap_up_with_all_their_events(path: Path) -> None:
    found = dict(read.open_calls(path))
    assert list(found) == [WRITTEN_UP, TALKING]
    assert found[TALKING] == answered_call(TALKING, 300.0)[:13]


def test_the_last_state_of_each_agent_has_its_reason_and_both_clocks(path: Path) -> None:
    found = read.agents_last(path)
    assert found["bob"] == read.AgentLast("paused", "lunch", WALL_S + 400.0, MONO_S + 400.0, BOOT)
    assert found["ana"].state == "talking"


def test_calls_come_newest_first_and_no_more_than_asked_for(path: Path) -> None:
    assert [row.call_id for row in read.calls(path)] == [TALKING, WRITTEN_UP, ABANDONED, ANSWERED]
    assert [row.call_id for row in read.calls(path, 1)] == [TALKING]


def test_calls_can_be_chosen_by_time_line_queue_agent_and_outcome(path: Path) -> None:
    assert len(read.calls(path, since_s=WALL_S + 200.0)) == 2
    assert [row.call_id for row in read.calls(path, outcome="abandoned")] == [ABANDONED]
    assert len(read.calls(path, agent="ana", queue="sales", line="gsm-1")) == 3
    assert read.calls(path, line="gsm-2") == []


def test_a_call_is_found_by_the_beginning_of_its_id(path: Path) -> None:
    row, events = read.call_story(path, ABANDONED[:-3])
    assert (row.call_id, events) == (ABANDONED, abandoned_call(ABANDONED, 100.0))


def test_a_beginning_that_fits_several_calls_names_them(path: Path) -> None:
    with pytest.raises(read.NoSuchCall, match=f"{ANSWERED}, {ABANDONED}"):
        read.call_story(path, "20261121")


@pytest.mark.parametrize("wanted", ["2027", "%", "_", "20261121-214500-aaaab"])
def test_a_beginning_that_fits_no_call_says_so(path: Path, wanted: str) -> None:
    with pytest.raises(read.NoSuchCall, match="no call"):
        read.call_story(path, wanted)


def test_the_day_counts_calls_by_when_they_entered_their_queue(path: Path) -> None:
    assert day_figures(path, WALL_S)["calls"] == 4
    assert day_figures(path, WALL_S + 104.0)["calls"] == 3
    assert day_figures(path, WALL_S + 105.0)["calls"] == 2
    assert day_figures(path, WALL_S)["service_level_20"] == pytest.approx(2 / 3, abs=0.001)


def test_without_a_database_there_is_nothing_and_none_is_made(tmp_path: Path) -> None:
    path = tmp_path / "callbox.db"
    assert (read.open_calls(path), read.agents_last(path), read.calls(path)) == ([], {}, [])
    assert day_figures(path, 0.0)["calls"] == 0
    with pytest.raises(read.NoSuchCall):
        read.call_story(path, "2026")
    assert not path.exists()


def test_reading_works_while_the_journal_writes(path: Path) -> None:
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM call")
    assert len(read.calls(path)) == 4
    writer.execute("COMMIT")
    writer.close()
    assert read.calls(path) == []


def test_events_of_a_kind_that_this_version_does_not_know_are_passed_over(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with sqlite3.connect(path) as db:
        db.execute(
            "INSERT INTO event (wall_ms, mono_ms, boot, kind, call_id, body)"
            " VALUES (1, 1, 'b', 'CallSung', ?, '{}')",
            (ABANDONED,),
        )
    db.close()
    assert read.call_story(path, ABANDONED)[1] == abandoned_call(ABANDONED, 100.0)
    assert "CallSung" in caplog.text
