"""Transfers: blind and attended, by REFER and by command, and what becomes of everybody when they fail."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.acd.agent import AgentRefused
from appliance.events import (
    CallConnected,
    CallEnded,
    CallQueued,
    HoldEnded,
    HoldStarted,
    RecordingStarted,
    TransferEnded,
)
from appliance.line_events import LineDialEnded
from drivers.port import EndCause, LegState
from drivers.virtual import fails, never
from tests.appliance.calls.rig import Caller, Rig, ScriptedPhone, answers_after, ends_after
from tests.appliance.calls.steps import (
    SOON,
    all_over,
    both_ways,
    consulting,
    outside,
    replayed,
    talking,
)

NUMBER = "030123456"


def results(rig: Rig) -> list[str]:
    return [event.result for event in rig.events(TransferEnded) if isinstance(event, TransferEnded)]


async def assert_same_story(rig: Rig, caller: Caller) -> None:
    """The journal tells the same of the call, and nothing stays behind."""
    await all_over(rig)
    assert replayed(rig, caller.call.id) == caller.call.story
    assert caller.call.story.outcome == "answered"


async def test_a_blind_transfer_gives_the_caller_music_then_the_colleague(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, ana = await talking(rig)
    rig.phones.behave = answers_after(5)
    ana.refers("22")
    await asyncio.sleep(1)
    assert rig.media.heard_now(caller.leg.id) == ["music"]
    assert rig.media.hearing() == set()
    assert ana.told == [(100, False)]
    assert caller.stage == "being transferred"
    await asyncio.sleep(5)
    ben = rig.phones.rung[-1]
    assert ana.told == [(100, False), (200, True)]
    assert rig.media.hearing() == both_ways(caller.leg.id, ben.id)
    assert rig.media.heard_now(caller.leg.id) == []
    assert (ana.state, rig.acd.agents["ana"].state.value) == (LegState.ENDED, "wrap-up")
    assert (caller.stage, caller.call.story.agent) == ("talking", "ben")
    assert len(rig.events(RecordingStarted)) == 2
    ben.remote_hangs_up()
    await assert_same_story(rig, caller)
    assert results(rig) == ["done"]
    assert len(rig.events(HoldStarted)) == len(rig.events(HoldEnded))


async def test_a_phone_that_hangs_up_as_soon_as_it_has_referred_is_in_wrap_up_meanwhile(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path)
    caller, ana = await talking(rig)
    rig.phones.behave = answers_after(5)
    ana.refers("22")
    await asyncio.sleep(0.5)
    ana.remote_hangs_up()
    await asyncio.sleep(1)
    assert rig.acd.agents["ana"].state.value == "wrap-up"
    assert rig.media.heard_now(caller.leg.id) == ["music"]
    await asyncio.sleep(5)
    assert rig.media.hearing() == both_ways(caller.leg.id, rig.phones.rung[-1].id)
    caller.leg.remote_hangs_up()
    await assert_same_story(rig, caller)


@pytest.mark.parametrize(
    ("cause", "code", "result"),
    [(EndCause.BUSY, 486, "busy"), (EndCause.REJECTED, 603, "rejected"), (EndCause.FAILED, 503, "failed")],
)
async def test_a_target_that_refuses_leaves_the_conversation_as_it_was(
    tmp_path: Path, cause: EndCause, code: int, result: str
) -> None:
    rig = Rig(tmp_path)
    caller, ana = await talking(rig)
    rig.phones.behave = ends_after(1, cause)
    ana.refers("22")
    await asyncio.sleep(2)
    assert ana.told == [(100, False), (code, True)]
    assert rig.media.hearing() == both_ways(caller.leg.id, ana.id)
    assert (caller.stage, rig.acd.agents["ana"].state.value) == ("talking", "talking")
    ana.remote_hangs_up()
    await assert_same_story(rig, caller)
    assert results(rig) == [result]


async def test_a_target_that_rings_out_when_the_agent_is_gone_sends_the_caller_to_the_head(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path)
    caller, ana = await talking(rig)
    later = rig.caller("+15550456")
    await later.presses("1")
    place = caller.call.story.place
    rig.phones.behave = lambda leg: None
    ana.refers("22")
    await asyncio.sleep(0.5)
    ana.remote_hangs_up()
    await asyncio.sleep(46)
    story = caller.call.story
    assert (caller.stage in ("waiting", "agent ringing"), story.queue, story.place) == (True, "sales", place)
    assert next(iter(rig.acd.queues["sales"])).call_id == caller.call.id
    caller.leg.remote_hangs_up()
    later.leg.remote_hangs_up()
    await asyncio.sleep(60)
    await assert_same_story(rig, caller)


async def test_a_caller_who_leaves_while_transferred_frees_the_one_who_is_rung(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, ana = await talking(rig)
    rig.phones.behave = lambda leg: None
    ana.refers("22")
    await asyncio.sleep(1)
    ben = rig.phones.rung[-1]
    caller.leg.remote_hangs_up()
    await asyncio.sleep(SOON)
    assert (ben.state, ana.state) == (LegState.ENDED, LegState.ENDED)
    await assert_same_story(rig, caller)
    assert results(rig) == ["dropped"]


async def test_a_transfer_to_a_queue_is_done_at_once_and_keeps_the_place(tmp_path: Path) -> None:
    """Want 6."""
    queues = {
        "sales": {"agents": ["ana"], "music": "music"},
        "service": {"agents": ["ben"], "music": "music"},
    }
    rig = Rig(tmp_path, queues=queues)
    caller, ana = await talking(rig)
    ana.refers("service")
    await asyncio.sleep(SOON)
    assert ana.told == [(100, False), (200, True)]
    assert (caller.stage, caller.call.story.queue) == ("waiting", "service")
    assert [e.queue for e in rig.events(CallQueued)] == ["sales", "service"]
    assert rig.acd.agents["ana"].state.value == "wrap-up"
    rig.acd.log_in("ben")
    await asyncio.sleep(2)
    assert (caller.stage, caller.call.story.agent) == ("talking", "ben")
    caller.leg.remote_hangs_up()
    await assert_same_story(rig, caller)


async def test_a_transfer_outside_needs_the_permission_of_the_agent(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).opened()
    caller, ana = await talking(rig)
    ana.refers("0900123456")
    await asyncio.sleep(SOON)
    assert ana.told[-1][0] in (403, 404, 484)
    assert caller.stage == "talking"
    ana.refers(NUMBER)
    await asyncio.sleep(3)
    far = await outside(rig)
    assert rig.media.hearing() == both_ways(caller.leg.id, far.leg.id)
    await asyncio.sleep(30)
    caller.leg.remote_hangs_up()
    await assert_same_story(rig, caller)
    assert len(rig.events(LineDialEnded)) == 1


async def test_an_attended_transfer_joins_caller_and_colleague_and_ends_both_legs_of_the_agent(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path)
    caller, first, second = await consulting(rig)
    ben = rig.phones.rung[-1]
    assert rig.media.hearing() == both_ways(second.id, ben.id)
    assert rig.media.heard_now(caller.leg.id) == ["music"]
    first.refers(replaces=second)
    await asyncio.sleep(SOON)
    assert rig.media.hearing() == both_ways(caller.leg.id, ben.id)
    assert first.told == [(100, False), (200, True)]
    assert (first.state, second.state, ben.state) == (LegState.ENDED, LegState.ENDED, LegState.UP)
    assert (caller.stage, caller.call.story.agent) == ("talking", "ben")
    assert ben.label == caller.call.id
    assert rig.acd.agents["ana"].state.value == "wrap-up"
    assert len(rig.centre.calls) == 1
    ben.remote_hangs_up()
    await assert_same_story(rig, caller)
    assert [e.outcome for e in rig.events(CallEnded)] == ["answered", "answered"]


async def test_an_attended_transfer_may_be_asked_for_on_either_line(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).opened()
    caller, first, second = await consulting(rig, NUMBER)
    far = await outside(rig)
    second.refers(replaces=first)
    await asyncio.sleep(SOON)
    assert rig.media.hearing() == both_ways(caller.leg.id, far.leg.id)
    assert list(rig.centre.calls) == [caller.call.id]
    far.remote_hangs_up()
    await assert_same_story(rig, caller)
    assert len(rig.events(LineDialEnded)) == 1


async def test_an_attended_transfer_of_a_call_that_still_rings_rings_for_the_caller(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, first = await talking(rig)
    rig.phones.behave = lambda leg: None
    first.held_by_far_end(True)
    second = rig.calls("ana", "22")
    await asyncio.sleep(2)
    rig.phones.behave = answers_after(2)
    first.refers(replaces=second)
    await asyncio.sleep(3)
    ben = rig.phones.rung[-1]
    assert rig.media.hearing() == both_ways(caller.leg.id, ben.id)
    assert second.state is LegState.ENDED
    ben.remote_hangs_up()
    await assert_same_story(rig, caller)


async def test_nobody_takes_over_a_call_that_is_not_his(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, ana = await talking(rig)
    rig.phones.behave = answers_after(1)
    ben = rig.calls("eva", "22")
    await asyncio.sleep(2)
    ben.refers(replaces=ana)
    ben.refers(replaces=ScriptedPhone(id="never", peer="", state=LegState.DIALING))
    await asyncio.sleep(SOON)
    assert ben.told == [(481, True), (481, True)]
    assert rig.media.hearing() == both_ways(caller.leg.id, ana.id) | both_ways(ben.id, rig.phones.rung[-1].id)
    ben.remote_hangs_up()
    caller.leg.remote_hangs_up()
    await assert_same_story(rig, caller)


async def test_an_agent_hands_on_a_call_that_was_the_agents_own(tmp_path: Path) -> None:
    """The other party is who the call is for then."""
    rig = await Rig(tmp_path).opened()
    ana = rig.calls("ana", NUMBER)
    await asyncio.sleep(3)
    far = await outside(rig)
    rig.phones.behave = answers_after(2)
    ana.refers("22")
    await asyncio.sleep(3)
    ben = rig.phones.rung[-1]
    assert rig.media.hearing() == both_ways(far.leg.id, ben.id)
    assert ana.state is LegState.ENDED
    ben.refers("sales")
    await asyncio.sleep(SOON)
    [call] = rig.centre.calls.values()
    assert (call.story.stage.value, call.leg.id) == ("waiting", far.leg.id)
    rig.acd.log_in("ana")
    await asyncio.sleep(3)
    assert call.story.stage.value == "talking"
    far.remote_hangs_up()
    await all_over(rig)
    assert [e.outcome for e in rig.events(CallEnded)] == ["answered"]
    assert replayed(rig, call.id) == call.story


async def test_the_same_by_command(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).opened()
    caller, ana = await talking(rig)
    commands = rig.desk.commands()
    commands["hold"]("ana", "")
    assert rig.media.heard_now(caller.leg.id) == ["music"]
    assert rig.media.hearing() == set()
    commands["resume"]("ana", "")
    assert rig.media.hearing() == both_ways(caller.leg.id, ana.id)
    commands["consult"]("ana", "22")
    await asyncio.sleep(0.5)
    assert rig.media.heard_now(ana.id) == ["ringback of de"]
    assert rig.media.heard_now(caller.leg.id) == ["music"]
    await asyncio.sleep(2)
    ben = rig.phones.rung[-1]
    assert rig.media.hearing() == both_ways(ana.id, ben.id)
    commands["back"]("ana", "")
    await asyncio.sleep(SOON)
    assert (ben.state, rig.media.hearing()) == (LegState.ENDED, both_ways(caller.leg.id, ana.id))
    commands["consult"]("ana", "22")
    await asyncio.sleep(2)
    commands["complete"]("ana", "")
    await asyncio.sleep(SOON)
    assert rig.media.hearing() == both_ways(caller.leg.id, rig.phones.rung[-1].id)
    commands["transfer"]("ben", "21")
    await asyncio.sleep(2)
    assert caller.call.story.agent == "ana"
    commands["hangup"]("ana", "")
    await assert_same_story(rig, caller)


async def test_commands_say_why_they_cannot(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, _ = await talking(rig)
    commands = rig.desk.commands()
    for command, agent, text in (
        ("transfer", "ben", "21"),
        ("transfer", "ana", "21"),
        ("transfer", "ana", "no such"),
        ("consult", "ana", "sales"),
        ("complete", "ana", ""),
        ("conference", "ana", ""),
        ("back", "ana", ""),
    ):
        with pytest.raises(AgentRefused):
            commands[command](agent, text)
    assert caller.stage == "talking"
    caller.leg.remote_hangs_up()
    await assert_same_story(rig, caller)


async def test_a_second_wish_waits_for_the_first_to_be_seen_to(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, ana = await talking(rig)
    rig.phones.behave = lambda leg: None
    ana.refers("22")
    await asyncio.sleep(SOON)
    ana.refers("22")
    await asyncio.sleep(SOON)
    assert ana.told == [(100, False), (491, True)]
    rig.desk.commands()["back"]("ana", "")
    await asyncio.sleep(SOON)
    assert (caller.stage, rig.media.hearing()) == ("talking", both_ways(caller.leg.id, ana.id))
    ana.remote_hangs_up()
    await assert_same_story(rig, caller)


async def test_an_agent_who_hangs_up_while_somebody_is_asked_means_a_transfer(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, ana = await talking(rig)
    rig.phones.behave = answers_after(3)
    rig.desk.commands()["consult"]("ana", "22")
    await asyncio.sleep(1)
    ana.remote_hangs_up()
    await asyncio.sleep(3)
    assert rig.media.hearing() == both_ways(caller.leg.id, rig.phones.rung[-1].id)
    assert results(rig) == ["done"]
    caller.leg.remote_hangs_up()
    await assert_same_story(rig, caller)


@pytest.mark.parametrize("who", ["caller", "ana", "ben", "box"])
@pytest.mark.parametrize("ticks", range(10))
async def test_a_hang_up_at_any_tick_around_the_targets_answer_loses_nobody(
    tmp_path: Path, who: str, ticks: int
) -> None:
    rig = Rig(tmp_path)
    caller, ana = await talking(rig)
    rig.phones.behave = lambda leg: None
    ana.refers("22")
    await asyncio.sleep(1)
    ben = rig.phones.rung[-1]
    ben.moved(LegState.UP)
    for _ in range(ticks):
        await asyncio.sleep(0)
    match who:
        case "caller":
            caller.leg.remote_hangs_up()
        case "box":
            caller.visit.cancel()
        case _:
            (ana if who == "ana" else ben).remote_hangs_up()
    await asyncio.sleep(1)
    caller.leg.remote_hangs_up()
    await asyncio.wait({caller.visit})
    await all_over(rig)


async def test_a_transfer_outside_that_nobody_takes_returns_to_the_agent(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).opened()
    rig.lines["out-1"].script = fails(EndCause.BUSY)
    caller, ana = await talking(rig)
    ana.refers(NUMBER)
    await asyncio.sleep(3)
    assert ana.told[-1] == (486, True)
    assert rig.media.hearing() == both_ways(caller.leg.id, ana.id)
    rig.lines["out-1"].script = never()
    ana.refers(NUMBER)
    await asyncio.sleep(100)
    assert ana.told[-1] == (480, True)
    assert [event.agent for event in rig.events(CallConnected)] == ["ana"]
    ana.remote_hangs_up()
    await assert_same_story(rig, caller)
