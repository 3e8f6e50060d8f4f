"""Want 10: opening checks the file; a damaged one is set aside by name, one newer or not ours left alone."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest
from playhouse.migrations import Runner

from appliance.store import opening, read
from appliance.store.journal import Journal
from appliance.store.opening import StoreError
from tests.appliance.store.visits import answered_call

CALL = "20261121-214501-7f3a"


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A database of 40 calls, closed."""
    path = tmp_path / "callbox.db"
    journal = Journal(path)
    for number in range(40):
        for each in answered_call(f"20261121-214501-{number:04x}", number * 200.0):
            journal.append(each)
    assert journal.close()
    return path


def set_aside(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir() if ".corrupt-" in file.name)


def works(path: Path) -> bool:
    """A journal opens there, and what it is given can be read."""
    journal = Journal(path)
    for each in answered_call(CALL):
        journal.append(each)
    assert journal.flush(10.0)
    assert journal.close()
    return len(read.call_story(path, CALL)[1]) == len(answered_call(CALL))


def test_a_sound_database_is_opened_again_with_everything_in_it(filled: Path) -> None:
    assert works(filled)
    assert len(read.calls(filled, limit=100)) == 41
    assert set_aside(filled) == []


def test_pauses_of_an_older_box_were_wished(tmp_path: Path) -> None:
    path = tmp_path / "callbox.db"
    with opening.writing(path) as db:
        Runner(db, str(opening.MIGRATIONS), table_name=opening.HISTORY).up("0002_messages")
        db.execute_sql("INSERT INTO agent VALUES ('ana', 'paused', 'lunch', 0, 0, 'boot')")
    opening.prepare(path)
    assert read.agents_last(path)["ana"] == read.AgentLast("paused", "lunch", 0.0, 0.0, "boot", False)


def test_a_file_that_is_no_database_is_set_aside_by_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "callbox.db"
    path.write_bytes(b"this is not a database" * 1000)
    assert works(path)
    (kept,) = set_aside(path)
    assert kept in caplog.text
    assert (tmp_path / kept).read_bytes().startswith(b"this is not")
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert "0 events taken over" in caplog.text


def test_a_truncated_database_is_set_aside(filled: Path) -> None:
    raw = filled.read_bytes()
    filled.write_bytes(raw[: len(raw) // 2])
    assert works(filled)
    assert len(set_aside(filled)) == 1


def test_a_database_overwritten_in_the_middle_is_set_aside(filled: Path) -> None:
    raw = bytearray(filled.read_bytes())
    raw[8192:20000] = b"\xa5" * (20000 - 8192)
    filled.write_bytes(raw)
    assert works(filled)
    assert len(set_aside(filled)) == 1


def test_a_damaged_database_takes_its_wal_along(filled: Path) -> None:
    filled.write_bytes(b"no database at all" * 100)
    wal = filled.with_name("callbox.db-wal")
    wal.write_bytes(b"\x37\x7f\x06\x82" + bytes(100))
    assert works(filled)
    assert len(set_aside(filled)) >= 1
    assert wal.stat().st_size == 0 if wal.exists() else True


def test_garbage_in_the_wal_is_kept_and_the_database_goes_on(
    filled: Path, caplog: pytest.LogCaptureFixture
) -> None:
    filled.with_name("callbox.db-wal").write_bytes(b"garbage" * 10_000)
    assert works(filled)
    assert len(read.calls(filled, limit=100)) == 41
    assert [name[:20] for name in set_aside(filled)] == ["callbox.db-wal.corru"]
    assert set_aside(filled)[0] in caplog.text


def test_two_damaged_files_within_a_second_get_two_names(tmp_path: Path) -> None:
    path = tmp_path / "callbox.db"
    for _ in range(3):
        path.write_bytes(b"no database" * 500)
        opening.prepare(path)
    assert len(set_aside(path)) == 3


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    path = tmp_path / "callbox.db"
    path.touch()
    assert works(path)


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(filled: Path) -> None:
    with sqlite3.connect(filled) as db:
        db.execute("INSERT INTO schema_migration (name, applied) VALUES ('0099_telepathy', 0)")
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    before = filled.read_bytes()
    with pytest.raises(StoreError, match=r"newer Callbox .*0099_telepathy"):
        Journal(filled)
    with pytest.raises(StoreError, match="newer Callbox"):
        read.calls(filled)
    assert filled.read_bytes() == before
    assert set_aside(filled) == []


def test_a_database_of_another_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "callbox.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE event (what TEXT)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        Journal(path)
    assert path.read_bytes() == before


def test_reading_a_damaged_database_says_what_to_do(filled: Path) -> None:
    filled.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match="Starting the box sets it aside"):
        read.calls(filled)


def test_reading_an_older_database_says_what_to_do(filled: Path) -> None:
    with sqlite3.connect(filled) as db:
        db.execute("DELETE FROM schema_migration")
    db.close()
    with pytest.raises(StoreError, match="older Callbox"):
        read.calls(filled)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_random_damage_never_stops_the_journal(filled: Path, seed: int) -> None:
    pick = random.Random(seed)
    raw = bytearray(filled.read_bytes())
    for _ in range(pick.randrange(1, 30)):
        start = pick.randrange(len(raw))
        raw[start : start + 50] = pick.randbytes(50)
    filled.write_bytes(raw[: pick.randrange(1, len(raw))] if pick.random() < 0.3 else raw)
    journal = Journal(filled, retry_seconds=0.01)
    for each in answered_call("20261122-000000-ffff"):
        journal.append(each)
    assert journal.flush(10.0)
    assert journal.close()
    row, events = read.call_story(filled, "20261122")
    assert (row.talk_ms, len(events)) == (80_000, len(answered_call(CALL)))
