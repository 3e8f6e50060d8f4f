"""Wants 4 and 5: a caller is called back and keeps the place, whatever happens to the box meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from appliance.calls.call_backs import open_call_backs
from appliance.events import AgentOffered, CallArrived, CallConnected, CallEnded, CallQueued, PartyRung
from appliance.wait_events import CallBackAsked, CallBackEnded, CallBackTaken, CallBackTried
from drivers.port import EndCause, LegState
from drivers.virtual import answers, fails
from tests.appliance.calls.rig import Caller, Rig, answers_after
from tests.appliance.calls.second_life import killed
from tests.appliance.calls.steps import all_over, assert_all_free, both_ways, outside, replayed
from tests.appliance.calls.test_waiting import site, waiting

GERMAN = "+491711234567"


def with_call_back(**sales: Any) -> dict[str, Any]:
    return site(**{"keys": {"2": "call-back"}, "call_back_retry_seconds": 60, "wrap_up_seconds": 0, **sales})


async def box(tmp_path: Path, **sales: Any) -> Rig:
    rig = await Rig(tmp_path, **with_call_back(**sales)).opened()
    rig.lines["out-1"].script = answers(2.0)
    return rig


async def asks(rig: Rig, number: str = GERMAN, *, keys: str = "1") -> Caller:
    """A caller who is to be called back, by default where he calls from."""
    caller = rig.caller(number)
    await caller.presses("1")
    await caller.presses("2")
    for key in keys:
        await caller.presses(key)
    return caller


def outcomes(rig: Rig) -> list[str]:
    return [e.outcome for e in rig.events(CallEnded) if isinstance(e, CallEnded)]


def tried(rig: Rig) -> list[str]:
    return [e.result for e in rig.events(CallBackTried) if isinstance(e, CallBackTried)]


async def test_want_4_the_caller_hangs_up_and_is_called_back_when_it_is_his_turn(tmp_path: Path) -> None:
    rig = await box(tmp_path)
    before = await waiting(rig)
    caller = await asks(rig)
    behind = await waiting(rig)
    assert await caller.gone() == "call-back"
    [back] = open_call_backs(rig.centre)
    assert (back.story.stage.value, back.story.place) == ("waiting", caller.call.story.place)
    assert replayed(rig, back.id) == back.story
    rig.phones.behave = answers_after(1)
    rig.acd.log_in("ana")
    await asyncio.sleep(2)
    assert before.stage == "talking"
    before.leg.remote_hangs_up()
    await asyncio.sleep(1.5)
    phone = rig.phones.rung[-1]
    assert rig.phones.shown[-1] == (GERMAN, f"call-back for {GERMAN}")
    assert (phone.state, rig.media.heard_now(phone.id)) == (LegState.UP, ["ringback of de"])
    customer = await outside(rig)
    assert customer.leg.peer == GERMAN
    await asyncio.sleep(3)
    assert rig.media.hearing() == both_ways(customer.leg.id, phone.id)
    assert behind.stage == "waiting"
    assert replayed(rig, back.id) == back.story
    customer.remote_hangs_up()
    await asyncio.sleep(3)
    assert behind.stage == "talking"
    behind.leg.remote_hangs_up()
    await all_over(rig)
    assert_all_free(rig)
    assert sorted(outcomes(rig)) == ["answered", "answered", "answered", "call-back"]
    arrived = [e.direction for e in rig.events(CallArrived) if isinstance(e, CallArrived)]
    assert arrived == ["in", "in", "back", "in"]


async def test_a_withheld_number_must_be_entered_and_is_read_out(tmp_path: Path) -> None:
    rig = await box(tmp_path)
    caller = await asks(rig, "", keys="01711234567#1")
    assert await caller.gone() == "call-back"
    assert [e.number for e in rig.events(CallBackAsked)] == [GERMAN]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("keys", "number"),
    [
        ("1", GERMAN),
        ("2" + "030123456" + "#1", "+4930123456"),
        ("2" + "0900123456" + "#" + "030123456" + "#1", "+4930123456"),  # premium: not permitted
        ("2" + "112" + "#" + "030123456" + "#1", "+4930123456"),  # never an emergency number
        ("2" + "0044201234567" + "#" + "030123456" + "#1", "+4930123456"),  # abroad: not permitted
        ("2" + "9" * 30 + "#" + "#", ""),
        ("3", ""),
        ("", ""),
    ],
)
async def test_the_number_is_confirmed_and_must_be_permitted(tmp_path: Path, keys: str, number: str) -> None:
    rig = await box(tmp_path)
    caller = await asks(rig, keys=keys)
    await asyncio.sleep(60)
    assert [e.number for e in rig.events(CallBackAsked)] == ([number] if number else [])  # type: ignore[attr-defined]
    assert caller.stage == ("ended" if number else "waiting")
    assert rig.centre.guard.locked() == []
    if not number:
        caller.leg.remote_hangs_up()
        assert await caller.gone() == "abandoned"


async def test_an_agent_who_becomes_free_ends_the_questions(tmp_path: Path) -> None:
    rig = await box(tmp_path)
    caller = await asks(rig, keys="2030")
    rig.phones.behave = answers_after(1)
    rig.acd.log_in("ana")
    await asyncio.sleep(2)
    assert caller.stage == "talking"
    caller.leg.remote_hangs_up()
    await all_over(rig)
    assert rig.events(CallBackTaken) == []


async def test_a_caller_who_hangs_up_before_confirming_has_abandoned(tmp_path: Path) -> None:
    rig = await box(tmp_path)
    caller = await asks(rig, keys="")
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "abandoned"
    assert open_call_backs(rig.centre) == []
    assert_all_free(rig)


async def test_want_5_busy_is_tried_again_and_the_place_is_kept(tmp_path: Path) -> None:
    rig = await box(tmp_path)
    rig.lines["out-1"].script = fails(EndCause.BUSY)
    await asks(rig)
    place = rig.events(CallQueued)[0].place  # type: ignore[attr-defined]
    rig.phones.behave = answers_after(1)
    rig.acd.log_in("ana")
    await asyncio.sleep(30)
    assert tried(rig) == ["busy"]
    assert rig.acd.agents["ana"].state.value == "ready"
    rig.lines["out-1"].script = answers(1.0)
    await asyncio.sleep(60)
    assert rig.events(CallConnected)
    assert {e.place for e in rig.events(CallQueued)} == {place}  # type: ignore[attr-defined]
    rig.lines["out-1"].dialled.get_nowait()
    (await outside(rig)).remote_hangs_up()
    await all_over(rig)
    assert outcomes(rig) == ["call-back", "answered"]


async def test_after_its_attempts_a_call_back_is_unanswered(tmp_path: Path) -> None:
    rig = await box(tmp_path, call_back_attempts=2)
    rig.lines["out-1"].script = fails(EndCause.NO_ANSWER)
    await asks(rig)
    rig.phones.behave = answers_after(1)
    rig.acd.log_in("ana")
    await all_over(rig)
    await asyncio.sleep(200)
    assert tried(rig) == ["no answer", "no answer"]
    assert outcomes(rig) == ["call-back", "unanswered"]
    assert_all_free(rig)


@pytest.mark.parametrize("why", ["limits", "busy"])
async def test_no_agent_is_rung_while_no_line_can_call_the_customer(tmp_path: Path, why: str) -> None:
    rig = await box(tmp_path, call_back_attempts=1)
    await asks(rig)
    if why == "limits":
        rig.tariffs.why = {"out-1": "no money", "out-2": "no money"}
    else:
        others = [rig.lines[line].ring() for line in ("out-1", "out-2")]
    await asyncio.sleep(5)
    rig.phones.behave = answers_after(1)
    rig.acd.log_in("ana")
    await asyncio.sleep(100)
    assert rig.phones.rung == []
    assert tried(rig) == []
    [back] = open_call_backs(rig.centre)
    assert rig.acd.agents["ana"].state.value == "ready"
    if why == "limits":
        rig.tariffs.why = {}
    else:
        others[0].remote_hangs_up()
    await asyncio.sleep(6)
    assert back.story.stage.value == "talking"
    (await outside(rig)).remote_hangs_up()
    if why == "busy":
        others[1].remote_hangs_up()
    await all_over(rig)
    assert outcomes(rig) == ["call-back", "answered"]


async def test_an_agent_who_hangs_up_first_costs_no_attempt(tmp_path: Path) -> None:
    rig = await box(tmp_path, call_back_attempts=1)
    rig.lines["out-1"].script = answers(20.0)
    await asks(rig)
    rig.phones.behave = answers_after(1)
    rig.acd.log_in("ana")
    await asyncio.sleep(5)
    rig.phones.rung[-1].remote_hangs_up()
    await asyncio.sleep(1)
    assert rig.lines["out-1"].leg is None
    assert tried(rig) == ["failed"]
    await asyncio.sleep(100)
    rig.lines["out-1"].dialled.get_nowait()
    (await outside(rig)).remote_hangs_up()
    await all_over(rig)
    assert outcomes(rig) == ["call-back", "answered"]


async def test_a_call_back_expires(tmp_path: Path) -> None:
    rig = await box(tmp_path, call_back_hours=0.1)
    await asks(rig)
    await asyncio.sleep(359)
    assert len(open_call_backs(rig.centre)) == 1
    await asyncio.sleep(5)
    await all_over(rig)
    assert outcomes(rig) == ["call-back", "expired"]
    assert_all_free(rig)


async def test_a_caller_who_rings_again_has_the_old_place_and_needs_no_call_back(tmp_path: Path) -> None:
    rig = await box(tmp_path)
    first = await asks(rig)
    other = await waiting(rig)
    again = rig.caller(GERMAN)
    await again.presses("1")
    assert again.call.story.place == first.call.story.place < other.call.story.place
    await asyncio.sleep(1)
    assert open_call_backs(rig.centre) == []
    ended = rig.events(CallBackEnded)
    assert [(e.result, e.why) for e in ended] == [("cancelled", "the caller rang again")]  # type: ignore[attr-defined]
    for caller in (other, again):
        caller.leg.remote_hangs_up()
    await all_over(rig)
    assert sorted(outcomes(rig)) == ["abandoned", "abandoned", "call-back", "cancelled"]


async def test_a_second_call_back_for_a_number_replaces_the_first_at_its_place(tmp_path: Path) -> None:
    rig = await box(tmp_path)
    first = await asks(rig)
    await asks(rig, "", keys="01711234567#1")
    await asyncio.sleep(1)
    [back] = open_call_backs(rig.centre)
    assert back.story.place == first.call.story.place
    assert len(rig.events(CallBackAsked)) == 2


async def test_one_that_is_cancelled_while_the_agent_rings_frees_the_agent(tmp_path: Path) -> None:
    rig = await box(tmp_path)
    await asks(rig)
    rig.acd.log_in("ana")
    await asyncio.sleep(1)
    [back] = open_call_backs(rig.centre)
    rig.centre.call_backs[back.id]("not wanted")
    await all_over(rig)
    assert rig.acd.agents["ana"].state.value == "ready"
    assert outcomes(rig) == ["call-back", "cancelled"]
    assert_all_free(rig)


@pytest.mark.parametrize("when", ["waiting", "agent rings", "customer rings"])
async def test_want_5_a_call_back_survives_the_brains_death(tmp_path: Path, when: str) -> None:
    rig = await box(tmp_path)
    first = await asks(rig)
    await first.gone()
    rig.lines["out-1"].script = answers(600.0)
    rig.phones.behave = answers_after(600 if when == "agent rings" else 1)
    if when != "waiting":
        rig.acd.log_in("ana")
        await asyncio.sleep(4)
        assert bool(rig.events(PartyRung)) is (when == "customer rings")
        assert rig.events(AgentOffered)
    life = await killed(tmp_path, rig, **with_call_back())
    line = life.lines["out-1"]
    line.script = answers(1.0)
    while not line.dialled.empty():
        line.dialled.get_nowait()
    life.rig.phones.behave = answers_after(1)
    async with life.running() as after:
        if when == "waiting":
            [back] = open_call_backs(after.centre)
            assert back.story.place == first.call.story.place
            after.acd.log_in("ana")
        await asyncio.sleep(5)
        assert len(after.events(CallConnected)) == 1
        line.dialled.get_nowait().remote_hangs_up()
        await asyncio.sleep(3)
        assert after.acd.agents["ana"].state.value == "ready"
    assert outcomes(rig) + life.outcomes() == ["call-back", "answered"]


async def test_a_stop_of_the_box_ends_no_call_back_and_the_place_outlives_the_machines_clock(
    tmp_path: Path,
) -> None:
    rig = await box(tmp_path)
    first = await asks(rig)
    await first.gone()
    [back] = open_call_backs(rig.centre)
    for visit in rig.visits:
        visit.cancel()
    await asyncio.sleep(1)
    assert outcomes(rig) == ["call-back"]
    life = await killed(tmp_path, rig, **with_call_back())
    clock = life.rig.centre.clock
    object.__setattr__(clock, "boot", "another")
    object.__setattr__(clock, "mono", lambda: asyncio.get_running_loop().time() - 900)
    async with life.running() as after:
        [again] = open_call_backs(after.centre)
        assert again.id == back.id
        assert again.story.place == pytest.approx(first.call.story.place - 900)


async def test_a_lost_agent_leg_puts_the_customer_back_to_the_head_of_the_queue(tmp_path: Path) -> None:
    rig = await box(tmp_path)
    await asks(rig)
    rig.phones.behave = answers_after(1)
    rig.acd.log_in("ana")
    await asyncio.sleep(5)
    customer = await outside(rig)
    rig.phones.rung[-1].ends(500, EndCause.PORT_LOST)
    await asyncio.sleep(4)
    assert [e.agent for e in rig.events(CallConnected)] == ["ana", "ana"]  # type: ignore[attr-defined]
    customer.remote_hangs_up()
    await all_over(rig)
    assert outcomes(rig) == ["call-back", "answered"]
