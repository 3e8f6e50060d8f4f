"""A brain that is killed while a caller waits, is sent on, or is put through."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from appliance.events import CallConnected
from appliance.wait_events import QueueLeft, QueueRefused, WaitPromised
from drivers.port import LegState
from drivers.virtual import answers
from tests.appliance.calls.rig import Caller, Rig
from tests.appliance.calls.second_life import SecondLife, killed
from tests.appliance.calls.test_waiting import Told, promises, site, spoken, waiting


async def restarted(tmp_path: Path, rig: Rig, caller: Caller, changes: dict[str, Any]) -> SecondLife:
    assert caller.leg.state is LegState.UP
    return await killed(tmp_path, rig, caller.leg, **changes)


async def test_a_caller_who_waits_is_not_refused_after_a_restart_and_the_time_limit_goes_on(
    tmp_path: Path,
) -> None:
    """Want 6: nothing of the wait is lost."""
    changes = site(max_callers=1, max_wait_seconds=60, overflow="play:sorry")
    rig = Rig(tmp_path, **changes)
    caller = await waiting(rig)
    await asyncio.sleep(30)
    life = await restarted(tmp_path, rig, caller, changes)
    async with life.running() as after:
        assert after.events(QueueRefused) == []
        assert [call.story.stage.value for call in after.centre.calls.values()] == ["waiting"]
        await asyncio.sleep(20)
        assert after.events(QueueLeft) == []
        await asyncio.sleep(10)
        assert [e.why for e in after.events(QueueLeft)] == ["waited too long"]  # type: ignore[attr-defined]
    assert life.outcomes() == ["blocked"]


async def test_a_caller_put_through_is_dialled_again(tmp_path: Path) -> None:
    changes = site(max_wait_seconds=5, overflow="number:+4930123456")
    rig = await Rig(tmp_path, **changes).opened()
    rig.lines["out-1"].script = answers(600.0)
    caller = await waiting(rig)
    await asyncio.sleep(8)
    assert caller.stage == "put through outside"
    rig.lines["out-1"].dialled.get_nowait()
    life = await restarted(tmp_path, rig, caller, changes)
    life.lines["out-1"].script = answers(1.0)
    async with life.running() as after:
        await asyncio.sleep(5)
        assert len(after.events(CallConnected)) == 1
        life.lines["out-1"].dialled.get_nowait().remote_hangs_up()
        await asyncio.sleep(2)
    assert life.outcomes() == ["answered"]


async def test_a_caller_sent_on_goes_there_after_a_restart(tmp_path: Path) -> None:
    changes = site(keys={"5": "play:sorry"})
    rig = Rig(tmp_path, **changes)
    caller = await waiting(rig)
    await caller.presses("5")
    life = await restarted(tmp_path, rig, caller, changes)
    async with life.running() as after:
        assert after.media.heard[0][1] == "sorry"
    assert life.outcomes() == ["blocked"]


async def test_want_7_the_wait_told_does_not_rise_through_a_restart(tmp_path: Path) -> None:
    spoken(tmp_path)
    changes = site(tell_wait=True, tell_seconds=10)
    rig = Rig(tmp_path, **changes)
    rig.centre.waits = Told(rig.acd)
    caller = await waiting(rig)
    await asyncio.sleep(5)
    life = await restarted(tmp_path, rig, caller, changes)
    waits = life.rig.centre.waits = Told(life.rig.acd)
    waits.now = (300.0, 500.0)
    async with life.running() as after:
        await asyncio.sleep(5)
        assert len(after.events(WaitPromised)) == 1
        assert promises(rig) == promises(after) == [(1, 2)]
