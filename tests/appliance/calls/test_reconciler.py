"""Want 1: a state that no fault can bring about is healed within two seconds; a sound one is left alone."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from appliance.acd.agent import AgentState
from appliance.calls.reconciler import Reconciler, findings
from appliance.events import InvariantBroken
from drivers.port import LegState
from tests.appliance.calls.rig import Caller, Rig, answers_after
from tests.appliance.calls.steps import SOON, all_over, both_ways, talking


async def two_looks(rig: Rig, log: pytest.LogCaptureFixture) -> list[str]:
    """What the reconciler finds, by its rules; all of it is said aloud."""
    task = asyncio.create_task(Reconciler(rig.centre).run())
    await asyncio.sleep(2)
    task.cancel()
    found = [event for event in rig.events(InvariantBroken) if isinstance(event, InvariantBroken)]
    assert [record.getMessage() for record in log.records if record.levelno >= logging.ERROR] == [
        f"healed: {event.rule}: {event.seen}" for event in found
    ]
    log.clear()
    return [event.rule for event in found]


async def test_a_sound_conversation_and_wrap_up_are_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(tmp_path)
    caller, phone = await talking(rig)
    assert await two_looks(rig, caplog) == []
    phone.remote_hangs_up()
    await caller.gone()
    assert rig.acd.agents["ana"].state is AgentState.WRAP_UP
    assert await two_looks(rig, caplog) == []


async def test_who_talks_to_nobody_is_free_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig(tmp_path)
    caller, phone = await talking(rig)
    phone.remote_hangs_up()
    await caller.gone()
    rig.acd.restore("ana", AgentState.TALKING, since=0.0, call_id=caller.call.id)
    assert await two_looks(rig, caplog) == ["who talks has a leg"]
    assert rig.acd.agents["ana"].state is AgentState.READY


async def test_a_wrap_up_that_nobody_ends_is_ended(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig(tmp_path)
    rig.acd.restore("ana", AgentState.WRAP_UP, since=0.0, call_id="1")
    assert await two_looks(rig, caplog) == ["a wrap-up has an end"]
    assert rig.acd.agents["ana"].state is AgentState.READY


async def test_a_place_whose_caller_is_gone_is_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(tmp_path)
    rig.acd.join("1", "sales", 0.0)
    rig.acd.log_in("ana")
    assert rig.acd.agents["ana"].state is AgentState.OFFERED
    assert await two_looks(rig, caplog) == ["who waits has a call"]
    assert rig.acd.agents["ana"].state is AgentState.READY


async def test_a_call_that_nobody_takes_part_in_is_ended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(tmp_path)
    caller = Caller(rig, "+15550123")
    await asyncio.sleep(0.1)
    caller.leg.state = LegState.ENDED  # and nobody is told
    assert await two_looks(rig, caplog) == ["a call has a leg"]
    await asyncio.gather(caller.visit, return_exceptions=True)
    assert rig.centre.calls == {}


async def test_an_agent_whom_the_queue_has_lost_sight_of_is_rung_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(tmp_path)
    rig.acd.log_in("ana")
    rig.acd.queues["sales"].remove_ready(rig.acd.agents["ana"])
    assert set(await two_looks(rig, caplog)) == {"who is ready can be rung"}
    assert [agent.name for agent in rig.acd.ready_agents("sales")] == ["ana"]


async def test_an_agent_of_a_queue_who_was_handed_on_talks_in_the_other_call(tmp_path: Path) -> None:
    """A colleague who was sent to the queue joins its agent with a third one, and goes."""
    rig = Rig(tmp_path)
    rig.acd.log_in("ana")
    rig.phones.behave = answers_after(1)
    first = rig.calls("eva", "22")
    await asyncio.sleep(2)
    rig.phones.rung[-1].refers("sales")
    await asyncio.sleep(3)
    first.held_by_far_end(True)
    second = rig.calls("eva", "22")
    await asyncio.sleep(3)
    second.refers(replaces=first)
    await asyncio.sleep(SOON)
    _, ana, ben = rig.phones.rung
    assert rig.media.hearing() == both_ways(ana.id, ben.id)
    assert list(findings(rig.centre)) == []
    assert rig.acd.agents["ana"].state is AgentState.TALKING
    ben.remote_hangs_up()
    await all_over(rig)
    assert rig.acd.agents["ana"].state is AgentState.READY
