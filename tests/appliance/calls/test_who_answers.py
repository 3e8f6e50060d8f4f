"""Want 23: an answering machine is tried again later, and no person waits for the verdict."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.calls.call_backs import open_call_backs
from appliance.events import CallConnected, WrapUpStarted
from appliance.wait_events import CallBackTried
from drivers.virtual import FarEnd, answers
from dsp.answering_machine import GREETING_SECONDS, NOBODY_SECONDS, PAUSE_SECONDS
from tests.appliance.calls.rig import Rig, answers_after
from tests.appliance.calls.second_life import killed
from tests.appliance.calls.steps import all_over, assert_all_free, both_ways, outside, replayed
from tests.appliance.calls.test_call_back import asks, box, outcomes, with_call_back

AGAIN = {"call_back_machine": "try-again"}


async def answered(rig: Rig) -> FarEnd:
    """A call-back of which the customer's side was picked up just now."""
    await asks(rig)
    rig.phones.behave = answers_after(1)
    rig.acd.log_in("ana")
    while rig.lines["out-1"].dialled.empty():  # noqa: ASYNC110 - the loop jumps
        await asyncio.sleep(0.01)
    customer = await outside(rig)
    await customer.until_answered()
    await asyncio.sleep(0.1)
    return customer


def hears(rig: Rig, customer: FarEnd, sound: str) -> None:
    """What the engine tells of the customer's side."""
    rig.media._event({"event": "voice", "port": customer.leg.id, "sound": sound}, [])


def why(rig: Rig) -> list[tuple[str, str]]:
    return [(e.result, e.why) for e in rig.events(CallBackTried) if isinstance(e, CallBackTried)]


async def test_want_23_it_is_off_by_default(tmp_path: Path) -> None:
    rig = await box(tmp_path)
    customer = await answered(rig)
    assert rig.events(CallConnected)
    hears(rig, customer, "tone")
    await asyncio.sleep(30)
    assert why(rig) == []
    customer.remote_hangs_up()
    await all_over(rig)


async def test_want_23_agent_and_person_hear_each_other_from_the_answer_on(tmp_path: Path) -> None:
    rig = await box(tmp_path, **AGAIN)
    customer = await answered(rig)
    both = both_ways(customer.leg.id, rig.phones.rung[-1].id)
    assert rig.media.hearing() == both
    assert rig.media.heard_now(rig.phones.rung[-1].id) == []
    assert rig.events(CallConnected) == []
    await asyncio.sleep(3)
    hears(rig, customer, "voice")
    await asyncio.sleep(1)
    hears(rig, customer, "quiet")
    await asyncio.sleep(PAUSE_SECONDS + 0.1)
    assert len(rig.events(CallConnected)) == 1
    assert rig.media.hearing() == both
    customer.remote_hangs_up()
    await all_over(rig)
    assert (why(rig), outcomes(rig)) == ([], ["call-back", "answered"])


@pytest.mark.parametrize("sound", ["voice", "tone"])
async def test_want_23_a_machine_is_unanswered_and_tried_again(tmp_path: Path, sound: str) -> None:
    rig = await box(tmp_path, **AGAIN, wrap_up_seconds=30)
    rig.acd.log_in("ben")
    rig.acd.pause("ben", "")
    customer = await answered(rig)
    ana = rig.acd.agents["ana"]
    idle_since = ana.ready_since
    hears(rig, customer, sound)
    await asyncio.sleep(GREETING_SECONDS + 0.1)
    assert why(rig) == [("no answer", "answering machine")]
    assert customer.leg.state.value == "ended"
    assert (ana.state.value, ana.ready_since) == ("ready", idle_since)
    assert rig.events(WrapUpStarted) == rig.events(CallConnected) == []
    assert rig.media.hearing() == set()
    [back] = open_call_backs(rig.centre)
    assert (back.story.stage.value, back.story.back.attempts) == ("waiting", 1)  # type: ignore[union-attr]
    assert replayed(rig, back.id) == back.story
    await asyncio.sleep(61)
    again = await outside(rig)
    await asyncio.sleep(3)
    hears(rig, again, "voice")
    await asyncio.sleep(1)
    again.remote_hangs_up()
    await asyncio.sleep(31)
    await all_over(rig)
    assert outcomes(rig) == ["call-back", "answered"]


async def test_want_23_silence_is_no_machine_and_ends_no_call(tmp_path: Path) -> None:
    rig = await box(tmp_path, **AGAIN)
    customer = await answered(rig)
    await asyncio.sleep(NOBODY_SECONDS - 1)
    assert rig.events(CallConnected) == []
    await asyncio.sleep(1)
    assert len(rig.events(CallConnected)) == 1
    hears(rig, customer, "voice")
    await asyncio.sleep(60)
    assert why(rig) == []
    customer.remote_hangs_up()
    await all_over(rig)


async def test_an_engine_that_dies_in_a_word_makes_no_machine_of_it(tmp_path: Path) -> None:
    rig = await box(tmp_path, **AGAIN)
    customer = await answered(rig)
    hears(rig, customer, "voice")
    await asyncio.sleep(0.5)
    rig.media._up(False)
    await asyncio.sleep(60)
    assert (why(rig), len(rig.events(CallConnected))) == ([], 1)
    customer.remote_hangs_up()
    await all_over(rig)


@pytest.mark.parametrize("who", ["agent", "customer", "both"])
async def test_whoever_hangs_up_before_the_verdict_has_spoken(tmp_path: Path, who: str) -> None:
    rig = await box(tmp_path, **AGAIN)
    customer = await answered(rig)
    hears(rig, customer, "voice")
    await asyncio.sleep(1)
    if who != "agent":
        customer.remote_hangs_up()
    if who != "customer":
        rig.phones.rung[-1].remote_hangs_up()
    await all_over(rig)
    assert (why(rig), outcomes(rig)) == ([], ["call-back", "answered"])
    assert_all_free(rig)


async def test_nothing_cancels_a_call_back_that_is_on_the_phone(tmp_path: Path) -> None:
    rig = await box(tmp_path, **AGAIN, call_back_hours=0.1, call_back_attempts=1)
    rig.lines["out-1"].script = answers(1.0)
    await asyncio.sleep(1)
    customer = await answered(rig)
    [back] = open_call_backs(rig.centre)
    rig.centre.call_backs[back.id]("the caller rang again")
    await asyncio.sleep(0.5)
    assert customer.leg.state.value == "up"
    hears(rig, customer, "tone")
    await asyncio.sleep(1)
    assert why(rig) == [("no answer", "answering machine")]
    await all_over(rig)
    assert outcomes(rig) == ["call-back", "unanswered"]


async def test_a_brain_that_dies_before_the_verdict_calls_again(tmp_path: Path) -> None:
    rig = await box(tmp_path, **AGAIN)
    hears(rig, await answered(rig), "voice")
    life = await killed(tmp_path, rig, **with_call_back(**AGAIN))
    line = life.lines["out-1"]
    line.script = answers(1.0)
    while not line.dialled.empty():
        line.dialled.get_nowait()
    life.rig.phones.behave = answers_after(1)
    async with life.running() as after:
        await asyncio.sleep(5 + NOBODY_SECONDS)
        assert len(after.events(CallConnected)) == 1
        line.dialled.get_nowait().remote_hangs_up()
        await asyncio.sleep(3)
        assert after.acd.agents["ana"].state.value == "ready"
    assert outcomes(rig) + life.outcomes() == ["call-back", "answered"]
