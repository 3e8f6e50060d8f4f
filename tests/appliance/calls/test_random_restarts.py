"""Want 1: the brain is killed at any moment of what people do; the next goes on, and all has one end."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from appliance.calls.story import Stage, Story
from appliance.events import CallArrived, CallEnded, Stamped
from drivers.port import EndCause, LegState
from tests.appliance.calls.rig import Rig
from tests.appliance.calls.second_life import SecondLife, killed
from tests.appliance.calls.test_random_calls import Chaos


async def everybody_goes_home(life: SecondLife) -> None:
    """Whoever is still there hangs up, until nobody is."""
    for _ in range(100):
        dialled = [line.leg for line in life.lines.values() if line.leg is not None]
        phones = (*life.rig.phones.rung, *life.rig.phones.calling)
        for leg in (*life.legs.values(), *life.callers, *dialled, *phones):
            leg.moved(LegState.ENDED, EndCause.REMOTE)
        await asyncio.sleep(2)
        if not life.rig.centre.calls:
            break
    await asyncio.sleep(60)


def assert_nothing_left(rig: Rig) -> None:
    """No call, edge, recording or agent is left behind when everybody is gone."""
    assert rig.centre.calls == {}
    assert rig.media.hearing() == set()
    assert rig.media.recording_ids() == []
    assert not any(rig.centre.engaged._legs.values())
    stuck = {agent.name: agent.state.value for agent in rig.acd.agents.values()}
    assert set(stuck.values()) <= {"ready", "paused", "offline"}, stuck


def assert_one_end_each(stamped: list[Stamped]) -> None:
    """Every call that came has ended, once, and its story says so."""
    ends = Counter(each.event.call_id for each in stamped if isinstance(each.event, CallEnded))
    assert ends == Counter(each.event.call_id for each in stamped if isinstance(each.event, CallArrived))
    stories = {call_id: Story(call_id) for call_id in ends}
    for each in stamped:
        if each.event.call_id in stories:
            stories[each.event.call_id].apply(each)
    for story in stories.values():
        assert (story.stage, story.other, story.recordings) == (Stage.ENDED, None, ()), story


@pytest.mark.parametrize("seed", range(20))
async def test_every_call_has_one_outcome_and_no_agent_is_stuck(tmp_path: Path, seed: int) -> None:
    chaos = Chaos(tmp_path, seed)
    rig = await chaos.rig.opened()
    for _ in range(60 + chaos.pick.randrange(60)):
        chaos.one_more()
        await asyncio.sleep(chaos.pick.choice(chaos.pauses))
    callers = [caller.leg for caller in chaos.callers]
    going_on = len(rig.centre.calls)
    life = await killed(tmp_path, rig, *callers, **chaos.changes)
    assert len(life.going_on) == going_on
    async with life.running() as second:
        await everybody_goes_home(life)
        assert_nothing_left(second)
    assert_one_end_each([*life.stamped, *second.stamped])
