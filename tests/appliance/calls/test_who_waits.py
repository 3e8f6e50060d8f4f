"""What was learned of a caller decides who is rung, and whose turn it is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from appliance.acd.agent import AgentState
from appliance.calls.flow_outside import Outside
from appliance.calls.who_waits import who_waits
from appliance.events import AgentOffered
from appliance.flow_events import FactLearned
from appliance.flows.actions import History
from tests.appliance.calls.rig import CONFIG, Caller, Rig, answers_after
from tests.appliance.calls.steps import all_over

AGENTS: dict[str, Any] = {
    **CONFIG["agents"],
    "ana": {**CONFIG["agents"]["ana"], "skills": {"german": 2}},
    "ben": {**CONFIG["agents"]["ben"], "skills": {"german": 4}},
}


def rig_with(tmp_path: Path, **queue: Any) -> Rig:
    sales = {**CONFIG["queues"]["sales"], **queue}
    rig = Rig(tmp_path, queues={"sales": sales}, agents=AGENTS)
    rig.phones.behave = answers_after(1)
    return rig


async def waiting(rig: Rig, number: str = "+15550123", **facts: str) -> Caller:
    """A caller of whom these facts are known, with _ for a dot."""
    caller = rig.caller(number)
    for name, value in facts.items():
        name = name.replace("skill_", "skill.")
        caller.call.note(FactLearned(call_id=caller.call.id, name=name, value=value))
    await caller.presses("1")
    return caller


def offers(rig: Rig) -> list[tuple[str, str]]:
    return [(event.agent, event.why) for event in rig.events(AgentOffered)]


async def test_want_15_a_skill_learned_in_the_menu_finds_the_agent_who_has_it(tmp_path: Path) -> None:
    rig = rig_with(tmp_path)
    rig.acd.log_in("ana")
    rig.acd.log_in("ben")
    caller = await waiting(rig, skill_german="3")
    await asyncio.sleep(2)
    assert [agent for agent, _ in offers(rig)] == ["ben"]
    assert offers(rig)[0][1].endswith("needs german 3; not ana (german 2)")
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_needs_relax_by_the_clock_with_nobody_polling(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, relax=[{"after_seconds": 30, "levels": -1}])
    rig.acd.log_in("ana")
    caller = await waiting(rig, skill_german="3")
    await asyncio.sleep(29)
    assert (caller.stage, offers(rig)) == ("waiting", [])
    assert "ready but not for this caller: ana (german 2)" in rig.acd.explain(caller.call.id)
    await asyncio.sleep(3)
    assert offers(rig)[0][1].endswith("needs german 2, relaxed, step 1 of 2")
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_want_15_a_class_of_customers_gains_urgency_faster(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, classes={"vip": 4.0})
    first = await waiting(rig, "+15550111")
    await asyncio.sleep(10)
    vip = await waiting(rig, "+15550112", customer="vip")
    await asyncio.sleep(10)
    rig.acd.log_in("ana")
    await asyncio.sleep(2)
    assert (vip.stage, first.stage) == ("talking", "waiting")
    first.leg.remote_hangs_up()
    vip.leg.remote_hangs_up()
    await all_over(rig)


class Past(Outside):
    """Ben spoke with every caller last."""

    async def history(self, number: str, days: int, wall_s: float, *, but: str) -> History:
        await asyncio.sleep(0.1 if number.endswith("1") else 60)
        return History(1, "answered", "ben")


@pytest.mark.parametrize(
    ("number", "sticky", "facts", "first"),
    [
        ("+15550121", "last", {}, "ben"),
        ("+15550121", "last", {"owner": "ana"}, "ana"),
        ("+15550121", "owner", {"owner": "ben"}, "ben"),
        ("+15550121", "owner", {}, "ana"),
        ("+15550121", "no", {"owner": "ben"}, "ana"),
        ("+15550122", "last", {}, "ana"),  # the past is told too late
        ("+15550121", "owner", {"owner": "nobody"}, "ana"),
    ],
)
async def test_who_knows_the_caller_is_tried_first(
    tmp_path: Path, number: str, sticky: str, facts: dict[str, str], first: str
) -> None:
    rig = rig_with(tmp_path, sticky=sticky, choice="in-order")
    rig.centre.outside = Past(rig.config, None, rig.centre.outside._send_text)
    rig.acd.log_in("ana")
    rig.acd.log_in("ben")
    caller = await waiting(rig, number, **facts)
    await asyncio.sleep(3)
    assert offers(rig)[0][0] == first
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_the_last_agent_is_waited_for_but_not_for_long(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, sticky="owner", sticky_seconds=20)
    rig.acd.restore("ben", AgentState.TALKING, since=0.0, call_id="other")
    rig.acd.log_in("ana")
    caller = await waiting(rig, owner="ben")
    await asyncio.sleep(10)
    assert "kept for ben" in rig.acd.explain(caller.call.id)
    await asyncio.sleep(11)
    assert [agent for agent, _ in offers(rig)] == ["ana"]
    caller.leg.remote_hangs_up()
    rig.acd.talk_ended("ben", wrap_up=False)
    await all_over(rig)


@pytest.mark.parametrize("value", ["", "much", "nan", "inf", "-1e999", "9" * 400, "0x10", "५"])
async def test_facts_that_are_no_numbers_do_no_harm(tmp_path: Path, value: str) -> None:
    rig = rig_with(tmp_path)
    facts = {"skill_german": value, "priority": value, "routing_age": value, "customer": value}
    caller = await waiting(rig, **facts)
    told = await who_waits(caller.call, "sales", rig.centre)
    rig.acd.log_in("ben")
    await asyncio.sleep(3)
    assert caller.stage in ("talking", "waiting")
    assert told.place == caller.call.story.place
    caller.leg.remote_hangs_up()
    await all_over(rig)
