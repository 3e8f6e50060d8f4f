"""Want 1: thousands of things at random, in calls with transfers; nothing leaks, nobody is stuck."""

from __future__ import annotations

import asyncio
import contextlib
import random
from pathlib import Path
from typing import Any

import pytest

from appliance.acd.agent import AgentRefused, AgentState
from appliance.calls.agent_legs import AgentLegs
from appliance.calls.agent_phone import serve_code
from appliance.calls.story import Stage
from appliance.calls.supervise import ACTS, Supervisors
from appliance.calls.supervision import Mode
from appliance.calls.talk import talk_of
from appliance.events import CallArrived
from drivers.port import EndCause, LegState
from drivers.virtual import answers, fails, never
from tests.appliance.calls.rig import Caller, Rig, ScriptedPhone
from tests.appliance.calls.steps import assert_all_free, replayed

AGENTS = {
    name: {"phone": f"sip:{name}@127.0.0.1:507{n}", "extension": f"2{n}", "permission": "all"}
    for n, name in enumerate(("ana", "ben", "eva", "kim"), 1)
}
AGENTS["sue"] = {"phone": "sip:sue@127.0.0.1:5079", "extension": "25", "role": "supervisor"}
QUEUES = {
    "sales": {"agents": ["ana", "ben"], "wrap_up_seconds": 3, "ring_seconds": 8, "music": "music"},
    "service": {
        "agents": ["ben", "eva", "kim"],
        "choice": "ring-all",
        "misses_before_pause": 2,
        "wrap_up_seconds": 0,
        "max_wait_seconds": 60,
        "overflow": "queue:sales",
        "music": "music",
    },
}
PERMISSIONS = {"all": {"classes": ["local", "national"], "calls_a_minute": 10_000, "calls_a_day": 10_000}}
TARGETS = ("21", "22", "23", "24", "23", "24", "sales", "service", "030123456", "0900666")
COMMANDS = ("transfer", "consult", "consult", "complete", "conference", "back", "hold", "resume", "hangup")


class Chaos:
    """A rig in which people do what comes to their minds."""

    pauses = (0, 0.001, 0.2, 1, 3)  # s, between what they do

    def __init__(self, tmp_path: Path, seed: int) -> None:
        self.changes: dict[str, Any] = {"agents": AGENTS, "queues": QUEUES, "permissions": PERMISSIONS}
        self.rig = Rig(tmp_path, **self.changes)
        self.pick = random.Random(seed)
        self.callers: list[Caller] = []
        self.rig.phones.behave = self._behaves
        AgentLegs(self.rig.centre)

    def _behaves(self, leg: ScriptedPhone) -> None:
        loop, seconds = asyncio.get_running_loop(), self.pick.choice([0.0, 0.5, 2, 6])
        match self.pick.randrange(12):
            case 0:
                loop.call_later(seconds, leg.ends, 486, EndCause.BUSY)
            case 1:
                contact = f"<sip:{self.pick.choice(TARGETS)}@x>"
                loop.call_later(seconds, leg.ends, 302, EndCause.FAILED, contact)
            case 2:
                pass
            case 3:
                loop.call_later(seconds, leg.moved, LegState.ENDED, EndCause.PORT_LOST)
            case _:
                loop.call_later(seconds / 2, leg.moved, LegState.RINGING)
                loop.call_later(seconds, leg.moved, LegState.UP)

    def one_more(self) -> None:
        """Somebody does something."""
        often = (self._refer, self._command, self._command, self._caller, self._state)
        rare = (self._call, self._hang_up, self._hold, self._line, self._key, self._supervise, self._stay)
        self.pick.choice((*often, *often, *rare))()

    def _legs(self) -> list[ScriptedPhone]:
        legs = (*self.rig.phones.rung, *self.rig.phones.calling)
        return [leg for leg in legs if leg.state is LegState.UP]

    def _caller(self) -> None:
        if sum(not caller.visit.done() for caller in self.callers) < 6:
            caller = self.rig.caller(f"+1555{len(self.callers):05}")
            self.callers.append(caller)
            asyncio.get_running_loop().call_later(1, caller.leg.heard, self.pick.choice("1291"))

    def _call(self) -> None:
        self.rig.calls(self.pick.choice(list(AGENTS)), self.pick.choice(TARGETS))

    def _refer(self) -> None:
        if legs := self._legs():
            leg = self.pick.choice(legs)
            leg.refers(self.pick.choice(TARGETS), self.pick.choice([None, self.pick.choice(legs)]))

    def _command(self) -> None:
        agent, command = self.pick.choice(list(AGENTS)), self.pick.choice(COMMANDS)
        with contextlib.suppress(AgentRefused):
            self.rig.desk.commands()[command](agent, self.pick.choice(TARGETS))

    def _supervise(self) -> None:
        calls = list(self.rig.centre.calls) or ["none"]
        whom = self.pick.choice([*AGENTS, self.pick.choice(calls)])
        with contextlib.suppress(AgentRefused):
            if self.pick.random() < 0.2:
                Supervisors(self.rig.centre).stop("sue")
            else:
                Supervisors(self.rig.centre).supervise(whom, self.pick.choice(ACTS), "sue")

    def _stay(self) -> None:
        """An agent's phone stays connected; at most a few at a time."""
        agent, phones = self.pick.choice(list(AGENTS)), self.rig.phones
        up = [leg for leg in phones.calling if leg.called == "*17" and leg.state is not LegState.ENDED]
        if len(up) < 2:
            name = f"{agent}-stays-{len(phones.calling)}"
            leg = ScriptedPhone(id=name, peer=f"sip:{agent}@x", state=LegState.RINGING, called="*17")
            phones.calling.append(leg)
            self.rig.visits.append(asyncio.create_task(serve_code(leg, agent, self.rig.centre)))

    def _state(self) -> None:
        command = self.pick.choice(["login", "ready", "login", "ready", "ready", "pause", "logout"])
        with contextlib.suppress(AgentRefused):
            self.rig.centre.desk.commands()[command](self.pick.choice(list(AGENTS)), "")

    def _hang_up(self) -> None:
        legs = [*self._legs(), *(caller.leg for caller in self.callers), *self.rig.phones.calling]
        legs = [leg for leg in legs if leg.state is not LegState.ENDED]
        if legs and self.pick.random() < 0.7:
            cause = self.pick.choice([EndCause.REMOTE, EndCause.REMOTE, EndCause.PORT_LOST])
            self.pick.choice(legs).moved(LegState.ENDED, cause)

    def _hold(self) -> None:
        if legs := self._legs():
            leg = self.pick.choice(legs)
            leg.held_by_far_end(not leg.held)

    def _line(self) -> None:
        line = self.rig.lines[self.pick.choice(["out-1", "out-2"])]
        line.script = self.pick.choice([answers(0.5), never(), fails(EndCause.BUSY), fails(EndCause.FAILED)])
        if line.leg is not None and self.pick.random() < 0.5:
            line.leg.moved(LegState.ENDED, EndCause.REMOTE)

    def _key(self) -> None:
        if legs := self._legs():
            self.pick.choice(legs).heard(self.pick.choice("4567"))

    # --- what must hold at any time -------------------------------------------------------------------

    def check(self) -> None:
        """Whoever talks has a leg, whoever has no leg does not talk; who hears whom is nobody's secret."""
        rig = self.rig
        up = {party.leg for call in rig.centre.calls.values() for party in call.parties}
        ports = {party.port for call in rig.centre.calls.values() for party in call.parties}
        supervisions = rig.centre.supervisions
        watching = {each.party.port for each in supervisions.by_name.values()}
        assert {port for edge in rig.media.hearing() for port in edge} <= ports | watching
        for one in supervisions.by_name.values():
            hears_him = {other for by, other in rig.media.hearing() if by == one.party.port}
            attended = one.party_in(one.call) if one.call is not None else None
            if one.mode is not Mode.BARGE:
                assert hears_him <= ({attended.port} if attended is not None else set())
                assert not hears_him or one.mode is Mode.WHISPER
        for agent in rig.acd.agents.values():
            if agent.state is AgentState.TALKING:
                assert agent.name in {
                    party.agent for call in rig.centre.calls.values() for party in call.parties
                }
        for call in rig.centre.calls.values():
            if talk := talk_of(call):
                assert call.story.stage in (Stage.TALKING, Stage.TRANSFER, Stage.ENDING), call.story
                assert len(call.parties) > 1 or talk.errand is not None or talk.next or not up
        assert len(up) == sum(len(call.parties) for call in rig.centre.calls.values())


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_people_do_nothing_leaks_and_every_call_has_one_outcome(
    tmp_path: Path, seed: int
) -> None:
    chaos = Chaos(tmp_path, seed)
    rig = await chaos.rig.opened()
    for _ in range(500):
        chaos.one_more()
        if chaos.pick.random() < 0.7:
            await asyncio.sleep(chaos.pick.choice([0, 0.001, 0.2, 1, 5]))
            chaos.check()
    for call in rig.centre.calls.values():
        assert replayed(rig, call.id) == call.story
    for _ in range(100):  # everybody goes home
        legs = [*chaos._legs(), *(caller.leg for caller in chaos.callers), *rig.phones.calling]
        dialled = [line.leg for line in rig.lines.values() if line.leg is not None]
        for leg in (*legs, *dialled):
            leg.moved(LegState.ENDED, EndCause.REMOTE)
        await asyncio.sleep(2)
        quiet = all(leg.state is LegState.ENDED for leg in rig.phones.rung)
        if quiet and all(task.done() for task in (*rig.visits, *(each.visit for each in chaos.callers))):
            break
    await asyncio.gather(*rig.visits, *(caller.visit for caller in chaos.callers))
    await asyncio.sleep(120)
    assert_all_free(rig)
    for event in rig.events(CallArrived):
        story = replayed(rig, event.call_id)
        assert (story.stage, story.other, story.recordings) == (Stage.ENDED, None, ())
    states = {agent.state for agent in rig.acd.agents.values()}
    assert states <= {AgentState.READY, AgentState.PAUSED, AgentState.OFFLINE}
