"""What many tests of calls do or look at."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from appliance.calls.story import Story
from appliance.events import CallArrived, CallEnded, Stamped, TalkEnded
from drivers.port import LegState
from drivers.virtual import FarEnd
from tests.appliance.calls.rig import Caller, Rig, ScriptedPhone, answers_after

SOON = 0.3  # s, for everything that is done at once


async def talking(rig: Rig) -> tuple[Caller, ScriptedPhone]:
    """A caller who speaks with ana."""
    rig.acd.log_in("ana")
    rig.phones.behave = answers_after(1)
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(2)
    assert caller.stage == "talking"
    return caller, rig.phones.rung[-1]


async def consulting(rig: Rig, dialled: str = "22") -> tuple[Caller, ScriptedPhone, ScriptedPhone]:
    """A caller of ana's on hold, ana on her second line with ben: caller, first leg, second leg."""
    caller, first = await talking(rig)
    first.held_by_far_end(True)
    second = rig.calls("ana", dialled)
    await asyncio.sleep(3)
    assert second.state is LegState.UP
    return caller, first, second


async def outside(rig: Rig, line: str = "out-1") -> FarEnd:
    """The party that was dialled over a line."""
    return rig.lines[line].dialled.get_nowait()


def both_ways(*ports: str) -> set[tuple[str, str]]:
    """All of them hear each other, and nobody himself."""
    return {(one, other) for one in ports for other in ports if one != other}


async def all_over(rig: Rig) -> None:
    """Wait for the ends of all calls, then `assert_all_free`."""
    await asyncio.sleep(SOON)
    await asyncio.gather(*rig.visits, return_exceptions=False)
    await asyncio.sleep(30)
    assert_all_free(rig)


def assert_all_free(rig: Rig) -> None:
    """Nothing is left behind: no call, place, edge, play or recording, no leg up, no agent held."""
    assert rig.centre.calls == {}
    assert all(len(queue) == 0 for queue in rig.acd.queues.values())
    assert rig.media.hearing() == set()
    assert rig.media.recording_ids() == []
    assert rig.media._plays == {}
    legs = (*rig.phones.rung, *rig.phones.calling)
    assert all(leg.state is LegState.ENDED for leg in legs)
    assert all(line.leg is None for line in rig.lines.values())
    assert not any(rig.centre.engaged._legs.values())
    assert [agent for agent in rig.acd.agents.values() if agent.hindrances] == []
    ends = [event.call_id for event in rig.events(CallEnded)]
    assert sorted(ends) == sorted(event.call_id for event in rig.events(CallArrived))
    assert len(ends) == len(set(ends))


def replayed(rig: Rig, call_id: str, before: Iterable[Stamped] = ()) -> Story:
    """The story as the journal would tell it again; `before` is what an earlier brain wrote."""
    story = Story(call_id)
    for stamped in (*before, *rig.stamped):
        if stamped.event.call_id == call_id:
            story.apply(stamped)
    return story


def talks_ended(rig: Rig) -> list[str]:
    """By whom each conversation was ended."""
    return [event.by for event in rig.events(TalkEnded) if isinstance(event, TalkEnded)]
