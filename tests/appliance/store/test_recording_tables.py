"""The index of recordings: a row a segment, from events, the same again when it is rebuilt."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.events import CallArrived, Event, RecordingEnded, RecordingStarted, Stamped
from appliance.recording_events import RecordingRemoved, RecordingsKept
from appliance.store.journal import Journal
from appliance.store.opening import prepare
from appliance.store.rebuild import rebuild
from appliance.store.recording_reads import Wish, segments

CALL = "20261121-100000-abc123"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Events of one call into a new journal, a second apart; where it is."""

    def written(*events: Event) -> Path:
        journal = Journal(tmp_path / "callbox.db")
        for second, event in enumerate(events):
            journal.append(Stamped(event, 1.7e9 + second, 100.0 + second, "boot"))
        assert journal.close()
        return tmp_path / "callbox.db"

    return written


def arrived() -> Event:
    return CallArrived(call_id=CALL, line="gsm-1", leg_id="gsm-1/1", caller="+491701234567")


def started(path: str, n: int = 1, **more: str) -> Event:
    return RecordingStarted(call_id=CALL, path=path, n=n, left="+491701234567", right="ana", **more)


def ended(path: str, seconds: float = 2.0, why: str = "") -> Event:
    return RecordingEnded(call_id=CALL, path=path, seconds=seconds, why=why)


def test_each_file_is_a_segment_of_its_contact(write: Callable[..., Path]) -> None:
    path = write(
        arrived(),
        started("/r/a.wav", queue="sales", agent="ana", why="queues.sales"),
        ended("/r/a.wav"),
        started("/r/a-2.wav", 2, agent="ben"),
    )
    first, second = segments(path, Wish())
    assert (first.call_id, first.n, first.queue, first.agent, first.why) == (
        CALL,
        1,
        "sales",
        "ana",
        "queues.sales",
    )
    assert (first.began_ms, first.ended_ms) == (1_700_000_001_000, 1_700_000_003_000)
    assert (second.n, second.agent, second.seconds, second.ended_ms) == (2, "ben", None, None)


def test_what_is_removed_or_kept_is_told(write: Callable[..., Path]) -> None:
    path = write(
        started("/r/a.wav"),
        ended("/r/a.wav"),
        RecordingsKept(call_id=CALL, on=True),
        started("/r/a-2.wav", 2),
        RecordingRemoved(call_id=CALL, path="/r/a.wav", why="erased"),
    )
    [second] = segments(path, Wish())
    assert second.kept, "what a kept call adds is kept too"
    assert [each.removed for each in segments(path, Wish(removed=True))] == ["erased", ""]


def test_an_end_without_a_beginning_is_a_row_all_the_same(write: Callable[..., Path]) -> None:
    [row] = segments(write(ended("/r/a.wav", 3.5, "the media engine was away")), Wish())
    assert (row.seconds, row.ended_why) == (3.5, "the media engine was away")


def test_the_index_is_the_same_when_it_is_made_again(write: Callable[..., Path]) -> None:
    path = write(arrived(), started("/r/a.wav"), ended("/r/a.wav"), RecordingsKept(call_id=CALL, on=True))
    before = segments(path, Wish())
    rebuild(path)
    assert segments(path, Wish()) == before


def test_recordings_are_found_by_call_agent_queue_and_number(write: Callable[..., Path]) -> None:
    path = write(arrived(), started("/r/a.wav", queue="sales", agent="ana"), ended("/r/a.wav"))
    assert len(segments(path, Wish(call="20261121"))) == 1
    assert len(segments(path, Wish(agent="ana", queue="sales"))) == 1
    assert segments(path, Wish(agent="ben")) == []
    assert segments(path, Wish(call="20261121%")) == []


def test_a_database_of_before_gets_the_index_of_what_its_events_tell(write: Callable[..., Path]) -> None:
    path = write(arrived(), started("/r/a.wav"), ended("/r/a.wav"), started("/r/b.wav"))
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE recording")
        db.execute("DELETE FROM schema_migration WHERE name = '0006_recordings'")
        db.execute("INSERT INTO event SELECT 99, 1, 1, '', 'RecordingEnded', 'x', '{' FROM event LIMIT 1")
    prepare(path)
    rows = [(row.call_id, row.path, row.began_ms, row.seconds) for row in segments(path, Wish())]
    assert rows == [
        (CALL, "/r/a.wav", 1_700_000_001_000, 2.0),
        (CALL, "/r/b.wav", 1_700_000_003_000, None),
    ]
