"""A5: an agent at a number outside presses 1, or stays connected; states and figures are as of any other."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from appliance.acd.agent import AgentState
from appliance.agent_events import AgentLegDown, AgentLegUp
from appliance.calls.agent_legs import AgentLegs
from appliance.calls.agent_phone import serve_code
from appliance.events import OfferEnded
from drivers.port import LegState
from drivers.virtual import FarEnd, fails, never
from tests.appliance.calls.rig import CONFIG, Caller, Rig, ScriptedPhone, answers_after
from tests.appliance.calls.second_life import killed
from tests.appliance.calls.steps import all_over, both_ways, outside, replayed

HOME = {"phone": "number:+4930123456", "extension": "24", "permission": "all"}
QUEUES = {"sales": {"agents": ["kim"], "ring_seconds": 20, "wrap_up_seconds": 10, "music": "music"}}


def site(**more: Any) -> dict[str, Any]:
    agents = {**CONFIG["agents"], "kim": {**HOME, **more}}  # type: ignore[dict-item]
    return {"agents": agents, "queues": QUEUES}


async def rig_of(tmp_path: Path, **more: Any) -> Rig:
    rig = await Rig(tmp_path, **site(**more)).opened()
    AgentLegs(rig.centre)
    return rig


async def waits(rig: Rig) -> Caller:
    caller = rig.caller()
    await caller.presses("1")
    return caller


async def connected(rig: Rig) -> FarEnd:
    """kim logs in, is dialled and presses 1."""
    rig.centre.desk.log_in("kim")
    assert rig.acd.agents["kim"].state is AgentState.PAUSED
    await asyncio.sleep(2)
    home = await outside(rig)
    home.press("1")
    await asyncio.sleep(1)
    assert rig.acd.agents["kim"].state is AgentState.READY
    return home


async def test_an_agent_outside_is_dialled_and_has_the_caller_after_pressing_1(tmp_path: Path) -> None:
    rig = await rig_of(tmp_path)
    rig.acd.log_in("kim")
    caller = await waits(rig)
    await asyncio.sleep(2)
    home = await outside(rig)
    assert (home.leg.peer, caller.stage) == ("+4930123456", "agent ringing")
    home.press("1")
    await asyncio.sleep(0.5)
    assert (caller.stage, rig.acd.agents["kim"].state) == ("talking", AgentState.TALKING)
    assert rig.media.hearing() == both_ways(caller.call.caller.port, home.leg.id)
    assert replayed(rig, caller.call.id) == caller.call.story
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "answered"
    assert rig.acd.agents["kim"].state is AgentState.WRAP_UP
    assert home.leg.state is LegState.ENDED
    await all_over(rig)


async def test_a_mailbox_that_answers_swallows_no_caller(tmp_path: Path) -> None:
    rig = await rig_of(tmp_path)
    rig.acd.log_in("kim")
    caller = await waits(rig)
    await asyncio.sleep(60)
    home = await outside(rig)
    assert home.leg.state is LegState.ENDED
    assert caller.stage == "waiting"
    assert [event.result for event in rig.events(OfferEnded)] == ["no answer"]
    assert rig.acd.agents["kim"].state is AgentState.PAUSED
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "abandoned"
    await all_over(rig)


@pytest.mark.parametrize("moment", ["dialling", "asked"])
async def test_a_caller_who_leaves_meanwhile_leaves_no_leg_behind(tmp_path: Path, moment: str) -> None:
    rig = await rig_of(tmp_path)
    if moment == "dialling":
        rig.lines["out-1"].script = never()
    rig.acd.log_in("kim")
    caller = await waits(rig)
    await asyncio.sleep(3)
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "abandoned"
    assert rig.acd.agents["kim"].state is AgentState.READY
    await all_over(rig)


async def test_another_key_refuses_the_call(tmp_path: Path) -> None:
    rig = await rig_of(tmp_path)
    rig.acd.log_in("kim")
    caller = await waits(rig)
    await asyncio.sleep(2)
    (await outside(rig)).press("9")
    await asyncio.sleep(1)
    assert caller.stage == "waiting"
    caller.leg.remote_hangs_up()
    await caller.gone()
    await all_over(rig)


async def test_what_the_agent_may_not_dial_is_not_dialled(tmp_path: Path) -> None:
    rig = await rig_of(tmp_path, permission="")
    rig.acd.log_in("kim")
    caller = await waits(rig)
    await asyncio.sleep(2)
    assert rig.lines["out-1"].leg is None
    assert rig.acd.agents["kim"].state is AgentState.PAUSED
    caller.leg.remote_hangs_up()
    await caller.gone()


async def test_an_agent_stays_connected_and_gets_calls_at_once(tmp_path: Path) -> None:
    rig = await rig_of(tmp_path, stay_connected=True)
    home = await connected(rig)
    for _ in range(2):
        caller = await waits(rig)
        await asyncio.sleep(0.2)
        assert caller.stage == "talking"
        assert rig.media.heard_now(home.leg.id) == ["call_waiting of de"]
        assert rig.media.hearing() == both_ways(caller.call.caller.port, home.leg.id)
        caller.leg.remote_hangs_up()
        await caller.gone()
        assert (home.leg.state, rig.media.hearing()) == (LegState.UP, set())
        await asyncio.sleep(12)
    rig.centre.desk.log_out("kim")
    await asyncio.sleep(1)
    assert home.leg.state is LegState.ENDED
    assert (len(rig.events(AgentLegUp)), len(rig.events(AgentLegDown))) == (1, 1)
    await all_over(rig)


async def test_hanging_up_the_standing_leg_logs_out_and_the_caller_is_served_by_others(
    tmp_path: Path,
) -> None:
    rig = await rig_of(tmp_path, stay_connected=True)
    home = await connected(rig)
    caller = await waits(rig)
    await asyncio.sleep(1)
    home.remote_hangs_up()
    await asyncio.sleep(15)
    assert rig.acd.agents["kim"].state is AgentState.OFFLINE
    assert await caller.gone() == "answered"
    await all_over(rig)


async def test_hanging_up_by_command_ends_the_conversation_alone(tmp_path: Path) -> None:
    rig = await rig_of(tmp_path, stay_connected=True)
    home = await connected(rig)
    caller = await waits(rig)
    await asyncio.sleep(1)
    rig.desk.hang_up("kim")
    await caller.gone()
    assert (caller.leg.state, home.leg.state) == (LegState.ENDED, LegState.UP)
    home.remote_hangs_up()
    await all_over(rig)


async def test_an_agent_who_cannot_be_connected_is_logged_out(tmp_path: Path) -> None:
    rig = await rig_of(tmp_path, stay_connected=True)
    rig.lines["out-1"].script = fails()
    rig.lines["out-2"].script = fails()
    rig.centre.desk.log_in("kim")
    await asyncio.sleep(10)
    assert rig.acd.agents["kim"].state is AgentState.OFFLINE
    await all_over(rig)


async def test_an_agents_own_phone_stays_connected_by_code(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    AgentLegs(rig.centre)
    leg = ScriptedPhone(id="ana-17", peer="sip:ana@x", state=LegState.RINGING, called="*17")
    rig.phones.calling.append(leg)
    await serve_code(leg, "ana", rig.centre)
    assert (leg.state, rig.acd.agents["ana"].state) == (LegState.UP, AgentState.READY)
    caller = await waits(rig)
    await asyncio.sleep(0.2)
    assert rig.media.hearing() == both_ways(caller.call.caller.port, "ana-17")
    assert rig.phones.rung == []
    caller.leg.remote_hangs_up()
    await caller.gone()
    leg.remote_hangs_up()
    await asyncio.sleep(15)
    assert rig.acd.agents["ana"].state is AgentState.OFFLINE
    await all_over(rig)


@pytest.mark.parametrize("talks", [True, False])
async def test_a_standing_leg_outlives_the_brain_in_a_call_or_not(tmp_path: Path, talks: bool) -> None:
    rig = Rig(tmp_path)
    AgentLegs(rig.centre)
    leg = ScriptedPhone(id="ana-17", peer="sip:ana@x", state=LegState.RINGING, called="*17")
    rig.phones.calling.append(leg)
    await serve_code(leg, "ana", rig.centre)
    caller = await waits(rig) if talks else None
    await asyncio.sleep(1)
    life = await killed(tmp_path, rig, *([caller.leg] if caller else []))
    async with life.running() as second:
        again = life.legs["ana-17"]
        assert again.state is LegState.UP
        if talks:
            assert second.acd.agents["ana"].state is AgentState.TALKING
            life.callers[0].remote_hangs_up()
            await asyncio.sleep(15)
        assert second.acd.agents["ana"].state is AgentState.READY
        next_one = second.caller("+15550999")
        await next_one.presses("1")
        await asyncio.sleep(0.2)
        assert next_one.stage == "talking"
        assert second.media.hearing() == both_ways(next_one.call.caller.port, "ana-17")
        assert second.phones.rung == []
        next_one.leg.remote_hangs_up()
        await next_one.gone()
        again.remote_hangs_up()
        await asyncio.sleep(15)


async def test_a_colleague_reaches_an_agent_outside_too(tmp_path: Path) -> None:
    rig = await rig_of(tmp_path)
    rig.phones.behave = answers_after(1)
    leg = rig.calls("ana", "24")
    await asyncio.sleep(2)
    home = await outside(rig)
    home.press("1")
    await asyncio.sleep(1)
    assert rig.media.hearing() == both_ways(leg.id, home.leg.id)
    leg.remote_hangs_up()
    await all_over(rig)


async def test_a_standing_leg_over_a_line_outlives_the_brain(tmp_path: Path) -> None:
    rig = await rig_of(tmp_path, stay_connected=True)
    home = await connected(rig)
    life = await killed(tmp_path, rig, **site(stay_connected=True))
    async with life.running() as second:
        assert second.acd.agents["kim"].state is AgentState.READY
        caller = second.caller()
        await caller.presses("1")
        await asyncio.sleep(0.2)
        assert caller.stage == "talking"
        leg = second.lines["out-1"].leg or life.lines["out-1"].leg
        assert leg is not None
        assert (leg.state, home.leg.peer) == (LegState.UP, leg.peer)
        assert second.centre.calls.keys() == {caller.call.id}
        caller.leg.remote_hangs_up()
        await caller.gone()
        await asyncio.sleep(12)
        assert second.acd.agents["kim"].state is AgentState.READY
        second.centre.desk.log_out("kim")
        await asyncio.sleep(1)
        assert leg.state is LegState.ENDED


async def test_an_agent_calls_from_outside_and_stays_connected(tmp_path: Path) -> None:
    menu = {**CONFIG["menus"]["main"], "keys": {"1": "queue:sales", "5": "sign-in"}}  # type: ignore[index]
    rig = Rig(tmp_path, menus={"main": menu})
    AgentLegs(rig.centre)

    async def right(agent: str, pin: str, source: str) -> bool:
        return (agent, pin, source) == ("eva", "4711", "line gsm-1")

    rig.centre.check_pin = right
    home = rig.caller("+4930555")
    await home.presses("5")
    for key in "23#0000#":
        await home.presses(key, after=0.1)
    await asyncio.sleep(3)  # told that it was wrong
    for key in "23#4711#":
        await home.presses(key, after=0.1)
    assert await home.gone() == "menu"
    assert (home.leg.state, rig.acd.agents["eva"].state) == (LegState.UP, AgentState.READY)
    rig.acd.serve("sales", ("eva",))
    caller = await waits(rig)
    await asyncio.sleep(0.2)
    assert caller.stage == "talking"
    assert rig.media.hearing() == both_ways(caller.call.caller.port, home.leg.id)
    caller.leg.remote_hangs_up()
    await caller.gone()
    assert home.leg.state is LegState.UP
    home.leg.remote_hangs_up()
    await asyncio.sleep(15)
    assert rig.acd.agents["eva"].state is AgentState.OFFLINE
    await all_over(rig)


async def test_want_2_an_agent_whose_standing_leg_is_dead_is_logged_out(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    AgentLegs(rig.centre)
    leg = ScriptedPhone(id="ana-17", peer="sip:ana@x", state=LegState.RINGING, called="*17")
    rig.phones.calling.append(leg)
    await serve_code(leg, "ana", rig.centre)
    leg._silent(asyncio.get_running_loop().time())
    await asyncio.sleep(70)
    assert (leg.state, rig.acd.agents["ana"].state) == (LegState.ENDED, AgentState.OFFLINE)
    await all_over(rig)
