"""A stolen phone account in a whole centre: it dials, transfers and forwards, and no line is ever dialled."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from appliance.events import TransferEnded
from appliance.line_events import LineDialled
from appliance.outbound_events import OutboundAllowed, OutboundBegun, OutboundLocked, OutboundRefused
from drivers.port import EndCause, LegState
from tests.appliance.calls.rig import CONFIG, Rig, ScriptedPhone
from tests.appliance.calls.steps import SOON, all_over, outside, talking

PREMIUM = ["09001234567", "+499001234567", "00499001234567", "11833", "+979123456789", "0900 1 234567"]
ABROAD = ["+2525012345", "00881612345678", "+18764251234", "0018764251234", "+4412345", "00+4930123456"]
RUBBISH = ["*21*0900123456#", "%2B499001234567", "+499001234567;ext=1", "٠٩٠٠", "", "9" * 60, "0900\r\nX: y"]
TARGETS = [*PREMIUM, *ABROAD, *RUBBISH]
STRICT: dict[str, Any] = {
    "permissions": {"all": {"classes": ["national", "mobile", "local"], "calls_a_minute": 5}},
    "rates": {"any": {"a_minute": 0.1}},
}


async def centre(tmp_path: Path) -> Rig:
    return await Rig(tmp_path, **{**CONFIG, **STRICT}).opened()


def nothing_went_out(rig: Rig) -> bool:
    return rig.events(LineDialled, OutboundAllowed, OutboundBegun) == []


def asked_because(rig: Rig) -> set[str]:
    return {event.cause for event in rig.events(OutboundRefused) if isinstance(event, OutboundRefused)}


async def emergency_goes_out(rig: Rig) -> None:
    ana = rig.calls("ana", "112")
    await asyncio.sleep(3)
    assert (ana.state, (await outside(rig)).leg.peer) == (LegState.UP, "112")
    ana.remote_hangs_up()


async def test_a_hundred_calls_are_refused_and_the_account_is_locked(tmp_path: Path) -> None:
    rig = await centre(tmp_path)
    chance = random.Random(1)
    legs = []
    for _ in range(100):
        legs.append(rig.calls("ana", chance.choice(TARGETS)))
        await asyncio.sleep(0.05)
    await asyncio.sleep(SOON)
    assert nothing_went_out(rig)
    assert all(leg.state is LegState.ENDED and not leg.was_up for leg in legs)
    assert {leg.refusal for leg in legs} <= {403, 404, 484}
    assert [event.agent for event in rig.events(OutboundLocked)] == ["ana"]
    ana = rig.calls("ana", "030123456")
    await asyncio.sleep(SOON)
    assert ana.refusal == 403
    await emergency_goes_out(rig)
    await all_over(rig)


@pytest.mark.parametrize("target", TARGETS)
async def test_a_transfer_reaches_none_of_them_and_the_caller_stays(tmp_path: Path, target: str) -> None:
    rig = await centre(tmp_path)
    caller, ana = await talking(rig)
    for _ in range(8):
        ana.refers(target)
        await asyncio.sleep(0.1)
    assert nothing_went_out(rig)
    assert "done" not in [event.result for event in rig.events(TransferEnded)]
    assert caller.stage == "talking"
    assert len(rig.events(OutboundLocked)) == 1
    assert asked_because(rig) == {"transferred"}
    ana.remote_hangs_up()
    await all_over(rig)


@pytest.mark.parametrize("target", TARGETS)
async def test_a_phone_that_forwards_its_callers_reaches_none_of_them(tmp_path: Path, target: str) -> None:
    rig = await centre(tmp_path)

    def forwards(leg: ScriptedPhone) -> None:
        contact = f"<sip:{target}@198.51.100.7>"
        asyncio.get_running_loop().call_later(0.1, leg.ends, 302, EndCause.REJECTED, contact)

    rig.phones.behave = forwards
    ben = rig.calls("ben", "21")  # a colleague, and a caller from outside
    rig.acd.log_in("ana")
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(60)
    assert nothing_went_out(rig)
    assert not ben.was_up
    assert target not in (*PREMIUM, *ABROAD) or asked_because(rig) == {"forwarded"}
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_a_caller_from_outside_gets_no_line_by_pressing_keys(tmp_path: Path) -> None:
    rig = await centre(tmp_path)
    caller = rig.caller()
    for digit in "900493012345690":
        await caller.presses(digit, after=0.05)
    await asyncio.sleep(5)
    assert nothing_went_out(rig)
    caller.leg.remote_hangs_up()
    await all_over(rig)
