"""Want 11: the list of callers who were lost, once each, and what became of them."""

from __future__ import annotations

from pathlib import Path

from appliance.events import CallArrived, CallConnected, CallEnded, CallQueued, Direction, Event
from appliance.outbound_events import OutboundBegun
from appliance.store.journal import Journal
from appliance.store.lost import LostCaller, read_lost
from appliance.wait_events import QueueRefused
from tests.appliance.store.visits import WALL_S, at

ANNA, BORIS = "+491711111111", "+491722222222"


def comes(
    call_id: str, seconds: float, number: str, outcome: str, *, talks: bool = False
) -> list[tuple[float, Event]]:
    events: list[tuple[float, Event]] = [
        (seconds, CallArrived(call_id=call_id, line="gsm-1", leg_id="leg", caller=number)),
        (seconds + 1, CallQueued(call_id=call_id, queue="sales", position=1, place=seconds)),
    ]
    if talks:
        events.append((seconds + 30, CallConnected(call_id=call_id, queue="sales", agent="ana")))
    return [*events, (seconds + 60, CallEnded(call_id=call_id, outcome=outcome, by="caller"))]


def goes(call_id: str, seconds: float, dialled: str, number: str, outcome: str) -> list[tuple[float, Event]]:
    direction = Direction.OUT.value
    begun = {"permit": "p", "agent": "ben", "kind": "mobile", "a_minute": 0.1, "longest_seconds": 60.0}
    events: list[tuple[float, Event]] = [
        (
            seconds,
            CallArrived(
                call_id=call_id,
                line="",
                leg_id="x",
                caller="22",
                called=dialled,
                direction=direction,
                agent="ben",
            ),
        ),
        (seconds, OutboundBegun(call_id=call_id, number=number, **begun)),  # type: ignore[arg-type]
    ]
    if outcome == "answered":
        events.append((seconds + 5, CallConnected(call_id=call_id, queue="", agent="", number=number)))
    return [*events, (seconds + 60, CallEnded(call_id=call_id, outcome=outcome, by="caller"))]


def lost(tmp_path: Path, *events: tuple[float, Event]) -> list[LostCaller]:
    journal = Journal(tmp_path / "callbox.db")
    for seconds, event in events:
        journal.append(at(seconds, event))
    assert journal.close()
    return read_lost(tmp_path / "callbox.db", WALL_S - 1)


def test_a_caller_is_listed_once_with_how_often_and_the_last_time(tmp_path: Path) -> None:
    found = lost(
        tmp_path,
        *comes("c1", 0, ANNA, "abandoned"),
        *comes("c2", 100, BORIS, "abandoned"),
        *comes("c3", 200, ANNA, "abandoned"),
        *comes("c4", 300, "+4930", "answered", talks=True),
    )
    assert [(caller.number, caller.count, caller.call_id) for caller in found] == [
        (ANNA, 2, "c3"),
        (BORIS, 1, "c2"),
    ]
    assert found[0].last_ms == round(WALL_S * 1000) + 200_000
    assert (found[0].queue, found[0].outcome) == ("sales", "abandoned")
    assert found[0].called_back_ms is found[0].served_ms is None


def test_who_was_called_back_or_served_later_says_so(tmp_path: Path) -> None:
    found = lost(
        tmp_path,
        *comes("c1", 0, ANNA, "abandoned"),
        *comes("c2", 10, BORIS, "abandoned"),
        *goes("c3", 100, "01711111111", ANNA, "unanswered"),
        *goes("c4", 200, "01711111111", ANNA, "answered"),
        *comes("c5", 300, "01722222222", "answered", talks=True),
    )
    boris, anna = found
    assert (anna.called_back_ms, anna.called_back_by) == (round(WALL_S * 1000) + 205_000, "ben")
    assert boris.served_ms == round(WALL_S * 1000) + 330_000


def test_a_talk_before_the_last_loss_counts_no_more(tmp_path: Path) -> None:
    (anna,) = lost(
        tmp_path,
        *comes("c1", 0, ANNA, "abandoned"),
        *goes("c2", 100, "01711111111", ANNA, "answered"),
        *comes("c3", 300, ANNA, "abandoned"),
    )
    assert (anna.count, anna.called_back_ms) == (2, None)


def test_everybody_of_b_and_x_is_there_whatever_the_call_ended_as(tmp_path: Path) -> None:
    refused = QueueRefused(call_id="c1", queue="sales", why="full", to="voicemail:sales")
    found = lost(
        tmp_path,
        (0, CallArrived(call_id="c1", line="gsm-1", leg_id="leg", caller=ANNA)),
        (1, refused),
        (60, CallEnded(call_id="c1", outcome="menu", by="caller")),
        (100, CallArrived(call_id="c2", line="gsm-1", leg_id="leg", caller=BORIS)),
        (101, CallEnded(call_id="c2", outcome="blocked", by="box")),
        *comes("c3", 200, "", "abandoned"),
        *comes("c4", 300, "", "abandoned"),
        *comes("c5", 400, "", "answered", talks=True),
    )
    assert [(caller.number, caller.count) for caller in found] == [("", 2), (BORIS, 1), (ANNA, 1)]
    assert found[0].served_ms is None  # who that was nobody knows
