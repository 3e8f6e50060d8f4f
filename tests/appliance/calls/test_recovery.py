"""A brain that was killed takes up every visit at its stage, in its place."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.acd.agent import AgentState
from appliance.calls.reception import Reception
from appliance.calls.recovery import restored_state, stories, wrap_ups
from appliance.calls.story import Story
from appliance.events import (
    AgentOffered,
    CallAnswered,
    CallArrived,
    CallConnected,
    CallEnded,
    CallQueued,
    CallResumed,
    Event,
    MenuEntered,
    MenuLeft,
    OfferEnded,
    Stamped,
    TalkEnded,
    WrapUpEnded,
    WrapUpStarted,
)
from drivers.port import EndCause, Leg, LegState, Port, PortState
from tests.appliance.calls.rig import Rig, ScriptedLeg, answers_after


class ScriptedPort(Port):
    """A line or a way to phones on which the test lets legs come in."""

    async def open(self) -> None:
        self.moved(PortState.STARTING)
        self.moved(PortState.IDLE)

    async def close(self) -> None:
        self.moved(PortState.DOWN)

    def found(self, leg_id: str, state: LegState, *, peer: str = "+15550123", label: str = "") -> ScriptedLeg:
        """A leg that is there when the brain comes back."""
        leg = ScriptedLeg(id=leg_id, port=self.name, peer=peer, state=state, label=label)
        self.came_in(leg)
        return leg


def told(call_id: str, *events: Event, at: float = 1.7e9) -> Story:
    """A story as the journal tells it."""
    stamped = [Stamped(event, at, 0.0, "before") for event in events]
    return stories([(call_id, stamped)])[0]


def arrived(call_id: str, line: str) -> CallArrived:
    return CallArrived(call_id=call_id, line=line, leg_id="old", caller="+15550123")


def waiting_story(call_id: str, line: str, place: float) -> Story:
    return told(
        call_id,
        arrived(call_id, line),
        CallAnswered(call_id=call_id),
        MenuEntered(call_id=call_id, menu="main"),
        MenuLeft(call_id=call_id, menu="main", digit="1", to="queue:sales"),
        CallQueued(call_id=call_id, queue="sales", position=1, place=place),
        at=place,
    )


def talking_story(call_id: str, line: str) -> Story:
    story = waiting_story(call_id, line, 1.7e9)
    for event in (
        AgentOffered(call_id=call_id, queue="sales", agent="ana", why="longest idle"),
        OfferEnded(call_id=call_id, agent="ana", result="answered"),
        CallConnected(call_id=call_id, queue="sales", agent="ana"),
    ):
        story.apply(Stamped(event, 1.7e9, 0.0, "before"))
    return story


LINES = {f"gsm-{n}": {"driver": "virtual", "to": "menu:main"} for n in (1, 2, 3)}


class Restarted:
    """A brain that finds these legs and stories."""

    def __init__(self, tmp_path: Path) -> None:
        self.rig = Rig(tmp_path, lines=LINES)
        self.lines = {name: ScriptedPort(name) for name in LINES}
        self.phones = ScriptedPort("sip")
        self.reception = Reception(self.rig.centre, dict(self.lines), self.phones)

    @contextlib.asynccontextmanager
    async def running(self, *going_on: Story) -> AsyncIterator[None]:
        """The reception at work; ended after the body."""
        task = asyncio.create_task(self.reception.run(going_on))
        await asyncio.sleep(0.2)
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def stage(self, call_id: str) -> str:
        call = self.rig.centre.calls.get(call_id)
        return call.story.stage.value if call else "ended"


async def test_waiting_callers_go_on_waiting_in_their_old_order(tmp_path: Path) -> None:
    box = Restarted(tmp_path)
    legs: list[Leg] = [box.lines[f"gsm-{n}"].found(f"leg-{n}", LegState.UP) for n in (1, 2, 3)]
    places = {"c1": 1.7e9 + 30, "c2": 1.7e9 + 10, "c3": 1.7e9 + 20}
    going_on = [waiting_story(f"c{n}", f"gsm-{n}", places[f"c{n}"]) for n in (1, 2, 3)]
    box.rig.phones.behave = answers_after(1)
    async with box.running(*going_on):
        assert [ticket.call_id for ticket in box.rig.acd.queues["sales"]] == ["c2", "c3", "c1"]
        assert all(box.rig.media.heard_now(leg.id) == ["music"] for leg in legs)
        assert box.rig.events(CallQueued) == []
        box.rig.acd.log_in("ana")
        await asyncio.sleep(1.5)
        assert (box.stage("c2"), box.stage("c1")) == ("talking", "waiting")


async def test_a_bridged_call_goes_on_and_ends_as_any_other(tmp_path: Path) -> None:
    box = Restarted(tmp_path)
    caller = box.lines["gsm-1"].found("leg-1", LegState.UP)
    phone = box.phones.found("phone-1", LegState.UP, label="c1")
    box.rig.acd.restore("ana", AgentState.TALKING, since=0.0, call_id="c1")
    async with box.running(talking_story("c1", "gsm-1")):
        assert box.stage("c1") == "talking"
        assert (caller.id, phone.id) in box.rig.media.hearing()
        phone.remote_hangs_up()
        await asyncio.sleep(1)
        assert caller.state is LegState.ENDED
        assert box.rig.acd.agents["ana"].state is AgentState.WRAP_UP
    assert [event.outcome for event in box.rig.events(CallEnded)] == ["answered"]


async def test_a_conversation_whose_caller_left_meanwhile_is_closed_properly(tmp_path: Path) -> None:
    box = Restarted(tmp_path)
    phone = box.phones.found("phone-1", LegState.UP, label="c1")
    box.rig.acd.restore("ana", AgentState.TALKING, since=0.0, call_id="c1")
    async with box.running(talking_story("c1", "gsm-1")):
        await asyncio.sleep(1)
        assert phone.state is LegState.ENDED
        assert box.rig.acd.agents["ana"].state is AgentState.WRAP_UP
    assert [event.by for event in box.rig.events(TalkEnded)] == ["caller"]
    assert [event.outcome for event in box.rig.events(CallEnded)] == ["answered"]


async def test_a_caller_who_leaves_before_his_call_is_taken_up_has_left_meanwhile(tmp_path: Path) -> None:
    """Found up, and over again while the other lines were opened."""
    box = Restarted(tmp_path)
    phone = box.phones.found("phone-1", LegState.UP, label="c1")
    box.lines["gsm-1"].found("leg-1", LegState.UP).remote_hangs_up()
    box.rig.acd.restore("ana", AgentState.TALKING, since=0.0, call_id="c1")
    async with box.running(talking_story("c1", "gsm-1")):
        await asyncio.sleep(1)
        assert phone.state is LegState.ENDED
        assert box.rig.acd.agents["ana"].state is AgentState.WRAP_UP
    assert [event.by for event in box.rig.events(TalkEnded)] == ["caller"]
    assert [event.outcome for event in box.rig.events(CallEnded)] == ["answered"]


async def test_a_conversation_whose_agent_left_meanwhile_is_closed_properly(tmp_path: Path) -> None:
    box = Restarted(tmp_path)
    caller = box.lines["gsm-1"].found("leg-1", LegState.UP)
    box.rig.acd.restore("ana", AgentState.TALKING, since=0.0, call_id="c1")
    async with box.running(talking_story("c1", "gsm-1")):
        await asyncio.sleep(1)
        assert caller.state is LegState.ENDED
        assert box.rig.acd.agents["ana"].state is AgentState.WRAP_UP
    assert [event.by for event in box.rig.events(TalkEnded)] == ["agent"]


@pytest.mark.parametrize("gone", ["queue", "menu", "agent"])
async def test_a_call_whose_configuration_is_gone_is_over_and_its_caller_begins_anew(
    tmp_path: Path, gone: str
) -> None:
    box = Restarted(tmp_path)
    caller = box.lines["gsm-1"].found("leg-1", LegState.UP)
    box.phones.found("phone-1", LegState.UP, label="c1")
    story = talking_story("c1", "gsm-1")
    changed = {"queue": {"queue": "gone"}, "menu": {"menu": "gone"}, "agent": {"agent": "gone"}}[gone]
    for name, value in changed.items():
        setattr(story, name, value)
    if gone != "agent":
        box.rig.acd.restore("ana", AgentState.TALKING, since=0.0, call_id="c1")
    async with box.running(story):
        await asyncio.sleep(1)
        assert [(e.call_id, e.outcome) for e in box.rig.events(CallEnded)] == [("c1", "answered")]
        assert [call.leg for call in box.rig.centre.calls.values()] == [caller]
        assert box.rig.acd.agents["ana"].state is not AgentState.TALKING


async def test_a_caller_in_a_menu_is_asked_again(tmp_path: Path) -> None:
    box = Restarted(tmp_path)
    box.lines["gsm-1"].found("leg-1", LegState.UP)
    menu = told(
        "c1", arrived("c1", "gsm-1"), CallAnswered(call_id="c1"), MenuEntered(call_id="c1", menu="main")
    )
    async with box.running(menu):
        assert box.stage("c1") == "menu"
        assert [event.stage for event in box.rig.events(CallResumed)] == ["menu"]


async def test_an_agent_who_was_being_rung_is_hung_up_and_the_caller_waits_on(tmp_path: Path) -> None:
    box = Restarted(tmp_path)
    box.lines["gsm-1"].found("leg-1", LegState.UP)
    phone = box.phones.found("phone-1", LegState.UP, label="c1")
    story = waiting_story("c1", "gsm-1", 1.7e9)
    story.apply(
        Stamped(AgentOffered(call_id="c1", queue="sales", agent="ana", why=""), 1.7e9, 0.0, "before"),
    )
    async with box.running(story):
        await asyncio.sleep(1)
        assert phone.state is LegState.ENDED
        assert len(box.rig.acd.queues["sales"]) == 1


async def test_a_phone_still_rung_for_a_dead_brain_and_found_late_is_hung_up(tmp_path: Path) -> None:
    box = Restarted(tmp_path)
    async with box.running():
        phone = ScriptedLeg(id="old", port="sip", peer="sip:ana@x", state=LegState.DIALING, label="c1")
        phone.moved(LegState.RINGING)
        box.phones.came_in(phone)
        await asyncio.sleep(1)
        assert (phone.state, phone.cause) == (LegState.ENDED, EndCause.LOCAL)
        assert phone.was_up is False


async def test_a_new_caller_on_the_line_of_one_who_left_is_a_call_of_its_own(tmp_path: Path) -> None:
    box = Restarted(tmp_path)
    box.lines["gsm-1"].found("leg-1", LegState.RINGING, peer="+15550999")
    async with box.running(waiting_story("c1", "gsm-1", 1.7e9)):
        assert [(e.call_id, e.outcome) for e in box.rig.events(CallEnded)] == [("c1", "abandoned")]
        assert [call.story.caller for call in box.rig.centre.calls.values()] == ["+15550999"]


def test_a_wrap_up_that_was_running_is_found_with_its_end() -> None:
    def at(second: float, event: Event) -> Stamped:
        return Stamped(event, second, 0.0, "before")

    done = [
        at(5, WrapUpStarted(call_id="c0", agent="ben", seconds=10)),
        at(7, WrapUpEnded(call_id="c0", agent="ben", by="agent")),
    ]
    running = [at(20, WrapUpStarted(call_id="c1", agent="ana", seconds=30))]
    found = wrap_ups([("c0", done), ("c1", running)])
    assert [(w.agent, w.call_id, w.until_wall_s) for w in found] == [("ana", "c1", 50)]


def test_an_agent_goes_on_as_the_journal_says() -> None:
    pause = (AgentState.PAUSED, "lunch")
    assert restored_state("ana", pause, {}, {}) == (AgentState.PAUSED, "lunch", "")
    offered = (AgentState.OFFERED, "")
    assert restored_state("ana", offered, {}, {}) == (AgentState.READY, "", "")
    talked = (AgentState.TALKING, "")
    assert restored_state("ana", talked, {"ana": "c1"}, {}) == (AgentState.TALKING, "", "c1")
    assert restored_state("ana", talked, {}, {"ana": "c1"}) == (AgentState.WRAP_UP, "", "c1")
