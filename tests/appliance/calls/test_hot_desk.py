"""A1: log in at any phone of the box by extension and PIN; the phone is the agent's until logged out."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.acd.agent import AgentRefused, AgentState
from appliance.agent_events import PhoneTaken
from appliance.calls.agent_facts import AgentFacts
from appliance.calls.agent_phone import agent_of
from appliance.calls.hot_desk import log_in_here, take_place
from appliance.calls.phone_codes import serve
from drivers.port import LegState
from tests.appliance.calls.rig import CONFIG, Rig, ScriptedPhone, answers_after
from tests.appliance.calls.steps import all_over

AGENTS = {
    **CONFIG["agents"],  # type: ignore[dict-item]
    "desk": {"phone": "sip:desk@127.0.0.1:5080"},
}
QUEUES = {"sales": {"agents": ["eva"], "wrap_up_seconds": 10, "music": "music"}}


async def right(agent: str, pin: str, source: str) -> bool:
    return (agent, pin, source) == ("eva", "4711", "phone of desk")


def rig_of(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path, agents=AGENTS, queues=QUEUES)
    rig.centre.check_pin = right
    rig.phones.behave = answers_after(1)
    return rig


async def dials(rig: Rig, keys: str, worker: str = "desk") -> ScriptedPhone:
    """Somebody dials *16 at the desk and presses keys, one after another."""
    leg = ScriptedPhone(id="desk-16", peer="sip:desk@127.0.0.1:5080", state=LegState.RINGING, called="*16")
    rig.phones.calling.append(leg)
    serving = asyncio.create_task(serve(log_in_here, leg, worker, rig.centre))
    await asyncio.sleep(0.5)
    for key in keys:
        leg.heard(key)
        await asyncio.sleep(0.2)
    await serving
    await asyncio.sleep(1)
    return leg


async def test_an_agent_logs_in_at_a_desk_and_is_rung_there_until_logged_out(tmp_path: Path) -> None:
    rig = rig_of(tmp_path)
    leg = await dials(rig, "23#4711#")
    assert rig.acd.agents["eva"].state is AgentState.READY
    assert agent_of(leg, rig.centre) == "eva"
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(2)
    assert (caller.stage, rig.phones.rung[-1].peer) == ("talking", "sip:desk@127.0.0.1:5080")
    caller.leg.remote_hangs_up()
    await caller.gone()
    rig.centre.desk.log_out("eva")
    assert agent_of(leg, rig.centre) == "desk"
    assert rig.centre.facts.place_of("eva") == "eva"
    await all_over(rig)


@pytest.mark.parametrize("keys", ["23#0000#" * 3, "99#4711#" * 3, "#" * 3, ""])
async def test_without_the_right_pin_nobody_is_logged_in(tmp_path: Path, keys: str) -> None:
    rig = rig_of(tmp_path)
    leg = await dials(rig, keys)
    assert rig.acd.agents["eva"].state is AgentState.OFFLINE
    assert (leg.state, rig.events(PhoneTaken)) == (LegState.ENDED, [])


async def test_a_phone_in_use_is_not_taken_and_rings_for_nobody_else(tmp_path: Path) -> None:
    rig = rig_of(tmp_path)
    rig.acd.log_in("desk")
    await dials(rig, "23#4711#")
    assert rig.acd.agents["eva"].state is AgentState.OFFLINE
    rig.acd.log_out("desk")
    take_place("eva", "desk", rig.centre)
    with pytest.raises(AgentRefused, match="the phone is eva's"):
        rig.centre.desk.log_in("desk")
    with pytest.raises(AgentRefused, match="the phone is eva's"):
        take_place("ben", "desk", rig.centre)


async def test_an_agent_moves_to_another_desk_and_the_journal_knows(tmp_path: Path) -> None:
    rig = rig_of(tmp_path)
    take_place("eva", "desk", rig.centre)
    take_place("eva", "ben", rig.centre)
    assert [rig.centre.facts.who_is_at(place) for place in ("desk", "ben", "eva")] == ["desk", "eva", "eva"]
    again = AgentFacts()
    for stamped in rig.stamped:
        again.apply(stamped)
    assert again.places == {"eva": "ben"}


async def test_a_held_agent_does_not_log_in_anywhere_else(tmp_path: Path) -> None:
    rig = rig_of(tmp_path)
    rig.acd.log_in("eva")
    rig.centre.desk.force("eva", "pause", "sue", hold=True)
    with pytest.raises(AgentRefused, match="held by sue"):
        take_place("eva", "desk", rig.centre)
    assert rig.events(PhoneTaken) == []
