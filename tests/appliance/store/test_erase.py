"""A customer's number is taken out of events and rows; what remains tells of a call, not whose it was."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.events import (
    CallArrived,
    CallConnected,
    CallEnded,
    Event,
    RecordingEnded,
    RecordingStarted,
    Stamped,
)
from appliance.line_events import MessageQueued, MessageReceived, PartArrived
from appliance.store import erase
from appliance.store.journal import Journal
from appliance.store.opening import StoreError
from appliance.store.read import call_story
from appliance.store.rebuild import rebuild

MINE, OTHER = "+491701234567", "+491701234568"
FIRST, SECOND = "20261121-100000-abc123", "20261121-491701-234567"
EVENTS: list[Event] = [
    CallArrived(call_id=FIRST, line="gsm-1", leg_id="gsm-1/1", caller=MINE, called="030555"),
    CallConnected(call_id=FIRST, queue="sales", agent="ana", leg_id="sip-0/1", number="", line=""),
    RecordingStarted(call_id=FIRST, path=f"/r/{FIRST}.wav", n=1, left="01701234567", right="ana"),
    RecordingEnded(call_id=FIRST, path=f"/r/{FIRST}.wav", seconds=2.0),
    CallEnded(call_id=FIRST, outcome="answered", by="caller"),
    CallArrived(call_id=SECOND, line="gsm-1", leg_id="gsm-1/2", caller=OTHER),
    CallEnded(call_id=SECOND, outcome="menu", by="caller"),
    PartArrived(
        arrival="p1",
        line="gsm-1",
        sim="1",
        slot="3",
        pdu="0791947110",
        kind="text",
        sender=MINE,
        text="secret",
    ),
    MessageReceived(
        message="m1",
        line="gsm-1",
        sim="1",
        sender="00491701234567",
        text="secret",
        parts=1,
        complete=True,
        message_class=-1,
        sent_at="",
        arrivals=["p1"],
    ),
    MessageQueued(
        message="m2",
        line="gsm-1",
        sim="1",
        number=OTHER,
        text=f"call {MINE}. Now",
        tpdus=["0102"],
        report=False,
        flash=False,
    ),
]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    journal = Journal(tmp_path / "callbox.db")
    for second, event in enumerate(EVENTS):
        journal.append(Stamped(event, 1.7e9 + second, 100.0 + second, "boot"))
    assert journal.flush(5)
    yield tmp_path / "callbox.db"
    journal.close()


def everything(path: Path) -> str:
    with sqlite3.connect(path) as db:
        return "\n".join(db.iterdump())


def test_what_is_found_is_told_before_anything_changes(database: Path) -> None:
    before = everything(database)
    found = erase.find(database, "01701234567")
    assert (found.calls, found.messages, found.events) == ({FIRST}, {"m1"}, 5)
    assert everything(database) == before


def test_the_number_stands_nowhere_any_more_and_neighbours_stay(database: Path) -> None:
    assert erase.erase(database, MINE) == 5
    for text in (everything(database), everything(database.with_name("callbox.db"))):
        for gone in ("1701234567", "secret", "0791947110"):
            assert gone not in text.replace(OTHER, "")
        assert OTHER in text
        assert "call erased. Now" in text
    row, events = call_story(database, FIRST)
    assert (row.caller, row.agent, row.outcome, row.called) == ("erased", "ana", "answered", "030555")
    assert [type(each.event).__name__ for each in events][-1] == "CallEnded"
    assert call_story(database, SECOND)[0].caller == OTHER


def test_the_bytes_are_not_in_the_file_either(database: Path) -> None:
    erase.erase(database, MINE)
    files = [path for path in database.parent.iterdir() if path.name.startswith("callbox.db")]
    assert not [path for path in files if b"1701234567" in path.read_bytes()]


def test_the_rows_are_the_same_when_they_are_made_again(database: Path) -> None:
    erase.erase(database, MINE)
    with sqlite3.connect(database) as db:
        before = db.execute("SELECT * FROM call ORDER BY call_id").fetchall()
    rebuild(database)
    with sqlite3.connect(database) as db:
        assert db.execute("SELECT * FROM call ORDER BY call_id").fetchall() == before


def test_a_second_time_there_is_nothing_to_do(database: Path) -> None:
    erase.erase(database, MINE)
    assert erase.find(database, MINE).events == 0
    assert erase.erase(database, MINE) == 0


@pytest.mark.parametrize("number", ["", "+49", "12345", "ana"])
def test_a_number_too_short_to_be_told_from_others_is_refused(database: Path, number: str) -> None:
    with pytest.raises(StoreError, match="Give it in full"):
        erase.find(database, number)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("+491701234567", "00491701234567", True),
        ("+491701234567", "01701234567", True),
        ("+491701234567", "+491701234568", False),
        ("+491701234567", "234567", False),
        ("+15551234567", "5551234567", True),
        ("+491701234567", "+391701234567", False),
        ("01701234567", "491701234567", True),
        ("20261121", "20261121", True),
    ],
)
def test_numbers_are_the_same_in_every_way_they_are_written(one: str, other: str, same: bool) -> None:
    assert erase.same_number(one, other) is same
    assert erase.same_number(other, one) is same


def test_an_event_that_is_damaged_stops_nothing(database: Path) -> None:
    with sqlite3.connect(database) as db:
        db.execute("UPDATE event SET body = ? WHERE id = 1", (json.dumps({"caller": MINE})[:-1],))
    assert erase.find(database, MINE).events == 5
    assert erase.erase(database, MINE) == 5
