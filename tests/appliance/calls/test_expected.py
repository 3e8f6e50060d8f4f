"""What is learned of waits from calls that go on, and from those of before."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.store.legs import LegOutcome, QueueLeg
from tests.appliance.calls.rig import Rig, answers_after
from tests.appliance.calls.steps import talking
from tests.appliance.calls.test_waiting import site, waiting


async def test_the_handle_time_of_a_call_counts_once_it_is_written_up(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    before = rig.centre.waits.expected("sales", 1)
    caller, phone = await talking(rig)
    busy = rig.centre.waits.expected("sales", 0)
    assert before is None  # nobody was there
    assert busy is not None
    await asyncio.sleep(600)
    phone.remote_hangs_up()
    await caller.gone()
    await asyncio.sleep(20)
    after = rig.centre.waits.expected("sales", 1)
    assert after is not None
    assert rig.centre.waits.expected("sales", 0) == 0.0  # ana is ready
    assert after > busy


def leg(outcome: LegOutcome, wait_s: float, talk_s: float = 0.0) -> QueueLeg:
    return QueueLeg("c", 1, "sales", 0, outcome, round(wait_s * 1000), talk_ms=round(talk_s * 1000))


async def test_legs_of_before_are_learned_by_their_outcome(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.acd.log_in("ana")
    waits = rig.centre.waits

    def expected() -> float:
        value = waits.expected("sales", 3)
        assert value is not None
        return value

    start = expected()
    waits.learn([leg(LegOutcome.ANSWERED, 10, 30)] * 50)
    quick = expected()
    waits.learn([leg(LegOutcome.BLOCKED, 0)] * 50)
    assert expected() == quick < start
    waits.learn([leg(LegOutcome.ABANDONED, 1)] * 200)
    assert expected() < quick


async def test_an_agent_of_two_loaded_queues_counts_half(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **site({"support": {"agents": ["ana"]}}, keys={"5": "queue:support"}))
    rig.acd.log_in("ana")
    assert rig.centre.waits.agents("sales") == 1
    rig.phones.behave = answers_after(60)
    busy = await waiting(rig)
    other = rig.caller()
    await other.presses("1")
    await other.presses("5")
    assert rig.centre.waits.agents("sales") == pytest.approx(0.5)
    rig.acd.pause("ana", "lunch")
    assert rig.centre.waits.agents("support") == pytest.approx(0.5)  # after the call
    for caller in (busy, other):
        caller.leg.remote_hangs_up()
    await asyncio.sleep(1)
    assert rig.centre.waits.agents("sales") == 0
