"""A call's row from its events: times to the millisecond, whatever happened on the way."""

from __future__ import annotations

from dataclasses import replace

from appliance.agent_events import WrapUpExtended
from appliance.events import (
    AgentChanged,
    CallAnswered,
    CallArrived,
    CallConnected,
    CallEnded,
    CallInherited,
    CallQueued,
    HoldEnded,
    HoldStarted,
    MenuEntered,
    OfferEnded,
    PartyRung,
    RecordingEnded,
    RecordingStarted,
    Stamped,
    TalkEnded,
    TransferEnded,
    TransferStarted,
    WrapUpStarted,
)
from appliance.store.derive import CallRow, Stage, apply, begin, derive
from tests.appliance.store.visits import (
    WALL_S,
    Timed,
    abandoned_call,
    answered_call,
    any_events,
    arrives,
    at,
    is_connected,
    is_offered,
    is_written_up,
    stamped,
    stops_talking,
)

CALL = "20261121-214501-7f3a"
WALL_MS = round(WALL_S * 1000)


def row_of(*events: Timed) -> CallRow:
    return derive(CALL, stamped(events)).row


def test_an_answered_call_has_every_time_to_the_millisecond() -> None:
    row = derive(CALL, answered_call(CALL)).row
    assert (row.line, row.caller, row.called) == ("gsm-1", "+491711234567", "0301234")
    assert row.arrived_ms == WALL_MS
    assert row.answered_ms == WALL_MS + 500
    assert (row.queue, row.queued_ms) == ("sales", WALL_MS + 4_000)
    assert (row.agent, row.connected_ms) == ("ana", WALL_MS + 10_000)
    assert row.ended_ms == WALL_MS + 110_000
    assert (row.outcome, row.ended_by) == ("answered", "caller")
    assert (row.wait_ms, row.ring_ms, row.talk_ms) == (6_000, 2_000, 80_000)
    assert (row.hold_ms, row.wrap_up_ms, row.offers) == (20_000, 10_000, 1)
    assert row.recordings == ({"path": f"recordings/{CALL}.wav", "seconds": 12.5, "dropped_frames": 0},)
    assert row.stage is Stage.OVER


def test_a_caller_who_leaves_has_waited_until_then_and_rung_nobody() -> None:
    row = derive(CALL, abandoned_call(CALL)).row
    assert (row.outcome, row.wait_ms, row.ring_ms, row.talk_ms) == ("abandoned", 30_000, None, None)
    assert (row.offers, row.agent, row.stage) == (1, "", Stage.OVER)


def test_the_stage_follows_the_call() -> None:
    progress, seen = begin(CALL), []
    for each in answered_call(CALL):
        progress = apply(progress, each)
        if progress.row.stage not in seen[-1:]:
            seen.append(progress.row.stage)
    assert seen == [
        Stage.RINGING,
        Stage.ANSWERED,
        Stage.MENU,
        Stage.WAITING,
        Stage.TALKING,
        Stage.TALKED,
        Stage.WRAP_UP,
        Stage.OVER,
    ]


def test_ring_time_is_that_of_the_agent_who_answered() -> None:
    row = row_of(
        *arrives(CALL),
        *is_offered(CALL, "bob", 5.0),
        (25.0, OfferEnded(call_id=CALL, agent="bob", result="no answer")),
        *is_offered(CALL, "ana", 25.0),
        *is_connected(CALL, "ana", 28.25),
    )
    assert (row.ring_ms, row.wait_ms, row.offers, row.agent) == (3_250, 24_250, 2, "ana")


def test_a_menu_interrupts_the_wait_and_a_second_queue_goes_on_with_it() -> None:
    row = row_of(
        *arrives(CALL),
        (14.0, MenuEntered(call_id=CALL, menu="overflow")),
        (24.0, CallQueued(call_id=CALL, queue="support", position=1, place=0.0)),
        (29.0, CallEnded(call_id=CALL, outcome="abandoned", by="caller")),
    )
    assert (row.queue, row.queued_ms, row.wait_ms) == ("support", WALL_MS + 4_000, 15_000)


def test_a_caller_queued_again_after_talking_waits_no_more_and_talk_adds_up() -> None:
    row = row_of(
        *arrives(CALL),
        *is_offered(CALL, "ana", 5.0),
        *is_connected(CALL, "ana", 6.0),
        (16.0, CallQueued(call_id=CALL, queue="sales", position=1, place=0.0)),
        *is_offered(CALL, "bob", 20.0),
        *is_connected(CALL, "bob", 21.0),
        *stops_talking(CALL, "bob", 31.0),
    )
    assert (row.wait_ms, row.ring_ms, row.talk_ms) == (2_000, 2_000, 25_000)
    assert (row.agent, row.connected_ms) == ("bob", WALL_MS + 6_000)


def test_an_agent_called_without_a_queue_is_waited_for_from_the_first_ring() -> None:
    first = arrives(CALL)[:2]
    row = row_of(*first, *is_offered(CALL, "ana", 5.0), *is_connected(CALL, "ana", 8.0))
    assert (row.queued_ms, row.wait_ms, row.ring_ms) == (None, 3_000, 3_000)


def test_a_call_that_ends_on_hold_closes_the_hold() -> None:
    row = row_of(
        *arrives(CALL),
        *is_connected(CALL, "ana", 10.0),
        (20.0, HoldStarted(call_id=CALL, agent="ana")),
        (20.5, HoldStarted(call_id=CALL, agent="ana")),
        (27.0, CallEnded(call_id=CALL, outcome="answered", by="caller")),
    )
    assert (row.talk_ms, row.hold_ms) == (10_000, 7_000)


def test_wrap_up_outlasts_the_call_and_keeps_it_open() -> None:
    events = [*arrives(CALL), *is_connected(CALL, "ana", 10.0), *stops_talking(CALL, "ana", 20.0)]
    assert row_of(*events).stage is Stage.WRAP_UP
    done = row_of(*events, *is_written_up(CALL, "ana", 28.5))
    assert (done.stage, done.wrap_up_ms) == (Stage.OVER, 8_500)


def test_wrap_up_ends_at_its_time_though_the_box_was_off_and_more_time_counts() -> None:
    events = [*arrives(CALL), *is_connected(CALL, "ana", 10.0), *stops_talking(CALL, "ana", 20.0)]
    assert row_of(*events, *is_written_up(CALL, "ana", 30_000.0)).wrap_up_ms == 10_000
    longer = (25.0, WrapUpExtended(call_id=CALL, agent="ana", seconds=30.0))
    assert row_of(*events, longer, *is_written_up(CALL, "ana", 45.0)).wrap_up_ms == 25_000


def test_wrap_up_of_two_agents_adds_up_even_when_they_overlap() -> None:
    row = row_of(
        *arrives(CALL),
        (10.0, WrapUpStarted(call_id=CALL, agent="ana", seconds=10.0)),
        (12.0, WrapUpStarted(call_id=CALL, agent="bob", seconds=10.0)),
        *is_written_up(CALL, "ana", 20.0),
        *is_written_up(CALL, "bob", 22.0),
    )
    assert row.wrap_up_ms == 20_000


def test_lengths_use_the_monotonic_clock_while_the_wall_clock_jumps() -> None:
    events = answered_call(CALL)
    jumped = [replace(each, wall_s=each.wall_s - 3_600 * (place > 12)) for place, each in enumerate(events)]
    plain, row = derive(CALL, events).row, derive(CALL, jumped).row
    assert (row.wait_ms, row.talk_ms, row.hold_ms) == (plain.wait_ms, plain.talk_ms, plain.hold_ms)


def test_over_a_reboot_lengths_use_the_wall_clock_and_are_never_negative() -> None:
    connected = Stamped(CallConnected(call_id=CALL, queue="sales", agent="ana"), WALL_S, 90_000.0, "boot-a")
    ended = CallEnded(call_id=CALL, outcome="answered", by="box")
    later = derive(CALL, [connected, Stamped(ended, WALL_S + 75.0, 12.0, "boot-b")]).row
    earlier = derive(CALL, [connected, Stamped(ended, WALL_S - 75.0, 12.0, "boot-b")]).row
    assert (later.talk_ms, earlier.talk_ms) == (75_000, 0)


def test_several_recordings_are_kept_by_their_paths() -> None:
    row = row_of(
        (1.0, RecordingStarted(call_id=CALL, path="a.wav")),
        (2.0, RecordingStarted(call_id=CALL, path="b.wav")),
        (3.0, RecordingEnded(call_id=CALL, path="a.wav", seconds=2.0, dropped_frames=1)),
    )
    assert sorted((each["path"], each["seconds"]) for each in row.recordings) == [
        ("a.wav", 2.0),
        ("b.wav", None),
    ]


def test_events_that_say_nothing_of_the_row_leave_it_alone() -> None:
    before = derive(CALL, answered_call(CALL))
    assert apply(before, at(900.0, AgentChanged(agent="ana", was="ready", now="paused"))) == before


def test_any_order_of_events_gives_a_row_without_negative_lengths() -> None:
    for seed in range(200):
        row = derive(CALL, any_events(seed, 40)).row
        lengths = (row.wait_ms, row.ring_ms, row.talk_ms, row.hold_ms, row.wrap_up_ms)
        assert all(length is None or length >= 0 for length in lengths), f"seed {seed}: {row}"


def test_a_call_that_an_agent_made_and_handed_on() -> None:
    row = row_of(
        (
            0,
            CallArrived(
                call_id=CALL,
                line="",
                leg_id="sip.1",
                caller="21",
                called="030123",
                direction="out",
                agent="ana",
            ),
        ),
        (1, PartyRung(call_id=CALL, leg_id="t.1", number="+4930123", line="trunk")),
        (5, CallAnswered(call_id=CALL)),
        (5, CallConnected(call_id=CALL, queue="", agent="", leg_id="t.1", number="+4930123", line="trunk")),
        (15, TransferStarted(call_id=CALL, agent="ana", to="agent:ben")),
        (15, HoldStarted(call_id=CALL, agent="ana")),
        (19, HoldEnded(call_id=CALL, agent="ana")),
        (19, TalkEnded(call_id=CALL, agent="", by="transfer")),
        (19, CallInherited(call_id=CALL, leg_id="t.1", number="+4930123", line="trunk")),
        (19, CallConnected(call_id=CALL, queue="", agent="ben", leg_id="sip.2")),
        (19, TransferEnded(call_id=CALL, agent="ana", result="done")),
        (49, TalkEnded(call_id=CALL, agent="ben", by="agent")),
        (49, CallEnded(call_id=CALL, outcome="answered", by="box")),
    )
    assert (row.direction, row.caller, row.called, row.line) == ("out", "21", "030123", "trunk")
    assert (row.agent, row.transfers, row.outcome) == ("ben", 1, "answered")
    assert (row.talk_ms, row.hold_ms, row.wait_ms, row.queued_ms) == (40_000, 4_000, None, None)
    assert row.stage is Stage.OVER
