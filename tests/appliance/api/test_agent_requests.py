"""What the command line asks for others: forced states, queues that are served, supervision."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from appliance.acd.agent import AgentState
from appliance.agent_events import QueueAssigned
from appliance.api.agent_requests import AgentRequests
from appliance.calls.assign import assign_again
from appliance.console.agents import listed
from drivers.wire import WireError
from tests.appliance.calls.rig import CONFIG, Rig, answers_after
from tests.appliance.calls.steps import talking

AGENTS = {
    **CONFIG["agents"],  # type: ignore[dict-item]
    "sue": {"phone": "sip:sue@127.0.0.1:5079", "extension": "29", "role": "supervisor"},
}


async def ask(rig: Rig, op: str, **fields: Any) -> dict[str, Any]:
    answer, _ = await AgentRequests(rig.centre).answer({"op": op, **fields})
    return dict(answer)


async def test_an_agent_is_made_to_pause_and_the_list_says_by_whom(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.acd.log_in("ana")
    await ask(rig, "force", agent="ana", command="pause", by="sue", reason="lunch", hold=True)
    told = await ask(rig, "agents")
    text = listed(told)
    assert "held by sue" in text
    assert "lunch" in text
    with pytest.raises(WireError, match="Known: login"):
        await ask(rig, "force", agent="ana", command="transfer", by="sue")


async def test_want_54_an_agent_is_given_to_a_queue_from_the_next_call_on(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.phones.behave = answers_after(1)
    rig.acd.log_in("eva")
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(5)
    assert caller.stage == "waiting"
    await ask(rig, "queue_agent", queue="sales", agent="eva", serves=True, by="sue")
    await asyncio.sleep(1)
    assert rig.acd.agents["eva"].state is not AgentState.READY
    await ask(rig, "queue_agent", queue="sales", agent="eva", serves=False, by="sue")
    assert "eva" not in rig.acd.queues["sales"].agents
    caller.leg.remote_hangs_up()
    await caller.gone()
    for queue, agent in (("nowhere", "eva"), ("sales", "nobody")):
        with pytest.raises(WireError, match="there is no"):
            await ask(rig, "queue_agent", queue=queue, agent=agent, serves=True, by="sue")


@pytest.mark.parametrize("agents", [["ana", "ben"], ["ana", "ben", "eva"]])
async def test_an_assignment_outlives_the_brain_until_the_configuration_changes(
    tmp_path: Path, agents: list[str]
) -> None:
    before = Rig(tmp_path)
    await ask(before, "queue_agent", queue="sales", agent="eva", serves=True, by="sue")
    await ask(before, "queue_agent", queue="sales", agent="ben", serves=False, by="sue")
    queue = {**CONFIG["queues"]["sales"], "agents": agents}  # type: ignore[index]
    rig = Rig(tmp_path, queues={"sales": queue})
    for stamped in before.stamped:
        rig.centre.facts.apply(stamped)
    assign_again(rig.centre)
    assert set(rig.acd.queues["sales"].agents) == {"ana", "eva"}
    assert len(before.events(QueueAssigned)) == 2


async def test_a_queue_whose_list_has_changed_serves_as_it_says(tmp_path: Path) -> None:
    before = Rig(tmp_path)
    await ask(before, "queue_agent", queue="sales", agent="eva", serves=False, by="sue")
    await ask(before, "queue_agent", queue="sales", agent="eva", serves=True, by="sue")
    await ask(before, "queue_agent", queue="sales", agent="eva", serves=False, by="sue")
    queue = {**CONFIG["queues"]["sales"], "agents": ["ana", "eva"]}  # type: ignore[index]
    rig = Rig(tmp_path, queues={"sales": queue})
    for stamped in before.stamped:
        rig.centre.facts.apply(stamped)
    assign_again(rig.centre)
    assert set(rig.acd.queues["sales"].agents) == {"ana", "eva"}


async def test_supervision_is_asked_for_shown_and_stopped(tmp_path: Path) -> None:
    rig = Rig(tmp_path, agents=AGENTS)
    caller, _ = await talking(rig)
    await ask(rig, "supervise", whom="ana", act="listen", supervisor="sue")
    await asyncio.sleep(2)
    told = await ask(rig, "agents")
    assert told["supervisors"] == [
        {"supervisor": "sue", "mode": "listen", "agent": "ana", "call": caller.call.id}
    ]
    assert "listen" in listed(told)
    await ask(rig, "supervise", whom="ana", act="whisper", supervisor="sue")
    assert (await ask(rig, "agents"))["supervisors"][0]["mode"] == "whisper"
    await ask(rig, "supervise", whom="ana", act="stop", supervisor="sue")
    await asyncio.sleep(1)
    assert (await ask(rig, "agents"))["supervisors"] == []
    assert caller.stage == "talking"
    with pytest.raises(WireError, match="supervises nobody"):
        await ask(rig, "supervise", whom="ana", act="stop", supervisor="sue")
    caller.leg.remote_hangs_up()
    await caller.gone()
