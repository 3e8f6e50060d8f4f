"""A brain that was killed goes on with agents' own calls, transfers and conferences, each where it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.events import CallResumed
from appliance.line_events import LineDialEnded
from drivers.port import EndCause, LegState
from tests.appliance.calls.rig import Rig, answers_after
from tests.appliance.calls.second_life import killed
from tests.appliance.calls.steps import SOON, both_ways, consulting
from tests.appliance.calls.steps import outside as far_end
from tests.appliance.calls.steps import talking as in_talk

NUMBER = "030123456"


@pytest.mark.parametrize("first_to_leave", ["ana", "ben"])
async def test_colleagues_go_on_speaking_and_are_hindered_until_they_end(
    tmp_path: Path, first_to_leave: str
) -> None:
    rig = Rig(tmp_path)
    rig.phones.behave = answers_after(1)
    ana = rig.calls("ana", "22")
    await asyncio.sleep(2)
    ben = rig.phones.rung[-1]
    life = await killed(tmp_path, rig)
    async with life.running() as rig:
        assert [e.stage for e in rig.events(CallResumed)] == ["talking"]
        assert rig.media.hearing() == both_ways(ana.id, ben.id)
        rig.acd.log_in("ana")
        assert (rig.acd.agents["ana"].state.value, rig.acd.agents["ana"].reason) == ("paused", "on a call")
        life.legs[ana.id if first_to_leave == "ana" else ben.id].remote_hangs_up()
        await asyncio.sleep(1)
        assert {leg.state for leg in life.legs.values()} == {LegState.ENDED}
        assert rig.acd.agents["ana"].state.value == "ready"
    assert life.outcomes() == ["answered"]


async def test_a_call_outside_goes_on_and_the_lines_books_are_right(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).opened()
    ana = rig.calls("ana", NUMBER)
    await asyncio.sleep(11.2)
    far = await far_end(rig)
    life = await killed(tmp_path, rig)
    async with life.running() as rig:
        assert [call.story.stage.value for call in rig.centre.calls.values()] == ["talking"]
        assert len(rig.media.hearing()) == 2
        await asyncio.sleep(5)
        life.legs[ana.id].remote_hangs_up()
        await asyncio.sleep(1)
        assert far is not None
        assert all(line.leg is None for line in life.lines.values())
        [ended] = rig.events(LineDialEnded)
        assert isinstance(ended, LineDialEnded)
        assert 17 <= ended.seconds <= 20
    assert life.outcomes() == ["answered"]


@pytest.mark.parametrize("goes_on", [True, False])
async def test_a_call_that_is_being_made_rings_on_or_is_turned_away(tmp_path: Path, goes_on: bool) -> None:
    rig = Rig(tmp_path)
    rig.phones.behave = lambda leg: leg.moved(LegState.RINGING)
    ana = rig.calls("ana", "22")
    await asyncio.sleep(2)
    ben = rig.phones.rung[-1]
    life = await killed(tmp_path, rig)
    if not goes_on:
        life.legs[ben.id].state = LegState.ENDED
    async with life.running() as rig:
        if goes_on:
            assert life.legs[ana.id].state is LegState.RINGING
            life.legs[ben.id].moved(LegState.UP)
            await asyncio.sleep(SOON)
            assert life.legs[ana.id].was_up
            assert rig.media.hearing() == both_ways(ana.id, ben.id)
            life.legs[ben.id].remote_hangs_up()
        await asyncio.sleep(1)
        assert life.legs[ana.id].state is LegState.ENDED
    assert life.outcomes() == ["answered" if goes_on else "unanswered"]


async def a_transfer(rig: Rig) -> list[str]:
    caller, ana = await in_talk(rig)
    rig.phones.behave = lambda leg: leg.moved(LegState.RINGING)
    ana.refers("22")
    await asyncio.sleep(1)
    return [caller.leg.id, ana.id]


async def a_conference(rig: Rig) -> list[str]:
    caller, ana = await in_talk(rig)
    rig.desk.commands()["consult"]("ana", "22")
    await asyncio.sleep(2)
    rig.desk.commands()["conference"]("ana", "")
    await asyncio.sleep(SOON)
    return [caller.leg.id, ana.id, rig.phones.rung[-1].id]


async def an_attended_transfer(rig: Rig) -> list[str]:
    caller, first, second = await consulting(rig)
    first.refers(replaces=second)
    await asyncio.sleep(1)
    return [caller.leg.id, rig.phones.rung[-1].id]


@pytest.mark.parametrize("what", [a_transfer, a_conference, an_attended_transfer])
async def test_whoever_spoke_speaks_on_and_a_transfer_that_rang_is_taken_back(
    tmp_path: Path, what: Callable[[Rig], object]
) -> None:
    rig = Rig(tmp_path)
    speaking = await what(rig)  # type: ignore[misc]
    caller_leg = next(call.leg for call in rig.centre.calls.values() if call.story.direction.value == "in")
    life = await killed(tmp_path, rig, caller_leg)
    [phone] = life.callers
    async with life.running() as rig:
        assert rig.media.hearing() == both_ways(*speaking)
        rung = [leg for leg in life.legs.values() if leg.id not in speaking]
        assert all(leg.state is LegState.ENDED for leg in rung)
        phone.moved(LegState.ENDED, EndCause.REMOTE)
        for name in speaking[1:]:
            life.legs[name].remote_hangs_up()
        await asyncio.sleep(1)
        assert rig.centre.calls == {}
        assert rig.acd.agents["ana"].state.value in ("wrap-up", "ready")
    assert life.outcomes() == ["answered"]
