"""Codes that an agent presses while talking."""

from __future__ import annotations

import asyncio
from pathlib import Path

from appliance.calls.agent_phone import serve_code
from appliance.calls.record_desk import RecordDesk
from appliance.events import RecordingPaused, RecordingResumed
from drivers.port import LegState
from tests.appliance.calls.rig import Rig, ScriptedPhone
from tests.appliance.calls.steps import talking


def the_rig(tmp_path: Path, **changes: object) -> Rig:
    rig = Rig(tmp_path, **changes)
    rig.centre.desk.add(RecordDesk(rig.centre).commands())
    return rig


async def test_an_agent_pauses_the_recording_by_key_and_goes_on_by_the_same(tmp_path: Path) -> None:
    rig = the_rig(tmp_path)
    caller, phone = await talking(rig)
    for digit in "*8":
        phone.heard(digit)
        await asyncio.sleep(0.2)
    assert caller.call.story.record.paused(rig.clock.wall())
    for digit in "*8":
        phone.heard(digit)
        await asyncio.sleep(0.2)
    assert not caller.call.story.record.paused(rig.clock.wall())
    [paused] = rig.events(RecordingPaused)
    assert paused == RecordingPaused(call_id=caller.call.id, holder="ana")
    assert len(rig.events(RecordingResumed)) == 1
    caller.leg.remote_hangs_up()
    await caller.gone()


async def test_what_is_no_code_reaches_the_others_in_its_order(tmp_path: Path) -> None:
    """An agent at somebody's voice menu presses * and #."""
    rig = await the_rig(tmp_path).opened()
    rig.phones.behave = lambda leg: None
    agent = rig.calls("ana", "0301234567")
    await asyncio.sleep(1)
    far = rig.lines["out-1"].dialled.get_nowait()
    far.answers()
    await asyncio.sleep(1)
    agent.digits_in_audio = False
    for digit in "*1":
        agent.heard(digit)
    await asyncio.sleep(0.1)
    agent.heard("*")
    await asyncio.sleep(3)
    agent.heard("#")
    await asyncio.sleep(1)
    leg = rig.lines["out-1"].leg
    assert leg is not None
    assert leg.sent == "*1*#"
    agent.remote_hangs_up()
    await asyncio.gather(*rig.visits)


async def test_a_callers_star_is_nobodys_code(tmp_path: Path) -> None:
    rig = the_rig(tmp_path)
    caller, _ = await talking(rig)
    for digit in "*8":
        caller.leg.heard(digit)
    await asyncio.sleep(2)
    assert rig.events(RecordingPaused) == []
    caller.leg.remote_hangs_up()
    await caller.gone()


async def test_the_same_codes_are_dialled_on_another_line_of_the_phone(tmp_path: Path) -> None:
    rig = the_rig(tmp_path)
    caller, _ = await talking(rig)
    leg = ScriptedPhone(id="second", peer="sip:ana@x", state=LegState.RINGING, called="*8")
    await serve_code(leg, "ana", rig.centre)
    assert caller.call.story.record.pauses == {"ana": 0.0}
    caller.leg.remote_hangs_up()
    await caller.gone()
