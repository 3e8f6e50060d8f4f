"""Three speak: all hear each other and nobody himself, both files are written, and it ends in every order."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest

from appliance.calls.agent_phone import serve_code
from appliance.events import CallEnded, RecordingEnded, RecordingStarted, ThirdJoined
from drivers.port import EndCause, LegState
from tests.appliance.calls.rig import Caller, Rig, ScriptedPhone, answers_after
from tests.appliance.calls.steps import SOON, all_over, both_ways, consulting, replayed, talking


async def conferring(rig: Rig) -> tuple[Caller, ScriptedPhone, ScriptedPhone]:
    """A caller, ana and ben in a conference of ana's making."""
    caller, ana = await talking(rig)
    commands = rig.desk.commands()
    commands["consult"]("ana", "22")
    await asyncio.sleep(2)
    commands["conference"]("ana", "")
    await asyncio.sleep(SOON)
    return caller, ana, rig.phones.rung[-1]


def dials_star_three(rig: Rig, agent: str) -> ScriptedPhone:
    leg = ScriptedPhone(id=f"{agent}-star", peer=f"sip:{agent}@x", state=LegState.RINGING, called="*3")
    rig.phones.calling.append(leg)
    rig.visits.append(asyncio.create_task(serve_code(leg, agent, rig.centre)))
    return leg


async def test_all_three_hear_each_other_and_are_recorded(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, ana, ben = await conferring(rig)
    assert rig.media.hearing() == both_ways(caller.leg.id, ana.id, ben.id)
    assert rig.media.heard_now(caller.leg.id) == []
    assert sorted(rig.media.recording_ids()) == [caller.call.id, f"{caller.call.id}-third"]
    assert [event.conference for event in rig.events(ThirdJoined)] == [False, True]
    ben.held_by_far_end(True)
    await asyncio.sleep(SOON)
    assert rig.media.hearing() == both_ways(caller.leg.id, ana.id)
    ben.held_by_far_end(False)
    await asyncio.sleep(SOON)
    assert rig.media.hearing() == both_ways(caller.leg.id, ana.id, ben.id)
    for leg in (ana, ben):
        leg.remote_hangs_up()
    await all_over(rig)
    assert replayed(rig, caller.call.id) == caller.call.story
    assert len(rig.events(RecordingStarted)) == len(rig.events(RecordingEnded)) == 4


@pytest.mark.parametrize("order", list(itertools.permutations(["caller", "ana", "ben"], 2)))
@pytest.mark.parametrize("cause", [EndCause.REMOTE, EndCause.PORT_LOST])
async def test_it_ends_cleanly_in_every_order_of_leaving(
    tmp_path: Path, order: tuple[str, str], cause: EndCause
) -> None:
    rig = Rig(tmp_path)
    caller, ana, ben = await conferring(rig)
    legs = {"caller": caller.leg, "ana": ana, "ben": ben}
    legs.pop(order[0]).moved(LegState.ENDED, cause)
    await asyncio.sleep(SOON)
    assert rig.media.hearing() == both_ways(*(leg.id for leg in legs.values()))
    legs.pop(order[1]).moved(LegState.ENDED, EndCause.REMOTE)
    await all_over(rig)
    assert [leg.state for leg in legs.values()] == [LegState.ENDED]
    assert [event.outcome for event in rig.events(CallEnded)] == ["answered"]
    assert replayed(rig, caller.call.id) == caller.call.story
    assert rig.acd.agents["ana"].state.value == "ready"


async def test_star_three_on_another_line_makes_one_of_the_agents_calls(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, first, second = await consulting(rig)
    ben = rig.phones.rung[-1]
    star = dials_star_three(rig, "ana")
    await asyncio.sleep(SOON)
    assert rig.media.hearing() == both_ways(caller.leg.id, star.id, ben.id)
    assert (first.state, second.state, star.state) == (LegState.ENDED, LegState.ENDED, LegState.UP)
    assert len(rig.centre.calls) == 1
    star.remote_hangs_up()
    await asyncio.sleep(SOON)
    assert rig.acd.agents["ana"].state.value == "wrap-up"
    assert rig.media.hearing() == both_ways(caller.leg.id, ben.id)
    ben.remote_hangs_up()
    await all_over(rig)
    assert replayed(rig, caller.call.id) == caller.call.story


async def test_star_three_without_two_calls_is_turned_away(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, ana = await talking(rig)
    for agent in ("ana", "ben"):
        star = dials_star_three(rig, agent)
        await asyncio.sleep(SOON)
        assert star.state is LegState.ENDED
    assert rig.media.hearing() == both_ways(caller.leg.id, ana.id)
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_a_third_party_taken_back_leaves_two(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, ana, ben = await conferring(rig)
    rig.desk.commands()["back"]("ana", "")
    await asyncio.sleep(SOON)
    assert (ben.state, rig.media.hearing()) == (LegState.ENDED, both_ways(caller.leg.id, ana.id))
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_a_caller_is_back_with_the_agent_when_whoever_was_asked_leaves(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, ana = await talking(rig)
    rig.phones.behave = answers_after(1)
    rig.desk.commands()["consult"]("ana", "22")
    await asyncio.sleep(2)
    assert rig.media.heard_now(caller.leg.id) == ["music"]
    rig.phones.rung[-1].remote_hangs_up()
    await asyncio.sleep(SOON)
    assert rig.media.hearing() == both_ways(caller.leg.id, ana.id)
    assert rig.media.heard_now(caller.leg.id) == []
    ana.remote_hangs_up()
    await all_over(rig)
