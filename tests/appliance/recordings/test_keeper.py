"""Recordings go by age and for room, oldest first, none that is kept or written; crashes leave nothing."""

from __future__ import annotations

import asyncio
import errno
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.config.schema import Config
from appliance.recording_events import RecordingRemoved, RecordingsKept
from appliance.recordings import policy
from appliance.recordings.keeper import NO_ROOM
from appliance.store.recording_tables import Segment
from dsp import wav
from tests.appliance.recordings.conftest import Shelf

pytestmark = pytest.mark.slow  # a database and its thread


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Any]:
    """Shelves with options of [recording]."""
    all_made: list[Shelf] = []

    def make(**recording: Any) -> Shelf:
        all_made.append(Shelf(tmp_path, **recording))
        return all_made[-1]

    yield make
    for each in all_made:
        each.journal.close()


def test_what_is_too_old_for_its_queue_goes(made: Any) -> None:
    shelf = made(keep_days=90)
    old, kept = shelf.record("a", days_old=91), shelf.record("b", days_old=89)
    sales_old, sales_kept = (
        shelf.record("c", days_old=31, queue="sales"),
        shelf.record("d", days_old=29, queue="sales"),
    )
    shelf.look()
    assert [path.exists() for path in (old, kept, sales_old, sales_kept)] == [False, True, False, True]
    assert {row.call_id: row.removed for row in shelf.rows(removed=True)} == {
        "a": "age",
        "b": "",
        "c": "age",
        "d": "",
    }


def test_without_an_age_nothing_is_too_old(made: Any) -> None:
    shelf = made()
    path = shelf.record("a", days_old=36000)
    shelf.look()
    assert path.exists()


def test_the_oldest_go_when_all_take_too_much(made: Any) -> None:
    shelf = made(most_gb=2.5 * 32044e-9)  # two files and a half
    paths = [shelf.record(str(n), days_old=9 - n) for n in range(5)]
    shelf.look()
    assert [path.exists() for path in paths] == [False, False, False, True, True]
    assert {row.removed for row in shelf.rows(removed=True)[:3]} == {"room"}
    assert shelf.keeper.room


def test_what_is_kept_is_never_deleted(made: Any) -> None:
    shelf = made(keep_days=1, most_gb=1e-9)
    path = shelf.record("a", days_old=30)
    shelf.note(RecordingsKept(call_id="a", on=True))
    shelf.look()
    assert path.exists()
    shelf.note(RecordingsKept(call_id="a", on=False))
    shelf.look()
    assert not path.exists()


def test_what_is_being_written_is_never_deleted() -> None:
    config = Config.model_validate({"recording": {"keep_days": 1}})
    written = Segment("/r/a.wav", "a", began_ms=0)
    assert list(policy.overdue([written], 10**12, config)) == []
    assert list(policy.for_room([written], 10**9, lambda row: 1)) == []


def test_a_disk_with_no_room_raises_one_alarm_until_there_is_some(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = made(least_free_percent=10)
    disk = policy.Disk(total=10**12, free=10**10, used=0)
    monkeypatch.setattr(shelf.keeper, "_disk", lambda: disk)
    shelf.look()
    assert not shelf.keeper.room
    assert "New recordings do not begin; calls go on" in shelf.alarms[NO_ROOM]
    disk = policy.Disk(total=10**12, free=2 * 10**11, used=0)
    shelf.look()
    assert (shelf.keeper.room, shelf.alarms, shelf.began_again) == (True, {}, 1)


def test_a_disk_that_refuses_a_recording_is_looked_at_at_once(made: Any) -> None:
    shelf = made()
    shelf.keeper.refused("No space left on device")
    assert not shelf.keeper.room
    shelf.look()
    assert (shelf.keeper.room, shelf.began_again) == (True, 1)


def test_a_file_that_was_cut_off_is_mended(shelf: Shelf) -> None:
    path = shelf.record("a", why="the media engine was away")
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + bytes(4) + whole[8:40] + bytes(4) + whole[44:-100])
    shelf.look()
    assert int.from_bytes(path.read_bytes()[40:44], "little") == len(whole) - 144
    assert wav.seconds(path) == pytest.approx(1.0, abs=0.01)


def test_what_a_crash_left_is_taken_up_at_the_start(shelf: Shelf) -> None:
    """A part of an encryption; a file whose deletion was told; one without a row; a row without its file."""
    gone, lost, stays = shelf.record("gone"), shelf.record("lost"), shelf.record("stays")
    stranger = shelf.record("20261122-101500-7f3a9c").with_name("20261122-101500-aaaaaa-2.wav")
    wav.write(stranger, bytes(32000), channels=2)
    part = stays.with_name("stays.wav.age.part")
    part.touch()
    shelf.note(RecordingRemoved(call_id="gone", path=str(gone), why="age"))
    lost.unlink()
    assert shelf.journal.flush(5)
    asyncio.run(shelf.keeper._take_up())
    assert [path.exists() for path in (gone, part, stays, stranger)] == [False, False, True, True]
    rows = {row.path: row for row in shelf.rows(removed=True)}
    assert rows[str(lost)].removed == "lost"
    found = rows[str(stranger)]
    assert (found.call_id, found.n, found.seconds) == ("20261122-101500-aaaaaa", 2, 1.0)
    seen = asyncio.run(shelf.keeper.repair())
    assert seen.orphans == 0


def test_a_folder_that_cannot_be_read_stops_nothing(shelf: Shelf, caplog: pytest.LogCaptureFixture) -> None:
    def refuse() -> policy.Disk:
        raise OSError(errno.EIO, "Input/output error")

    shelf.keeper._disk = refuse  # type: ignore[method-assign]
    asyncio.run(shelf.keeper._guarded(shelf.keeper.look))
    assert "it is tried again" in caplog.text


def test_what_the_engine_still_writes_is_no_orphan(shelf: Shelf) -> None:
    path = shelf.record("a").with_name("b.wav")
    wav.write(path, bytes(32000), channels=2)
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert asyncio.run(shelf.keeper.repair()).orphans == 0
    assert asyncio.run(shelf.keeper.repair()).files == [path]
