"""want 9: recordings follow the contact.

Whoever hands on, confers, leaves or is lost, every moment in which the caller speaks with somebody is in a
file, every file is told of when it begins and ends, and none twice.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from appliance.calls.record_desk import RecordDesk
from appliance.events import RecordingEnded, RecordingStarted
from drivers.port import EndCause, Leg, LegState
from tests.appliance.calls.rig import Caller, Rig, ScriptedPhone, answers_after
from tests.appliance.calls.second_life import killed
from tests.appliance.calls.steps import SOON, all_over, talking

STEP = 0.05
Legs = dict[str, Leg]


class Watch:
    """Samples a call: is the caller heard by somebody, and is that being recorded?"""

    def __init__(self, rig: Rig, call_id: str, port: str) -> None:
        self._rig, self._call_id, self._port = rig, call_id, port
        self.talked = 0.0
        self.longest_gap = 0.0
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        gap = 0.0
        while True:
            talks = any(src == self._port for src, _ in self._rig.media.hearing())
            recorded = self._call_id in self._rig.media.recording_ids()
            gap = gap + STEP if talks and not recorded else 0.0
            self.talked += STEP if talks else 0.0
            self.longest_gap = max(self.longest_gap, gap)
            await asyncio.sleep(STEP)


async def just_talk(rig: Rig, caller: Caller, ana: ScriptedPhone) -> Legs:
    return {"agent": ana}


async def blind(rig: Rig, caller: Caller, ana: ScriptedPhone) -> Legs:
    ana.refers("22")
    await asyncio.sleep(3)
    return {"agent": rig.phones.rung[-1]}


async def blind_to_a_busy_one(rig: Rig, caller: Caller, ana: ScriptedPhone) -> Legs:
    rig.phones.behave = lambda leg: leg.ends(486, EndCause.BUSY)
    ana.refers("22")
    await asyncio.sleep(3)
    return {"agent": ana}


async def to_the_queue(rig: Rig, caller: Caller, ana: ScriptedPhone) -> Legs:
    rig.acd.log_in("ben")
    rig.desk.commands()["transfer"]("ana", "sales")
    await asyncio.sleep(5)
    return {"agent": rig.phones.rung[-1]}


async def asked(rig: Rig, caller: Caller, ana: ScriptedPhone) -> Legs:
    rig.desk.commands()["consult"]("ana", "22")
    await asyncio.sleep(3)
    return {"agent": ana, "third": rig.phones.rung[-1]}


async def asked_and_back(rig: Rig, caller: Caller, ana: ScriptedPhone) -> Legs:
    await asked(rig, caller, ana)
    rig.desk.commands()["back"]("ana", "")
    await asyncio.sleep(1)
    return {"agent": ana}


async def attended(rig: Rig, caller: Caller, ana: ScriptedPhone) -> Legs:
    legs = await asked(rig, caller, ana)
    rig.desk.commands()["complete"]("ana", "")
    await asyncio.sleep(1)
    return {"agent": legs["third"]}


async def conference(rig: Rig, caller: Caller, ana: ScriptedPhone) -> Legs:
    legs = await asked(rig, caller, ana)
    rig.desk.commands()["conference"]("ana", "")
    await asyncio.sleep(2)
    return legs


async def held(rig: Rig, caller: Caller, ana: ScriptedPhone) -> Legs:
    ana.held_by_far_end(True)
    await asyncio.sleep(4)
    ana.held_by_far_end(False)
    await asyncio.sleep(1)
    return {"agent": ana}


Shape = Callable[[Rig, Caller, ScriptedPhone], Awaitable[Legs]]
SHAPES: list[tuple[Shape, list[str]]] = [
    (just_talk, ["caller", "agent"]),
    (held, ["caller", "agent"]),
    (blind, ["caller", "agent"]),
    (blind_to_a_busy_one, ["caller", "agent"]),
    (to_the_queue, ["caller", "agent"]),
    (asked, ["caller", "agent", "third"]),
    (asked_and_back, ["caller", "agent"]),
    (attended, ["caller", "agent"]),
    (conference, ["caller", "agent", "third"]),
]
MATRIX = [
    (shape, who, cause)
    for shape, leavers in SHAPES
    for who, cause in itertools.product(leavers, (EndCause.REMOTE, EndCause.PORT_LOST))
]


def told(rig: Rig) -> tuple[list[RecordingStarted], list[RecordingEnded]]:
    begun = [event for event in rig.events() if isinstance(event, RecordingStarted)]
    return begun, [event for event in rig.events() if isinstance(event, RecordingEnded)]


def assert_all_told(rig: Rig) -> None:
    """No file without a beginning and an end, none twice, numbered through."""
    begun, ended = told(rig)
    assert sorted(event.path for event in begun) == sorted(event.path for event in ended)
    assert len({event.path for event in begun}) == len(begun) > 0
    assert [event.n for event in begun] == list(range(1, len(begun) + 1))
    assert all(event.left and event.right and event.why for event in begun)
    there = {str(path) for path in (rig.centre.recordings).rglob("*.wav")}
    assert there == {event.path for event in begun}


@pytest.mark.parametrize(("shape", "who", "cause"), MATRIX)
async def test_the_segments_cover_every_talk_of_the_transfer_matrix(
    tmp_path: Path, shape: Shape, who: str, cause: EndCause
) -> None:
    rig = Rig(tmp_path)
    caller, ana = await talking(rig)
    watch = Watch(rig, caller.call.id, caller.leg.id)
    await asyncio.sleep(1)
    rig.phones.behave = answers_after(1)
    legs = {"caller": caller.leg, **await shape(rig, caller, ana)}
    legs.pop(who).moved(LegState.ENDED, cause)
    await asyncio.sleep(3)
    caller.leg.remote_hangs_up()
    for leg in (*rig.phones.rung, *rig.phones.calling):
        leg.remote_hangs_up()
    await all_over(rig)
    watch.task.cancel()
    assert watch.talked > 0
    assert watch.longest_gap <= 1.0
    assert_all_told(rig)


async def test_a_segment_says_who_is_in_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, ana = await talking(rig)
    rig.phones.behave = answers_after(1)
    await blind(rig, caller, ana)
    caller.leg.remote_hangs_up()
    await all_over(rig)
    first, second = told(rig)[0]
    assert (first.left, first.right, first.agent, first.queue) == ("+15550123", "ana", "ana", "sales")
    assert (second.left, second.right, second.agent, second.n) == ("+15550123", "ben", "ben", 2)
    assert first.why == "callers"


async def test_the_recording_goes_on_when_the_agents_call_goes_to_the_next_party(tmp_path: Path) -> None:
    """The caller leaves a conference: the call is inherited."""
    rig = Rig(tmp_path)
    caller, ana = await talking(rig)
    rig.phones.behave = answers_after(1)
    legs = await conference(rig, caller, ana)
    caller.leg.remote_hangs_up()
    await asyncio.sleep(SOON)
    assert caller.call.id in rig.media.recording_ids()
    begun, _ = told(rig)
    assert {begun[-1].left, begun[-1].right} == {"ana", "ben"}
    legs["agent"].moved(LegState.ENDED, EndCause.REMOTE)
    await all_over(rig)
    assert_all_told(rig)


async def test_a_pause_and_a_wish_survive_transfer_and_a_restart_of_the_brain(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, ana = await talking(rig)
    desk = RecordDesk(rig.centre)
    desk.pause(caller.call, "ana", "30")
    rig.phones.behave = answers_after(1)
    await blind(rig, caller, ana)
    assert rig.media.recordings.held[caller.call.id].paused
    life = await killed(tmp_path, rig, caller.leg)
    async with life.running() as again:
        [call] = again.centre.calls.values()
        assert again.media.recordings.held[call.id].paused
        watching = asyncio.create_task(RecordDesk(again.centre).run())
        await asyncio.sleep(40)
        assert not again.media.recordings.held[call.id].paused
        watching.cancel()
    begun, ended = told(again)
    assert len({event.path for event in begun}) == len(begun)
    assert len(ended) >= 1
