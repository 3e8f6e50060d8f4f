"""The brain is killed at any moment of what people do; the next one goes on, and all comes to one end."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from appliance.calls.story import Stage, Story
from appliance.events import CallArrived, CallEnded
from drivers.port import EndCause, LegState
from tests.appliance.calls.second_life import SecondLife, killed
from tests.appliance.calls.test_random_calls import AGENTS, PERMISSIONS, QUEUES, Chaos


async def everybody_goes_home(life: SecondLife) -> None:
    """Whoever is still there hangs up, until nobody is."""
    for _ in range(100):
        dialled = [line.leg for line in life.lines.values() if line.leg is not None]
        for leg in (*life.legs.values(), *life.callers, *dialled, *life.rig.phones.rung):
            leg.moved(LegState.ENDED, EndCause.REMOTE)
        await asyncio.sleep(2)
        if not life.rig.centre.calls:
            break
    await asyncio.sleep(60)


@pytest.mark.parametrize("seed", range(20))
async def test_every_call_has_one_outcome_and_no_agent_is_stuck(tmp_path: Path, seed: int) -> None:
    chaos = Chaos(tmp_path, seed)
    rig = await chaos.rig.opened()
    for _ in range(60 + chaos.pick.randrange(60)):
        chaos.one_more()
        await asyncio.sleep(chaos.pick.choice([0, 0.001, 0.2, 1, 3]))
    callers = [caller.leg for caller in chaos.callers]
    going_on = len(rig.centre.calls)
    changes = {"agents": AGENTS, "queues": QUEUES, "permissions": PERMISSIONS}
    life = await killed(tmp_path, rig, *callers, **changes)
    assert len(life.going_on) == going_on
    async with life.running() as second:
        await everybody_goes_home(life)
        assert second.centre.calls == {}
        assert second.media.hearing() == set()
        assert second.media.recording_ids() == []
        assert not any(second.centre.engaged._legs.values())
        stuck = {agent.name: agent.state.value for agent in second.acd.agents.values()}
        assert set(stuck.values()) <= {"ready", "paused", "offline"}, stuck
    stamped = [*life.stamped, *second.stamped]
    ends = Counter(each.event.call_id for each in stamped if isinstance(each.event, CallEnded))
    assert ends == Counter(each.event.call_id for each in stamped if isinstance(each.event, CallArrived))
    for call_id in ends:
        story = Story(call_id)
        for each in stamped:
            if each.event.call_id == call_id:
                story.apply(each)
        assert (story.stage, story.other, story.recordings) == (Stage.ENDED, None, ())
