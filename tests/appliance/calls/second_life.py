"""A brain that is killed where it stands, and the next one, which reads its journal and finds its legs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from appliance.acd.agent import AgentState
from appliance.acd.distributor import UNKNOWN
from appliance.calls.reception import Reception
from appliance.calls.recovery import restored_state, stories, talking
from appliance.calls.story import Story
from appliance.events import AgentChanged, CallEnded, Stamped
from drivers.port import Leg, LegState, Port, PortState
from drivers.virtual import VirtualPort
from tests.appliance.calls.rig import Rig, ScriptedPhone


class FoundPhones(Port):
    """The workers as a new brain finds them: the legs are there."""

    def __init__(self, legs: list[Leg]) -> None:
        super().__init__("sip")
        for leg in legs:
            if leg.state is not LegState.ENDED:
                self.came_in(leg)

    async def open(self) -> None:
        self.moved(PortState.STARTING)
        self.moved(PortState.IDLE)

    async def close(self) -> None:
        self.moved(PortState.DOWN)


def reborn(leg: ScriptedPhone) -> ScriptedPhone:
    """The same leg, as the new brain is told of it."""
    again = ScriptedPhone(
        id=leg.id, peer=leg.peer, state=LegState.RINGING, label=leg.label, called=leg.called
    )
    again.state, again.inbound, again.held = leg.state, leg.inbound, leg.held
    return again


class SecondLife:
    """Kill the brain of a rig where it stands; a second one reads the journal and finds the legs."""

    def __init__(self, tmp_path: Path, before: Rig, **changes: Any) -> None:
        self.stamped = list(before.stamped)
        self.rig = Rig(tmp_path, **changes)
        self.legs = {leg.id: reborn(leg) for leg in (*before.phones.rung, *before.phones.calling)}
        self.rig.phones.rung = [self.legs[leg.id] for leg in before.phones.rung]
        self.rig.phones.calling = [self.legs[leg.id] for leg in before.phones.calling]
        self.lines: dict[str, VirtualPort] = before.lines
        self.callers: list[ScriptedPhone] = []
        self.rig.centre.lines = self.lines
        self.restore()

    def restore(self) -> None:
        calls: dict[str, list[Stamped]] = {}
        last: dict[str, AgentChanged] = {}
        for stamped in self.stamped:
            self.rig.centre.facts.apply(stamped)
            if stamped.event.call_id:
                calls.setdefault(stamped.event.call_id, []).append(stamped)
            if isinstance(stamped.event, AgentChanged):
                last[stamped.event.agent] = stamped.event
        self.going_on: list[Story] = stories(calls.items())
        for name, changed in last.items():
            state = AgentState(changed.now)
            talks = talking(self.going_on)
            state, reason, call_id = restored_state(name, (state, changed.reason), talks, {})
            hindered = changed.hindered and state is AgentState.PAUSED
            self.rig.acd.restore(name, state, since=0.0, reason=reason, call_id=call_id, hindered=hindered)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Rig]:
        phones = FoundPhones(list(self.legs.values()))
        for line in self.lines.values():
            line.state = PortState.DOWN
        reception = Reception(self.rig.centre, dict(self.lines), phones)
        task = asyncio.create_task(reception.run(self.going_on))
        await asyncio.sleep(2)
        for agent in self.rig.acd.agents:
            self.rig.acd.unhinder(agent, UNKNOWN)  # the edge has told who has a phone
        try:
            yield self.rig
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def outcomes(self) -> list[str]:
        return [e.outcome for e in self.rig.events(CallEnded) if isinstance(e, CallEnded)]


async def killed(tmp_path: Path, rig: Rig, *others: Leg, **changes: Any) -> SecondLife:
    """The tasks of the first life end without a word of theirs reaching anybody.

    `others` are legs that neither the phones nor the lines know; they come in at line gsm-1 again.
    """
    events = list(rig.stamped)
    dialled = [line.leg for line in rig.lines.values() if line.leg is not None]
    for leg in (*rig.phones.rung, *rig.phones.calling, *dialled, *others):
        leg._hangup = _nothing  # type: ignore[method-assign]
        leg.moved = lambda *_: None  # type: ignore[method-assign]
    life_tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in life_tasks:
        task.cancel()
    if life_tasks:
        await asyncio.wait(life_tasks)
    await asyncio.sleep(1)
    rig.stamped[:] = events
    life = SecondLife(tmp_path, rig, **changes)
    for leg in others:
        if leg.state is not LegState.ENDED:
            again = ScriptedPhone(id=leg.id, peer=leg.peer, state=LegState.RINGING)
            again.state, again.port = leg.state, "gsm-1"
            life.lines["gsm-1"].came_in(again)
            life.callers.append(again)
    return life


async def _nothing() -> None:
    return None
