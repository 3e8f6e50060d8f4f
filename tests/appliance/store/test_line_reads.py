"""Messages as rows, what a SIM was used for, samples and alarms: by the journal, and again from events."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest

from appliance.events import Event, Stamped
from appliance.line_events import (
    AlarmCleared,
    AlarmRaised,
    BalanceTold,
    LineDialEnded,
    LineDialled,
    LineSampled,
    MessageQueued,
    MessageReceived,
    PartArrived,
    PartChanged,
    PartForgotten,
)
from appliance.store import line_reads
from appliance.store.journal import Journal
from appliance.store.messages import Direction, MessageState, PartState
from appliance.store.rebuild import rebuild
from appliance.store.retention import forget_samples
from tests.appliance.store.visits import WALL_S, at

WHERE = {"line": "gsm-1", "sim": "26201"}


def keep(path: Path, *events: Event, step_s: float = 1.0, from_s: float = 0.0) -> None:
    """Through the journal, one each `step_s`."""
    journal = Journal(path)
    for number, event in enumerate(events):
        journal.append(at(from_s + number * step_s, event))
    assert journal.close()


def changed(part: int, state: PartState, **more: object) -> PartChanged:
    return PartChanged(message="m1", part=part, state=state.value, **WHERE, **more)  # type: ignore[arg-type]


def queued(message: str = "m1", parts: int = 2) -> MessageQueued:
    tpdus = [f"{number:02}" for number in range(parts)]
    return MessageQueued(
        message=message, number="+1555", text="hi", tpdus=tpdus, report=True, flash=False, **WHERE
    )


def sample(line: str = "gsm-1") -> LineSampled:
    return LineSampled(
        line=line,
        sim="",
        state="idle",
        signal_dbm=-71,
        registration="home",
        operator="",
        technology="",
        temperature_c=None,
        rung="well",
        restarts=0,
        heals=0,
    )


SENDING = (
    queued(),
    changed(1, PartState.SENDING, attempt=1),
    changed(1, PartState.SENT, attempt=1, reference=7),
    changed(2, PartState.SENDING, attempt=1),
    changed(2, PartState.QUEUED, why="no network"),
    changed(2, PartState.SENDING, attempt=2),
    changed(2, PartState.UNSURE, attempt=2, why="no answer"),
    changed(3, PartState.SENT),  # a part there is not
    changed(1, PartState.DELIVERED),
)


@pytest.mark.parametrize("events", range(1, len(SENDING) + 1))
def test_a_row_follows_its_events_and_is_the_same_made_again(tmp_path: Path, events: int) -> None:
    path = tmp_path / "callbox.db"
    keep(path, *SENDING[:events])
    [row] = line_reads.messages(path)
    wanted = ["queued", "sending", "queued", "sending", "queued", "sending", "unsure", "unsure", "unsure"]
    assert row.state is MessageState(wanted[events - 1])
    rebuild(path)
    assert line_reads.messages(path) == [row]
    assert [each.message for each in line_reads.open_messages(path, 0)] == ["m1"]


def test_what_was_sent_keeps_reference_attempt_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "callbox.db"
    keep(path, *SENDING)
    row, _ = line_reads.message_story(path, "m")
    assert [(part.state.value, part.reference, part.attempt) for part in row.out_parts] == [
        ("delivered", 7, 1),
        ("unsure", -1, 2),
    ]
    assert (row.why, row.direction) == ("no answer", Direction.OUT)


def test_an_old_message_without_a_report_is_open_no_more(tmp_path: Path) -> None:
    path = tmp_path / "callbox.db"
    keep(path, queued(parts=1), changed(1, PartState.SENDING), changed(1, PartState.SENT))
    now_ms = round(WALL_S * 1000)
    assert len(line_reads.open_messages(path, now_ms)) == 1
    assert line_reads.open_messages(path, now_ms + 1) == []


def test_the_newest_come_first_and_the_beginning_of_an_id_must_fit_one(tmp_path: Path) -> None:
    path = tmp_path / "callbox.db"
    keep(path, *(queued(f"m-{n}") for n in range(8)))
    assert [row.message for row in line_reads.messages(path, limit=2)] == ["m-7", "m-6"]
    assert line_reads.messages(path, direction=Direction.IN) == []
    with pytest.raises(line_reads.NoSuchMessage, match=r"more than one .* m-0, m-1, m-2, m-3, m-4\."):
        line_reads.message_story(path, "m-")
    with pytest.raises(line_reads.NoSuchMessage, match="callbox sms list"):
        line_reads.message_story(path, "x")


def test_parts_are_open_until_they_are_joined_and_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "callbox.db"
    parts = [
        PartArrived(arrival=f"a{n}", slot=f"SM:{n}", pdu="00", kind="text", parts=2, part=n, **WHERE)
        for n in (1, 2)
    ]
    keep(path, *parts, PartForgotten(arrival="a1"))
    assert [(part.event.arrival, part.forgotten) for part in line_reads.open_parts(path)] == [
        ("a1", True),
        ("a2", False),
    ]
    told = MessageReceived(
        message="m9",
        sender="\ud800odd",
        text="\ud83d half",
        parts=2,
        complete=True,
        message_class=-1,
        sent_at="",
        arrivals=["a1", "a2"],
        **WHERE,
    )
    keep(path, told, from_s=10)
    [left] = line_reads.open_parts(path)
    assert (left.event.arrival, left.event.message) == ("a2", "m9")
    keep(path, PartForgotten(arrival="a2"), from_s=20)
    assert line_reads.open_parts(path) == []
    _, kept = line_reads.message_story(path, "m9")
    assert [part.event.arrival for part in kept] == ["a1", "a2"]
    before = line_reads.messages(path)
    rebuild(path)
    assert (line_reads.messages(path), line_reads.open_parts(path)) == (before, [])


def test_what_is_used_counts_once_what_went_or_may_have_gone_out(tmp_path: Path) -> None:
    path = tmp_path / "callbox.db"
    keep(path, *SENDING)
    other = {"line": "gsm-2", "sim": ""}
    calls = [
        event
        for seconds in (0.0, 1.0, 60.0, 61.0)
        for event in (
            LineDialled(leg_id="l", **other),
            LineDialEnded(leg_id="l", seconds=seconds, **other),
        )
    ]
    keep(path, *calls, from_s=100)
    used = {row.line: row for row in line_reads.used(path, WALL_S)}
    assert (used["gsm-1"].messages, used["gsm-1"].calls, used["gsm-1"].sim) == (2, 0, "26201")
    assert (used["gsm-2"].calls, used["gsm-2"].seconds, used["gsm-2"].messages) == (4, 240, 0)
    assert [row.line for row in line_reads.used(path, WALL_S + 50)] == ["gsm-2"]
    assert line_reads.used(path, WALL_S + 1000) == []


def test_alarms_stand_until_they_are_cleared(tmp_path: Path) -> None:
    path = tmp_path / "callbox.db"
    keep(
        path,
        AlarmRaised(name="sim", object="gsm-1", text="no SIM"),
        AlarmRaised(name="sim", object="gsm-2", text="no SIM"),
        AlarmCleared(name="sim", object="gsm-1"),
    )
    assert list(line_reads.alarms_standing(path)) == [("sim", "gsm-2")]


@pytest.mark.slow
def test_the_history_is_that_of_one_line_and_old_samples_go(tmp_path: Path) -> None:
    path = tmp_path / "callbox.db"
    keep(path, *(sample(f"gsm-{n % 2}") for n in range(2500)))
    keep(path, BalanceTold(line="gsm-1", sim="", text="7", amount=7.0), from_s=3000)
    history = line_reads.line_history(path, "gsm-1", 0.0, limit=10)
    assert isinstance(history[-1].event, BalanceTold)
    assert len(history) == 10
    assert forget_samples(path, WALL_S + 2400) == 2400
    assert len(line_reads.line_history(path, "gsm-1", 0.0)) == 51
    assert forget_samples(path, WALL_S + 2400) == 0
    [last] = line_reads.last_balances(path).values()
    assert last.event == BalanceTold(line="gsm-1", sim="", text="7", amount=7.0)


def test_where_there_is_no_database_nothing_is_found(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    assert line_reads.messages(path) == line_reads.open_parts(path) == line_reads.used(path, 0.0) == []
    assert line_reads.open_messages(path, 0) == line_reads.unreadable_parts(path) == []
    assert line_reads.line_history(path, "x", 0.0) == []
    assert line_reads.alarms_standing(path) == line_reads.last_balances(path) == {}


@pytest.mark.realtime
async def test_written_waits_for_the_disk_and_the_loop_goes_on_meanwhile(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "callbox.db")
    journal.append(at(0.0, sample()))
    assert await journal.written()
    assert len(line_reads.line_history(tmp_path / "callbox.db", "gsm-1", 0.0)) == 1
    waiting = [asyncio.create_task(journal.written()) for _ in range(100)]
    assert await asyncio.gather(*waiting) == [True] * 100
    assert journal.close()


@pytest.mark.realtime
@pytest.mark.slow
async def test_written_says_when_something_is_lost_and_never_before_the_rest_is_there(tmp_path: Path) -> None:
    path = tmp_path / "in the way" / "callbox.db"
    path.parent.write_text("a file where a folder should be")
    journal = Journal(path, most_waiting=10, retry_seconds=0.05)
    written = asyncio.create_task(journal.written())
    await asyncio.sleep(0.01)
    for number in range(30):
        journal.append(at(float(number), sample()))
    await asyncio.sleep(0.2)
    assert not written.done()
    path.parent.unlink()
    async with asyncio.timeout(5):
        assert not await written
    assert journal.lost > 0
    assert journal.close()


@pytest.mark.realtime
@pytest.mark.slow
def test_old_samples_go_while_the_journal_writes(tmp_path: Path) -> None:
    path = tmp_path / "callbox.db"
    keep(path, *(sample() for _ in range(3000)))
    journal = Journal(path)
    stop = threading.Event()

    def write() -> None:
        for number in range(200):
            journal.append(Stamped(sample(), WALL_S + 10_000 + number, 0.0, "b"))
            time.sleep(0.001)
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert forget_samples(path, WALL_S + 5000) == 3000
    writer.join()
    assert journal.close()
    assert len(line_reads.line_history(path, "gsm-1", 0.0)) == 200
