"""A brain that was killed goes on with agents' own calls, transfers and conferences, each where it was."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from appliance.acd.agent import AgentState
from appliance.calls.reception import Reception
from appliance.calls.recovery import restored_state, stories, talking
from appliance.calls.story import Story
from appliance.events import AgentChanged, CallEnded, CallResumed, Stamped
from appliance.line_events import LineDialEnded
from drivers.port import EndCause, Leg, LegState, Port, PortState
from drivers.virtual import VirtualPort
from tests.appliance.calls.rig import Rig, ScriptedPhone, answers_after
from tests.appliance.calls.steps import SOON, both_ways, consulting
from tests.appliance.calls.steps import outside as far_end
from tests.appliance.calls.steps import talking as in_talk

NUMBER = "030123456"


class FoundPhones(Port):
    """The workers as a new brain finds them: the legs are there."""

    def __init__(self, legs: list[Leg]) -> None:
        super().__init__("sip")
        for leg in legs:
            if leg.state is not LegState.ENDED:
                self.came_in(leg)

    async def open(self) -> None:
        self.moved(PortState.STARTING)
        self.moved(PortState.IDLE)

    async def close(self) -> None:
        self.moved(PortState.DOWN)


def reborn(leg: ScriptedPhone) -> ScriptedPhone:
    """The same leg, as the new brain is told of it."""
    again = ScriptedPhone(
        id=leg.id, peer=leg.peer, state=LegState.RINGING, label=leg.label, called=leg.called
    )
    again.state, again.inbound, again.held = leg.state, leg.inbound, leg.held
    return again


class SecondLife:
    """Kill the brain of a rig where it stands; a second one reads the journal and finds the legs."""

    def __init__(self, tmp_path: Path, before: Rig) -> None:
        self.stamped = list(before.stamped)
        self.rig = Rig(tmp_path)
        self.legs = {leg.id: reborn(leg) for leg in (*before.phones.rung, *before.phones.calling)}
        self.rig.phones.rung = [self.legs[leg.id] for leg in before.phones.rung]
        self.rig.phones.calling = [self.legs[leg.id] for leg in before.phones.calling]
        self.lines: dict[str, VirtualPort] = before.lines
        self.rig.centre.lines = self.lines
        self.restore()

    def restore(self) -> None:
        calls: dict[str, list[Stamped]] = {}
        last: dict[str, AgentChanged] = {}
        for stamped in self.stamped:
            if stamped.event.call_id:
                calls.setdefault(stamped.event.call_id, []).append(stamped)
            if isinstance(stamped.event, AgentChanged):
                last[stamped.event.agent] = stamped.event
        self.going_on: list[Story] = stories(calls.items())
        for name, changed in last.items():
            state = AgentState(changed.now)
            talks = talking(self.going_on)
            state, reason, call_id = restored_state(name, (state, changed.reason), talks, {})
            self.rig.acd.restore(name, state, since=0.0, reason=reason, call_id=call_id)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Rig]:
        phones = FoundPhones(list(self.legs.values()))
        for line in self.lines.values():
            line.state = PortState.DOWN
        reception = Reception(self.rig.centre, dict(self.lines), phones)
        task = asyncio.create_task(reception.run(self.going_on))
        await asyncio.sleep(2)
        try:
            yield self.rig
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def outcomes(self) -> list[str]:
        return [e.outcome for e in self.rig.events(CallEnded) if isinstance(e, CallEnded)]


async def killed(tmp_path: Path, rig: Rig) -> SecondLife:
    """The tasks of the first life end without a word of theirs reaching anybody."""
    events = list(rig.stamped)
    states = {leg: leg.state for leg in (*rig.phones.rung, *rig.phones.calling)}
    for line in rig.lines.values():
        if line.leg is not None:
            line.leg._hangup = _nothing  # type: ignore[method-assign]
    for leg in states:
        leg._hangup = _nothing  # type: ignore[method-assign]
        leg.moved = lambda *_: None  # type: ignore[method-assign]
    lines = {line: line.leg for line in rig.lines.values()}
    for line in lines:
        if line.leg is not None:
            line.leg.moved = lambda *_: None  # type: ignore[method-assign]
    life_tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in life_tasks:
        task.cancel()
    await asyncio.wait(life_tasks)
    await asyncio.sleep(1)
    rig.stamped[:] = events
    return SecondLife(tmp_path, rig)


async def _nothing() -> None:
    return None


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
    life = await killed(tmp_path, rig)
    gsm = life.lines["gsm-1"]
    phone = ScriptedPhone(id=caller_leg.id, peer=caller_leg.peer, state=LegState.RINGING)
    phone.state, phone.port = LegState.UP, "gsm-1"
    gsm.came_in(phone)
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
