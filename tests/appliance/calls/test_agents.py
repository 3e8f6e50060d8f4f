"""The agent: pause reasons, forced states, wrap-up as a state one sees, codes, and totals of the day."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from appliance.acd.agent import AgentRefused, AgentState
from appliance.agent_events import AgentForced, CallCoded, WrapUpExtended
from appliance.api.snapshot import agent_row
from appliance.calls.agent_facts import AgentFacts, midnight
from appliance.calls.recovery import wrap_ups
from appliance.config.pause_reasons import PauseReasons
from appliance.events import AgentChanged, Event, Stamped, WrapUpEnded
from tests.appliance.calls.rig import CONFIG, Caller, Rig
from tests.appliance.calls.steps import talking

SALES = CONFIG["queues"]["sales"]  # type: ignore[index]
QUEUE = {
    "sales": {**SALES, "wrap_up_extensions": 2, "wrap_up_extend_seconds": 30, "codes": ["order", "claim"]}
}


async def writing_up(tmp_path: Path, **changes: Any) -> tuple[Rig, Caller]:
    rig = Rig(tmp_path, **{"queues": QUEUE, **changes})
    caller, _ = await talking(rig)
    caller.leg.remote_hangs_up()
    await caller.gone()
    return rig, caller


def row(rig: Rig, agent: str = "ana") -> dict[str, Any]:
    return agent_row(agent, rig.centre)


async def test_want_3_wrap_up_is_a_state_with_the_seconds_that_are_left(tmp_path: Path) -> None:
    rig, caller = await writing_up(tmp_path)
    assert (row(rig)["state"], row(rig)["left_seconds"], row(rig)["call"]) == ("wrap-up", 9.0, caller.call.id)
    await asyncio.sleep(10)
    assert (row(rig)["state"], row(rig)["left_seconds"]) == ("ready", None)
    assert [event.by for event in rig.events(WrapUpEnded)] == ["timer"]


async def test_want_3_wrap_up_can_be_extended_as_often_as_the_queue_says(tmp_path: Path) -> None:
    rig, _ = await writing_up(tmp_path)
    commands = rig.centre.desk.commands()
    commands["extend-wrap-up"]("ana", "")
    commands["extend-wrap-up"]("ana", "")
    with pytest.raises(AgentRefused, match="no more time"):
        commands["extend-wrap-up"]("ana", "")
    assert row(rig)["left_seconds"] == 69.0
    (found,) = wrap_ups([("x", rig.stamped)])
    assert (found.queue, found.extended) == ("sales", 2)
    assert found.until_wall_s == pytest.approx(rig.clock.wall() + 69)
    await asyncio.sleep(68)
    assert row(rig)["state"] == "wrap-up"
    await asyncio.sleep(2)
    assert row(rig)["state"] == "ready"
    assert len(rig.events(WrapUpExtended)) == 2


async def test_want_3_wrap_up_can_be_ended_early_and_is_the_agents_own(tmp_path: Path) -> None:
    agents = {**CONFIG["agents"], "ana": {**CONFIG["agents"]["ana"], "wrap_up_seconds": 90}}  # type: ignore[dict-item, index]
    rig, _ = await writing_up(tmp_path, agents=agents)
    assert row(rig)["left_seconds"] == 89.0
    rig.centre.desk.end_wrap_up("ana")
    assert row(rig)["state"] == "ready"
    assert [event.by for event in rig.events(WrapUpEnded)] == ["agent"]
    with pytest.raises(AgentRefused, match="not in wrap-up"):
        rig.centre.desk.end_wrap_up("ana")


async def test_a_call_has_a_code_of_its_queue_while_talking_or_after(tmp_path: Path) -> None:
    """Want 3: codes of the queue, given while talking or in wrap-up."""
    rig = Rig(tmp_path, queues=QUEUE)
    caller, _ = await talking(rig)
    code = rig.desk.code
    code("ana", "order")
    caller.leg.remote_hangs_up()
    await caller.gone()
    code("ana", "claim")
    with pytest.raises(AgentRefused, match=r"no code .joke. here\. Known: order, claim"):
        code("ana", "joke")
    with pytest.raises(AgentRefused, match="not in wrap-up"):
        code("ben", "order")
    assert [(event.call_id, event.code) for event in rig.events(CallCoded)] == [
        (caller.call.id, "order"),
        (caller.call.id, "claim"),
    ]


async def test_want_13_reason_since_and_todays_totals_are_shown(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    desk = rig.centre.desk
    desk.log_in("ana")
    await asyncio.sleep(60)
    desk.pause("ana", "1")
    await asyncio.sleep(30)
    desk.pause("ana", "training")
    await asyncio.sleep(15)
    seen = row(rig)
    assert (seen["state"], seen["reason"], seen["since_seconds"]) == ("paused", "training", 45.0)
    assert seen["today_seconds"]["ready"] == 60.0
    assert seen["today_seconds"]["paused"] == 45.0
    assert seen["paused_today_seconds"] == {"lunch": 30.0, "training": 15.0}


def test_reasons_are_numbered_and_may_be_the_only_ones() -> None:
    reasons = PauseReasons(names=["lunch", "smoke"])
    assert [reasons.reason(asked) for asked in ("1", "2", "3", "dentist", "")] == [
        "lunch",
        "smoke",
        "code 3",
        "dentist",
        "",
    ]
    strict = PauseReasons(only=True)
    assert [strict.allows(reason) for reason in ("", "lunch", "dentist")] == [True, True, False]


async def test_a_held_pause_is_for_others_to_end_and_outlives_the_brain(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    desk = rig.centre.desk
    desk.log_in("ana")
    desk.force("ana", "pause", "sue", "briefing", hold=True)
    for ask in (desk.ready, desk.log_in, lambda agent: desk.pause(agent, "lunch")):
        with pytest.raises(AgentRefused, match="held by sue"):
            ask("ana")
    again = AgentFacts()
    for stamped in rig.stamped:
        again.apply(stamped)
    assert again.held == {"ana": "sue"}
    assert row(rig)["held_by"] == "sue"
    desk.force("ana", "ready", "sue")
    assert rig.acd.agents["ana"].state is AgentState.READY
    desk.pause("ana", "lunch")
    desk.ready("ana")
    assert [(e.command, e.by, e.hold) for e in rig.events(AgentForced)] == [
        ("pause", "sue", True),
        ("ready", "sue", False),
    ]


async def test_a_pause_forced_in_a_call_begins_after_it_and_holds(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, _ = await talking(rig)
    rig.centre.desk.force("ana", "pause", "sue", hold=True)
    with pytest.raises(AgentRefused, match="held by sue"):
        rig.centre.desk.ready("ana")
    caller.leg.remote_hangs_up()
    await caller.gone()
    await asyncio.sleep(20)
    assert rig.acd.agents["ana"].state is AgentState.PAUSED


@pytest.mark.parametrize(("command", "hold"), [("dance", False), ("ready", True), ("pause", False)])
async def test_what_nobody_can_be_made_to_do_is_refused(tmp_path: Path, command: str, hold: bool) -> None:
    rig = Rig(tmp_path)
    with pytest.raises(AgentRefused):
        rig.centre.desk.force("ana", command, "sue", hold=hold)
    assert rig.events(AgentForced) == []


def changed(at_s: float, was: str, now: str, reason: str = "") -> Stamped:
    event: Event = AgentChanged(agent="ana", was=was, now=now, reason=reason)
    return Stamped(event, at_s, 0.0, "b")


def test_want_13_a_day_begins_at_midnight_in_the_state_of_the_moment() -> None:
    start = midnight(1.7e9)
    facts = AgentFacts()
    facts.apply(changed(start - 3600, "offline", "paused", "lunch"))
    facts.apply(changed(start + 600, "paused", "ready"))
    day = facts.today("ana", start + 1000)
    assert (day.states["paused"], day.reasons["lunch"], day.states["ready"]) == (600, 600, 400)


def test_want_11_totals_are_the_same_after_a_restart() -> None:
    start = midnight(1.7e9)
    told = [
        changed(start + 10, "offline", "ready"),
        changed(start + 70, "ready", "paused", "lunch"),
        changed(start + 100, "paused", "ready"),
    ]
    one, other = AgentFacts(), AgentFacts()
    for stamped in told:
        one.apply(stamped)
        other.apply(stamped)
        other.today("ana", stamped.wall_s)  # looking changes nothing
    assert one.today("ana", start + 200) == other.today("ana", start + 200)
    assert one.today("ana", start + 200).states == {"offline": 10, "ready": 160, "paused": 30}


def test_a_clock_that_was_set_back_takes_nothing_away() -> None:
    start = midnight(1.7e9)
    facts = AgentFacts()
    facts.apply(changed(start + 100, "offline", "ready"))
    facts.apply(changed(start + 40, "ready", "offline"))
    assert facts.today("ana", start + 50).states["ready"] == 0
