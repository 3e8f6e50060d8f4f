"""One caller's visit, from ring to row, and every moment at which somebody can hang up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.calls.story import Story
from appliance.events import (
    AgentOffered,
    CallEnded,
    HoldEnded,
    HoldStarted,
    OfferEnded,
    TalkEnded,
    WrapUpEnded,
)
from drivers.port import DriverError, EndCause, LegState
from tests.appliance.calls.rig import Caller, Rig, ScriptedPhone, answers_after, ends_after
from tests.appliance.calls.steps import assert_all_free, talking


async def test_a_call_goes_from_ring_to_wrap_up_and_leaves_its_whole_story(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, phone = await talking(rig)
    assert rig.phones.shown == [("+15550123", "sales")]
    assert rig.media.hearing() == {(caller.leg.id, phone.id), (phone.id, caller.leg.id)}
    assert rig.media.recording_ids() == [caller.call.id]
    phone.remote_hangs_up()
    assert await caller.gone() == "answered"
    assert rig.acd.agents["ana"].state.value == "wrap-up"
    await asyncio.sleep(10)
    assert rig.acd.agents["ana"].state.value == "ready"
    assert [word for word in rig.words() if word != "AgentChanged"] == [
        "CallArrived",
        "CallAnswered",
        "MenuEntered",
        "MenuLeft",
        "CallQueued",
        "AgentOffered",
        "AgentRinging",
        "OfferEnded",
        "RecordingStarted",
        "CallConnected",
        "RecordingEnded",
        "TalkEnded",
        "WrapUpStarted",
        "CallEnded",
        "WrapUpEnded",
    ]
    assert_all_free(rig)


async def test_replaying_the_journal_gives_the_same_story(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, phone = await talking(rig)
    replayed = Story(caller.call.id)
    for stamped in rig.stamped:
        if stamped.event.call_id == caller.call.id:
            replayed.apply(stamped)
    assert replayed == caller.call.story
    phone.remote_hangs_up()
    await caller.gone()


@pytest.mark.parametrize("by", ["caller", "agent"])
async def test_either_side_may_hang_up_a_conversation(tmp_path: Path, by: str) -> None:
    rig = Rig(tmp_path)
    caller, phone = await talking(rig)
    (caller.leg if by == "caller" else phone).remote_hangs_up()
    assert await caller.gone() == "answered"
    assert [event.by for event in rig.events(TalkEnded)] == [by]
    assert_all_free(rig)


async def test_a_caller_who_leaves_while_ringing_was_never_queued(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller = rig.caller()
    caller.leg.slow_answer = 5
    await asyncio.sleep(1)
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "menu"
    assert "CallAnswered" not in rig.words()
    assert_all_free(rig)


async def test_a_caller_who_leaves_in_the_menu_counts_for_the_menu(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller = rig.caller()
    await asyncio.sleep(1)
    assert caller.stage == "menu"
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "menu"
    assert_all_free(rig)


async def test_a_caller_who_hangs_up_while_waiting_is_abandoned(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller = rig.caller()
    await caller.presses("1")
    assert caller.stage == "waiting"
    assert rig.media.heard_now(caller.leg.id) == ["music"]
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "abandoned"
    assert_all_free(rig)


async def test_a_caller_who_hangs_up_while_the_agent_rings_frees_the_agent(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.acd.log_in("ana")
    rig.phones.behave = answers_after(60)
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(1)
    assert caller.stage == "agent ringing"
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "abandoned"
    assert [event.result for event in rig.events(OfferEnded)] == ["caller left"]
    assert rig.acd.agents["ana"].state.value == "ready"
    assert_all_free(rig)


@pytest.mark.parametrize("first", ["caller", "agent"])
async def test_a_hang_up_in_the_very_tick_of_the_answer_loses_nobody(tmp_path: Path, first: str) -> None:
    rig = Rig(tmp_path)
    rig.acd.log_in("ana")
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(1)
    phone = rig.phones.rung[-1]
    phone.moved(LegState.RINGING)
    if first == "caller":
        caller.leg.remote_hangs_up()
        phone.moved(LegState.UP)
    else:
        phone.moved(LegState.UP)
        caller.leg.remote_hangs_up()
    outcome = await caller.gone()
    assert outcome in ("abandoned", "answered")
    await asyncio.sleep(15)
    assert rig.acd.agents["ana"].state.value == "ready"
    assert_all_free(rig)


@pytest.mark.parametrize("ticks", range(8))
async def test_a_hang_up_any_number_of_ticks_after_the_answer_loses_nobody(
    tmp_path: Path, ticks: int
) -> None:
    rig = Rig(tmp_path)
    rig.acd.log_in("ana")
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(1)
    rig.phones.rung[-1].moved(LegState.UP)
    for _ in range(ticks):
        await asyncio.sleep(0)
    caller.leg.remote_hangs_up()
    await caller.gone()
    await asyncio.sleep(15)
    assert rig.acd.agents["ana"].state.value == "ready"
    assert_all_free(rig)


async def test_an_agent_who_does_not_answer_is_paused_and_the_next_is_rung(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.acd.log_in("ana")
    await asyncio.sleep(1)
    rig.acd.log_in("ben")
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(21)
    ana = rig.acd.agents["ana"]
    assert (ana.state.value, ana.reason) == ("paused", "no answer")
    assert [event.agent for event in rig.events(AgentOffered)] == ["ana", "ben"]
    assert rig.media.heard_now(caller.leg.id) == ["music"]
    caller.leg.remote_hangs_up()
    await caller.gone()


@pytest.mark.parametrize(
    ("cause", "reason"),
    [(EndCause.BUSY, "busy"), (EndCause.REJECTED, "rejected"), (EndCause.FAILED, "failed")],
)
async def test_a_phone_that_turns_the_call_away_pauses_its_agent(
    tmp_path: Path, cause: EndCause, reason: str
) -> None:
    rig = Rig(tmp_path)
    rig.acd.log_in("ana")
    rig.phones.behave = ends_after(0.2, cause)
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(1)
    assert rig.acd.agents["ana"].reason == reason
    assert caller.stage == "waiting"
    rig.phones.behave = answers_after(1)
    rig.acd.resume("ana")
    await asyncio.sleep(2)
    assert caller.stage == "talking"
    caller.leg.remote_hangs_up()
    await caller.gone()


async def test_a_phone_that_forwards_is_followed_for_its_agent_or_the_agent_is_paused(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).opened()
    rig.acd.log_in("ana")
    rig.phones.behave = lambda leg: leg.ends(302, EndCause.FAILED, "<sip:030123456@x>")
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(3)
    assert (caller.stage, caller.call.story.agent) == ("talking", "ana")  # at home
    far = rig.lines["out-1"].dialled.get_nowait()
    assert rig.media.hearing() == {(caller.leg.id, far.leg.id), (far.leg.id, caller.leg.id)}
    far.remote_hangs_up()
    assert await caller.gone() == "answered"
    assert rig.acd.agents["ana"].state.value == "wrap-up"
    rig.phones.behave = lambda leg: leg.ends(302, EndCause.FAILED, "<sip:0900666@evil.example>")
    again = rig.caller()
    await again.presses("1")
    await asyncio.sleep(12)
    assert (rig.acd.agents["ana"].state.value, rig.acd.agents["ana"].reason) == ("paused", "forwarded")
    again.leg.remote_hangs_up()
    await again.gone()


async def test_a_caller_from_a_trunk_who_sends_nothing_does_not_wait_for_ever(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    leg = ScriptedPhone(id="trunk-leg", peer="+15550123", state=LegState.RINGING)
    caller = Caller(rig, "+15550123", leg=leg)
    await caller.presses("1")
    leg._silent(asyncio.get_running_loop().time())
    await asyncio.sleep(40)
    assert caller.stage == "waiting"
    await asyncio.sleep(30)
    assert await caller.gone() == "abandoned"
    assert [event.by for event in rig.events(CallEnded)] == ["silence"]


async def test_a_worker_that_dies_while_ringing_does_not_blame_the_agent(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.acd.log_in("ana")
    rig.phones.refuse = DriverError("no SIP worker")
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(1)
    rig.phones.refuse = None
    rig.phones.behave = answers_after(0.5)
    await asyncio.sleep(2)
    assert caller.stage == "talking"
    caller.leg.remote_hangs_up()
    await caller.gone()


async def test_an_agents_leg_lost_with_its_worker_brings_the_caller_back_to_the_head(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, phone = await talking(rig)
    place = caller.call.story.place
    phone.moved(LegState.ENDED, EndCause.PORT_LOST)
    await asyncio.sleep(1)
    assert (caller.stage, caller.call.story.place) == ("waiting", place)
    await asyncio.sleep(12)
    assert caller.stage == "talking"
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "answered"
    await asyncio.sleep(12)
    assert_all_free(rig)


async def test_a_caller_whose_agent_is_lost_hears_an_apology_instead_of_the_greeting(tmp_path: Path) -> None:
    prompts = {name: f"{name}.wav" for name in ("welcome", "wrong", "music", "hello", "apology")}
    queues = {"sales": {"agents": ["ana"], "greeting": "hello", "music": "music"}}
    rig = Rig(tmp_path, prompts=prompts, queues=queues)
    caller, phone = await talking(rig)
    phone.moved(LegState.ENDED, EndCause.PORT_LOST)
    await asyncio.sleep(3)
    assert rig.media.heard[-2:] == [(caller.leg.id, "apology"), (caller.leg.id, "music")]
    assert caller.stage == "waiting"
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "answered"
    await asyncio.sleep(12)
    assert_all_free(rig)


async def test_a_line_that_is_unplugged_ends_its_call_as_failed(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller = rig.caller()
    await caller.presses("1")
    caller.leg.moved(LegState.ENDED, EndCause.PORT_LOST)
    assert await caller.gone() == "failed"
    assert_all_free(rig)


async def test_a_key_counts_while_the_prompt_still_plays(tmp_path: Path) -> None:
    """Want 8."""
    rig = Rig(tmp_path)
    caller = rig.caller()
    await caller.presses("1", after=0.1)
    assert caller.stage == "waiting"
    caller.leg.remote_hangs_up()
    await caller.gone()


async def test_a_wrong_key_is_told_and_the_menu_asks_again_until_it_gives_up(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller = rig.caller()
    await caller.presses("7")
    await caller.presses("7", after=3)
    assert await caller.gone() == "menu"
    assert [name for _, name in rig.media.heard] == ["welcome", "wrong", "welcome", "wrong"]
    assert rig.events(CallEnded)[0].by == "box"
    assert_all_free(rig)


async def test_a_key_may_lead_straight_to_one_agent(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.acd.log_in("ben")
    rig.phones.behave = answers_after(1)
    caller = rig.caller()
    await caller.presses("2")
    await asyncio.sleep(2)
    assert (caller.stage, caller.call.story.agent) == ("talking", "ben")
    caller.leg.remote_hangs_up()
    await caller.gone()


async def test_a_wait_that_grows_too_long_goes_to_the_overflow(tmp_path: Path) -> None:
    queues = {"sales": {"agents": ["ana"], "max_wait_seconds": 30, "overflow": "hangup"}}
    rig = Rig(tmp_path, queues=queues)
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(31)
    assert await caller.gone() == "blocked"
    assert_all_free(rig)


async def test_a_queue_without_music_plays_the_countrys_ring_back_tone(tmp_path: Path) -> None:
    rig = Rig(tmp_path, queues={"sales": {"agents": ["ana"]}}, box={"country": "de"})
    caller = rig.caller()
    await caller.presses("1")
    assert rig.media.heard_now(caller.leg.id) == ["ringback of de"]
    caller.leg.remote_hangs_up()
    await caller.gone()


@pytest.mark.parametrize("form", ["pcm16", "alaw", "ulaw"])
async def test_a_call_is_recorded_in_the_format_of_the_configuration(tmp_path: Path, form: str) -> None:
    rig = Rig(tmp_path, recording={"format": form})
    caller, phone = await talking(rig)
    assert rig.media.recording_formats() == [form]
    phone.remote_hangs_up()
    await caller.gone()


async def test_a_caller_is_told_of_the_recording_before_any_agent_is_rung(tmp_path: Path) -> None:
    rig = Rig(tmp_path, recording={"announce": "wrong"})
    rig.acd.log_in("ana")
    caller = rig.caller()
    await caller.presses("1")
    assert rig.media.heard_now(caller.leg.id) == ["wrong"]
    assert rig.phones.rung == []
    await asyncio.sleep(2)
    assert caller.stage == "agent ringing"
    caller.leg.remote_hangs_up()
    await caller.gone()


@pytest.mark.parametrize(
    ("number", "shown"), [("", "anonymous"), ('">\r\nVia: x', "anonymous"), ("*31#0", "*310")]
)
async def test_a_phone_is_never_shown_what_would_break_its_header(
    tmp_path: Path, number: str, shown: str
) -> None:
    rig = Rig(tmp_path)
    rig.acd.log_in("ana")
    caller = rig.caller(number)
    await caller.presses("1")
    assert rig.phones.shown == [(shown, "sales")]
    caller.leg.remote_hangs_up()
    await caller.gone()


async def test_hold_gives_the_caller_music_and_is_timed(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, phone = await talking(rig)
    phone.held_by_far_end(True)
    await asyncio.sleep(3)
    assert rig.media.heard_now(caller.leg.id) == ["music"]
    phone.held_by_far_end(False)
    await asyncio.sleep(0.1)
    assert rig.media.heard_now(caller.leg.id) == []
    phone.held_by_far_end(True)
    await asyncio.sleep(1)
    caller.leg.remote_hangs_up()
    await caller.gone()
    assert len(rig.events(HoldStarted)) == len(rig.events(HoldEnded)) == 2
    assert_all_free(rig)


async def test_the_agent_may_end_wrap_up_early_and_gets_the_next_caller(tmp_path: Path) -> None:
    """Want 3: nobody is rung while writing up, and at once after it."""
    rig = Rig(tmp_path)
    caller, phone = await talking(rig)
    second = rig.caller("+15550456")
    await second.presses("1")
    phone.remote_hangs_up()
    await caller.gone()
    assert second.stage == "waiting"
    rig.centre.desk.end_wrap_up("ana")
    await asyncio.sleep(2)
    assert second.stage == "talking"
    assert [event.by for event in rig.events(WrapUpEnded)] == ["agent"]
    second.leg.remote_hangs_up()
    await second.gone()


async def test_a_box_that_stops_hangs_up_and_says_that_it_did(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, _ = await talking(rig)
    caller.visit.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller.visit
    await rig.centre.chores_done(3)
    assert rig.events(CallEnded)[0].by == "box"
    assert_all_free(rig)


async def test_a_caller_goes_back_to_the_queue_when_the_agents_only_phone_has_gone(tmp_path: Path) -> None:
    rig = Rig(tmp_path, agents={"ana": {}, "ben": {}})
    rig.centre.registered = lambda agent: True
    caller, phone = await talking(rig)
    phone._silent(asyncio.get_running_loop().time())
    await asyncio.sleep(20)
    assert caller.stage == "talking"  # it is registered: only the way of its sound is lost
    rig.centre.registered = lambda agent: False
    await asyncio.sleep(4)
    assert caller.stage == "waiting"
    assert phone.state is LegState.ENDED
    caller.leg.remote_hangs_up()
    await caller.gone()
