"""Want 10: of a damaged database everything that can be read is in the new one, and nothing twice."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from appliance.store import read
from appliance.store.journal import Journal
from appliance.store.rebuild import rebuild
from tests.appliance.store.visits import answered_call

CALLS = 200
PAGE = 4096


def id_of(number: int) -> str:
    return f"20261121-214501-{number:04x}"


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    path = tmp_path / "callbox.db"
    journal = Journal(path)
    for number in range(CALLS):
        for each in answered_call(id_of(number), number * 200.0):
            journal.append(each)
    assert journal.close()
    return path


def found(path: Path) -> dict[str, int]:
    """Calls as the lists show them, and how many events each has."""
    return {row.call_id: len(read.call_story(path, row.call_id)[1]) for row in read.calls(path, limit=1000)}


def event_pages(path: Path) -> list[int]:
    """Pages that hold nothing but events, as offsets."""
    with sqlite3.connect(path) as db:
        sql = "SELECT pageno FROM dbstat WHERE name = 'event' AND pagetype = 'leaf' ORDER BY pageno"
        pages = [(number - 1) * PAGE for (number,) in db.execute(sql)]
    db.close()
    return pages


def test_a_damaged_page_costs_its_own_events_and_no_more(
    filled: Path, caplog: pytest.LogCaptureFixture
) -> None:
    raw, pages = bytearray(filled.read_bytes()), event_pages(filled)
    for page in (pages[3], pages[len(pages) // 2], pages[-1]):
        raw[page : page + PAGE] = b"\xa5" * PAGE
    filled.write_bytes(raw)
    assert Journal(filled).close()
    whole = len(answered_call("x"))
    calls = found(filled)
    assert sum(calls.values()) > CALLS * whole * (len(pages) - 4) / len(pages)
    assert sum(count == whole for count in calls.values()) > CALLS - 3 * 12
    assert max(calls.values()) == whole
    assert "events taken over from callbox.db.corrupt-" in caplog.text


def test_a_file_cut_in_half_gives_its_first_half(filled: Path) -> None:
    raw = filled.read_bytes()
    filled.write_bytes(raw[: len(raw) // 2])
    assert Journal(filled).close()
    assert 0 < len(found(filled)) < CALLS


def test_a_rebuild_of_a_damaged_file_takes_over_what_can_be_read(filled: Path) -> None:
    raw, pages = bytearray(filled.read_bytes()), event_pages(filled)
    raw[pages[3] : pages[3] + PAGE] = b"\xa5" * PAGE
    filled.write_bytes(raw)
    assert rebuild(filled) > CALLS - 12


def test_damage_in_use_loses_nothing_that_can_be_read(filled: Path) -> None:
    pages = event_pages(filled)
    journal = Journal(filled, retry_seconds=0.01)
    with filled.open("r+b") as file:  # the last page, to which the next event goes
        file.seek(pages[-1])
        file.write(b"\xa5" * PAGE)
    for each in answered_call("20261122-000000-ffff"):
        journal.append(each)
    assert journal.flush(10.0)
    assert journal.close()
    calls = found(filled)
    assert calls["20261122-000000-ffff"] == len(answered_call("x"))
    assert len(calls) > CALLS - 12


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_random_damage_brings_nothing_twice_and_never_stops_the_box(filled: Path, seed: int) -> None:
    pick, raw = random.Random(seed), bytearray(filled.read_bytes())
    for _ in range(pick.randrange(1, 12)):
        start = pick.randrange(100, len(raw))
        raw[start : start + 300] = pick.randbytes(300)
    filled.write_bytes(raw)
    assert Journal(filled, retry_seconds=0.01).close()
    with sqlite3.connect(filled) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        twice = "SELECT 1 FROM event GROUP BY wall_ms, kind, call_id, body HAVING count(*) > 1"
        assert db.execute(twice).fetchall() == []
    db.close()
