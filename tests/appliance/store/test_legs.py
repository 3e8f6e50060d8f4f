"""One leg for each queue a call waited in, each with exactly one outcome."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance.events import (
    CallAnswered,
    CallArrived,
    CallConnected,
    CallEnded,
    CallQueued,
    OfferEnded,
    TalkEnded,
)
from appliance.store.derive import derive
from appliance.store.journal import Journal
from appliance.store.legs import LegOutcome, QueueLeg
from appliance.store.rebuild import rebuild
from appliance.store.service import service
from appliance.wait_events import CallBackAsked, CallBackTaken, QueueLeft, QueueRefused, WaitPromised
from tests.appliance.store.visits import (
    WALL_S,
    Timed,
    abandoned_call,
    answered_call,
    any_events,
    arrives,
    is_connected,
    is_offered,
    is_written_up,
    stamped,
    stops_talking,
)

CALL = "20261121-214501-7f3a"
WALL_MS = round(WALL_S * 1000)


def legs_of(*events: Timed) -> tuple[QueueLeg, ...]:
    return derive(CALL, stamped(events)).legs.legs


def queued(seconds: float, queue: str) -> Timed:
    return seconds, CallQueued(call_id=CALL, queue=queue, position=1, place=0.0)


def test_an_answered_call_is_one_leg_with_all_its_lengths() -> None:
    assert derive(CALL, answered_call(CALL)).legs.legs == (
        QueueLeg(
            CALL,
            1,
            "sales",
            WALL_MS + 4_000,
            LegOutcome.ANSWERED,
            wait_ms=6_000,
            ended_ms=WALL_MS + 110_000,
            agent="ana",
            ring_ms=2_000,
            talk_ms=80_000,
            hold_ms=20_000,
            wrap_up_ms=10_000,
        ),
    )


def test_a_caller_who_leaves_while_waiting_abandons_the_leg() -> None:
    (leg,) = derive(CALL, abandoned_call(CALL)).legs.legs
    assert (leg.outcome, leg.wait_ms, leg.ended_ms) == (LegOutcome.ABANDONED, 30_000, WALL_MS + 34_000)


def test_phones_that_were_rung_in_vain_are_no_lost_calls() -> None:
    """Want 12: an offer that is missed is not an abandoned call, however many there were."""
    missed = [
        event
        for seconds, agent in ((6.0, "bob"), (26.0, "cem"), (26.0, "eva"))
        for event in (
            *is_offered(CALL, agent, seconds),
            (seconds + 20, OfferEnded(call_id=CALL, agent=agent, result="no answer")),
        )
    ]
    (leg,) = legs_of(*arrives(CALL), *missed, *is_offered(CALL, "ana", 47), *is_connected(CALL, "ana", 50))
    assert (leg.outcome, leg.agent, leg.wait_ms) == (LegOutcome.ANSWERED, "ana", 46_000)
    found = service([leg])
    assert (found["offered"], found["answered"], found["abandoned"]) == (1, 1, 0)
    (lost,) = derive(CALL, abandoned_call(CALL)).legs.legs  # after one more in vain
    assert service([lost])["abandoned"] == 1


def test_a_call_that_overflows_flows_out_of_one_queue_and_is_answered_in_the_next() -> None:
    first, second = legs_of(
        *arrives(CALL),
        queued(64.0, "support"),
        *((at, CallConnected(call_id=CALL, queue="support", agent="ben")) for at in (70.0,)),
        (100.0, TalkEnded(call_id=CALL, agent="ben", by="caller")),
        (100.0, CallEnded(call_id=CALL, outcome="answered", by="caller")),
    )
    assert (first.queue, first.outcome, first.wait_ms) == ("sales", LegOutcome.FLOWED_OUT, 60_000)
    assert (first.talk_ms, first.ended_ms) == (0, WALL_MS + 64_000)
    assert (second.number, second.queue, second.outcome) == (2, "support", LegOutcome.ANSWERED)
    assert (second.wait_ms, second.talk_ms, second.agent) == (6_000, 30_000, "ben")


def test_the_wrap_up_of_a_transferred_call_belongs_to_the_agent_who_writes_it() -> None:
    first, second = legs_of(
        *arrives(CALL),
        *is_offered(CALL, "ana", 6),
        *is_connected(CALL, "ana", 8),
        *stops_talking(CALL, "ana", 28)[:-1],
        queued(28.0, "support"),
        (30.0, CallConnected(call_id=CALL, queue="support", agent="ben")),
        *is_written_up(CALL, "ana", 35.0),
        (50.0, TalkEnded(call_id=CALL, agent="ben", by="caller")),
        (50.0, CallEnded(call_id=CALL, outcome="answered", by="caller")),
    )
    assert (first.outcome, first.talk_ms, first.wrap_up_ms) == (LegOutcome.ANSWERED, 20_000, 7_000)
    assert (second.outcome, second.talk_ms, second.wrap_up_ms) == (LegOutcome.ANSWERED, 20_000, 0)


def test_a_caller_who_was_not_let_in_is_a_leg_of_no_queue() -> None:
    (leg,) = legs_of(
        (0.0, CallArrived(call_id=CALL, line="gsm-1", leg_id="leg", caller="")),
        (1.0, CallEnded(call_id=CALL, outcome="blocked", by="box")),
    )
    assert (leg.queue, leg.outcome, leg.wait_ms) == ("", LegOutcome.BLOCKED, 0)


def test_a_call_that_never_came_to_a_queue_has_no_leg() -> None:
    assert (
        legs_of(
            (0.5, CallAnswered(call_id=CALL)), (9.0, CallEnded(call_id=CALL, outcome="menu", by="caller"))
        )
        == ()
    )


def test_a_lost_line_is_no_abandonment() -> None:
    (leg,) = legs_of(*arrives(CALL), (30.0, CallEnded(call_id=CALL, outcome="failed", by="line")))
    assert (leg.outcome, leg.wait_ms) == (LegOutcome.FLOWED_OUT, 26_000)


def test_a_queue_told_again_after_a_restart_is_the_same_wait() -> None:
    (leg,) = legs_of(
        *arrives(CALL),
        queued(10.0, "sales"),
        (30.0, CallEnded(call_id=CALL, outcome="abandoned", by="caller")),
    )
    assert leg.wait_ms == 26_000


def test_a_caller_who_is_not_let_into_a_queue_is_blocked_there_and_may_be_answered_elsewhere() -> None:
    refused, answered = legs_of(
        (4.0, QueueRefused(call_id=CALL, queue="sales", why="full", to="queue:support")),
        queued(4.0, "support"),
        (9.0, CallConnected(call_id=CALL, queue="support", agent="ben")),
    )
    assert (refused.queue, refused.outcome) == ("sales", LegOutcome.BLOCKED)
    assert (answered.outcome, answered.wait_ms, answered.ended_ms) == (LegOutcome.ANSWERED, 5_000, None)


def test_a_caller_sent_on_flowed_out_when_it_happened_whatever_comes_after() -> None:
    (leg,) = legs_of(
        *arrives(CALL),
        (34.0, QueueLeft(call_id=CALL, queue="sales", why="max wait", to="voicemail:sales")),
        (90.0, CallEnded(call_id=CALL, outcome="abandoned", by="caller")),
    )
    assert (leg.outcome, leg.wait_ms) == (LegOutcome.FLOWED_OUT, 30_000)


def test_a_call_back_is_one_leg_that_of_the_caller_who_took_it() -> None:
    (leg,) = legs_of(*arrives(CALL), (24.0, CallBackTaken(call_id=CALL, queue="sales", call_back="c-2")))
    assert (leg.outcome, leg.wait_ms) == (LegOutcome.FLOWED_OUT, 20_000)
    asked = CallBackAsked(
        call_id=CALL, of="c-1", queue="sales", number="1", asked_from="", place_wall_s=0, expires_wall_s=9
    )
    assert (
        legs_of(
            (24.0, asked),
            queued(24.0, "sales"),
            (90.0, CallEnded(call_id=CALL, outcome="answered", by="box")),
        )
        == ()
    )


def test_the_first_promise_is_scored_from_the_moment_it_was_made() -> None:
    (leg,) = legs_of(
        *arrives(CALL),
        (14.0, WaitPromised(call_id=CALL, queue="sales", low_s=50, high_s=90, expected_s=60.0)),
        (44.0, WaitPromised(call_id=CALL, queue="sales", low_s=20, high_s=40, expected_s=30.0)),
        *is_connected(CALL, "ana", 64.0),
    )
    assert (leg.promised_ms, leg.came_true_ms, leg.wait_ms) == (60_000, 50_000, 60_000)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_comes_every_leg_that_is_over_has_one_outcome(seed: int) -> None:
    calls: dict[str, list] = {}
    for event in any_events(seed, 400):
        calls.setdefault(event.event.call_id, []).append(event)
    for call_id, events in calls.items():
        progress = derive(call_id, events)
        legs = progress.legs.legs
        assert [leg.number for leg in legs] == list(range(1, len(legs) + 1))
        waiting = [leg for leg in legs if leg.outcome is LegOutcome.WAITING]
        assert len(waiting) == (progress.legs.waiting is not None)
        assert sum(leg.talk_ms for leg in legs) <= (progress.row.talk_ms or 0)


def test_the_rows_of_legs_are_written_and_made_again_the_same(tmp_path: Path) -> None:
    """Want 12: what a report reads follows from the events alone."""
    path = tmp_path / "callbox.db"
    journal = Journal(path)
    for event in (*answered_call(CALL), *abandoned_call("20261121-214502-aaaa", 5.0)):
        journal.append(event)
    assert journal.close()

    def stored() -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(path)) as db:
            return db.execute("SELECT * FROM queue_leg ORDER BY leg_id").fetchall()

    written = stored()
    assert [(row[0], row[5]) for row in written] == [(f"{CALL}#1", "A"), ("20261121-214502-aaaa#1", "B")]
    rebuild(path)
    assert stored() == written
