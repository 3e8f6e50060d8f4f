"""The journal: nothing that was flushed is lost, nothing that goes wrong with the disk stops a call."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.events import AgentChanged, CallArrived, Stamped
from appliance.store import read
from appliance.store.journal import Journal
from appliance.store.rebuild import rebuild
from tests.appliance.store.visits import abandoned_call, answered_call, any_events, at

CALL = "20261121-214501-7f3a"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "callbox.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    journal = Journal(path, retry_seconds=0.01)
    yield journal
    journal.close()


def put(journal: Journal, events: list[Stamped]) -> None:
    for each in events:
        journal.append(each)
    assert journal.flush(10.0)


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as db:
        found = db.execute(sql).fetchall()
    db.close()
    return found


def wait_until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.002)


def test_a_new_journal_begins_a_database_with_wal_and_every_migration(path: Path, journal: Journal) -> None:
    assert rows(path, "PRAGMA journal_mode") == [("wal",)]
    assert rows(path, "SELECT name FROM schema_migration") == [
        ("0001_first",),
        ("0002_messages",),
        ("0003_hindered",),
        ("0004_directions",),
        ("0005_queue_legs",),
        ("0006_recordings",),
        ("0007_codes",),
    ]


def test_what_is_flushed_is_there_in_its_order(path: Path, journal: Journal) -> None:
    events = answered_call(CALL)
    put(journal, events)
    row, found = read.call_story(path, CALL)
    assert found == events
    assert row.talk_ms == 80_000


def test_rows_follow_the_events_batch_by_batch(path: Path, journal: Journal) -> None:
    for each in answered_call(CALL):
        put(journal, [each])
    assert [row.talk_ms for row in read.calls(path)] == [80_000]


def test_a_call_goes_on_over_a_restart_of_the_journal(path: Path) -> None:
    events = answered_call(CALL)
    for part in (events[:6], events[6:12], events[12:]):
        journal = Journal(path)
        put(journal, part)
        assert journal.close()
    (row,) = read.calls(path)
    assert (row.wait_ms, row.ring_ms, row.talk_ms, row.wrap_up_ms) == (6_000, 2_000, 80_000, 10_000)


@pytest.mark.slow
def test_rows_made_again_from_the_events_are_those_that_were_stored(path: Path, journal: Journal) -> None:
    """Want 11: counters are rebuilt from the events."""
    for seed in range(20):
        put(journal, any_events(seed, 50))
    put(journal, answered_call(CALL))
    put(journal, abandoned_call("20261121-214502-0000"))
    tables = ("SELECT * FROM call ORDER BY call_id", "SELECT * FROM agent ORDER BY agent")
    before = [rows(path, sql) for sql in tables]
    assert rebuild(path) == len(before[0]) == 6
    assert [rows(path, sql) for sql in tables] == before


def test_a_rebuild_repairs_rows_that_are_wrong(path: Path, journal: Journal) -> None:
    put(journal, answered_call(CALL))
    with sqlite3.connect(path) as db:
        db.execute("UPDATE call SET talk_ms = 1, stage = 'menu'")
        db.execute("INSERT INTO agent VALUES ('ghost', 'ready', '', 0, 0, '', 0)")
    db.close()
    rebuild(path)
    assert [(row.talk_ms, row.stage.value) for row in read.calls(path)] == [(80_000, "over")]
    assert list(read.agents_last(path)) == ["ana"]


def test_text_that_is_not_unicode_is_kept_readable(path: Path, journal: Journal) -> None:
    garbage = b"+49\xff\xfe".decode("utf-8", "surrogateescape")
    put(journal, [at(0, CallArrived(call_id=CALL, line="gsm-1", leg_id="x", caller=garbage))])
    (row,) = read.calls(path)
    assert row.caller == "+49\\udcff\\udcfe"


def test_an_event_that_cannot_be_stored_is_left_out_and_logged(
    path: Path, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    odd = CallArrived(call_id=CALL, line="gsm-1", leg_id=object(), caller="")  # type: ignore[arg-type]
    put(journal, [at(0, odd), at(1, AgentChanged(agent="ana", was="offline", now="ready"))])
    assert rows(path, "SELECT kind FROM event") == [("AgentChanged",)]
    assert "cannot be stored" in caplog.text


def test_while_another_process_holds_the_file_events_wait_and_then_all_are_written(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.store.opening.BUSY_SECONDS", 0.01)
    caplog.set_level(logging.WARNING)
    journal = Journal(path, retry_seconds=0.01)
    put(journal, answered_call(CALL))
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    events = answered_call("20261121-214502-0000", 1_000.0)
    for each in events:
        journal.append(each)
    wait_until(lambda: journal.in_trouble)
    assert not journal.flush(0.05)
    blocker.execute("ROLLBACK")
    blocker.close()
    assert journal.flush(10.0)
    assert read.call_story(path, "20261121-214502")[1] == events
    assert journal.close()
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"], caplog.text
    assert "database is locked" in caplog.text


def test_beyond_the_bound_the_oldest_waiting_events_are_lost_and_counted(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.store.opening.BUSY_SECONDS", 0.01)
    monkeypatch.setattr("appliance.store.journal.BATCH", 5)
    journal = Journal(path, most_waiting=20, retry_seconds=0.01)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    journal.append(at(0, AgentChanged(agent="0", was="offline", now="ready")))
    wait_until(lambda: journal.in_trouble)
    for number in range(1, 101):
        journal.append(at(number, AgentChanged(agent=str(number), was="offline", now="ready")))
    blocker.execute("ROLLBACK")
    blocker.close()
    assert journal.flush(10.0)
    journal.close()
    stored = [
        int(str(agent))
        for (agent,) in rows(path, "SELECT json_extract(body, '$.agent') FROM event ORDER BY id")
    ]
    assert stored == sorted(stored)
    assert stored[-20:] == list(range(81, 101))
    assert journal.lost == 101 - len(stored) > 0
    assert "events are lost" in caplog.text


def test_a_state_folder_that_cannot_be_written_stops_nothing_and_is_taken_up_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = tmp_path / "state"
    in_the_way.write_text("a file where the folder should be")
    journal = Journal(in_the_way / "callbox.db", retry_seconds=0.01)
    assert journal.in_trouble
    events = answered_call(CALL)
    for each in events:
        journal.append(each)
    assert not journal.flush(0.05)
    in_the_way.unlink()
    assert journal.flush(10.0)
    assert journal.close()
    assert read.call_story(in_the_way / "callbox.db", CALL)[1] == events
    assert "cannot write" in caplog.text


def test_closing_while_the_disk_is_in_trouble_ends_in_time_and_says_what_is_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    journal = Journal(tmp_path / "state" / "callbox.db", retry_seconds=30.0)
    for each in abandoned_call(CALL):
        journal.append(each)
    assert not journal.close(0.05)
    assert "closed with" in caplog.text


@pytest.mark.slow
def test_a_file_that_is_damaged_while_in_use_is_set_aside_and_a_new_one_begun(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(path, retry_seconds=0.01)
    for number in range(50):
        put(journal, answered_call(f"20261121-21450{number % 10}-{number:04x}"))
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xa5" * (size - 100))
    for each in answered_call(CALL):
        journal.append(each)
    assert journal.flush(10.0)
    assert journal.close()
    assert len(read.call_story(path, CALL)[1]) == len(answered_call(CALL))
    assert len(list(path.parent.glob("callbox.db.corrupt-*"))) >= 1
    assert "is damaged" in caplog.text


FULL_DISK = """
import logging, resource, signal, sys, time
from pathlib import Path
from appliance.events import AgentChanged, Stamped
from appliance.store.journal import Journal

logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(message)s")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
journal = Journal(path, retry_seconds=0.02)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), hard))
sent = 0
while not journal.in_trouble and sent < 50_000:
    for _ in range(50):
        journal.append(Stamped(AgentChanged(agent=str(sent), was="ready", now="paused"), 1e9, 1.0, "b"))
        sent += 1
    journal.flush(0.2)
assert journal.in_trouble, "the limit was never reached"
time.sleep(0.2)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
assert journal.flush(10.0), "nothing was written after room was made"
assert journal.close()
print("sent", sent)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("most_bytes", "troubles"), [(5_000, 1), (200_000, None)])
def test_a_full_disk_delays_events_but_loses_and_doubles_none(
    path: Path, most_bytes: int, troubles: int | None
) -> None:
    child = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path), str(most_bytes)],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert child.returncode == 0, child.stdout + child.stderr
    lines = child.stdout.splitlines()
    told = [line.split()[0] for line in lines[:-1]]
    assert told == ["ERROR", "WARNING"] * (troubles or len(told) // 2), child.stdout
    assert all("disk" in line for line in lines if line.startswith("ERROR")), child.stdout
    sent = int(lines[-1].split()[1])
    stored = rows(path, "SELECT json_extract(body, '$.agent') FROM event ORDER BY id")
    assert stored == [(str(number),) for number in range(sent)]


@pytest.mark.slow
def test_a_thousand_events_a_second_are_no_problem(journal: Journal) -> None:
    began = time.monotonic()
    count = 0
    for number in range(250):
        for each in answered_call(f"20261121-214501-{number:04x}", float(number)):
            journal.append(each)
            count += 1
    assert journal.flush(30.0)
    assert count / (time.monotonic() - began) > 1_000
