"""What a caller hears and presses while waiting: when it is looked for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.calls.announcements import Announcements
from tests.appliance.calls.rig import Rig
from tests.appliance.calls.steps import all_over
from tests.appliance.calls.test_waiting import site


async def test_what_is_due_in_the_next_instant_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop wakes up to its clock's resolution early; a wait that is no wait would never let time go on."""
    looks = 0

    def soon(_: Announcements) -> float:
        nonlocal looks
        looks += 1
        assert looks < 5000, "looks without end"
        return 4.5e-13

    monkeypatch.setattr(Announcements, "seconds_to_next", soon)
    rig = Rig(tmp_path, **site())
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(2)
    assert caller.stage == "waiting"
    assert 100 < looks < 5000
    caller.leg.remote_hangs_up()
    await all_over(rig)
