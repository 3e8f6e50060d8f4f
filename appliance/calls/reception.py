"""Lets callers and agents in: one task a line, one for the phones, one a call.

After a restart of the brain the calls found alive begin together, oldest place first, before anybody new
is let in, so that nobody loses a place.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any

from appliance.calls.agent_call import begin
from appliance.calls.agent_legs import AgentLegs
from appliance.calls.agent_phone import agent_of, is_code, serve_code
from appliance.calls.call import Call, new_call_id, short
from appliance.calls.centre import Centre
from appliance.calls.numbers import first_destination
from appliance.calls.phone_codes import SERVICES, serve
from appliance.calls.reconciler import Reconciler
from appliance.calls.recovery import lacks
from appliance.calls.story import Stage, Story
from appliance.calls.supervise import Supervisors
from appliance.calls.taking_up import FoundLegs, take_up
from appliance.calls.talk import HANG_UP
from appliance.calls.target import Colleague
from appliance.calls.visit import First, visit
from appliance.calls.voicemail import settle_message
from appliance.calls.wrap_ups import Rule
from appliance.dialplan.permit import UNAVAILABLE, DialRefused
from appliance.events import (
    CallArrived,
    CallEnded,
    CallResumed,
    Direction,
    Outcome,
    RecordingEnded,
    TalkEnded,
    TransferEnded,
)
from appliance.faults import say_if_it_failed
from appliance.media.held import wav_seconds
from drivers.port import Leg, LegState, Port
from drivers.sip.leg import SipLeg

log = logging.getLogger(__name__)

RECOVERY_SECONDS = 5.0  # a modem answers its first commands in under one; later ones count as lost

STRAY_SECONDS = 1.0  # a phone that was being rung is free again well within this
CLAIM_SECONDS = 0.5  # a call claims in its first few turns of the loop


class Reception:
    """Everything that runs for lines and phones; `run` never returns, cancelling it ends every call."""

    def __init__(self, centre: Centre, lines: dict[str, Port], phones: Port) -> None:
        self._centre = centre
        self._lines = lines
        self._phones = phones
        self._agent_legs = AgentLegs(centre)
        centre.desk.add(Supervisors(centre).commands())
        self._tasks: set[asyncio.Task[None]] = set()
        centre.begin = self._begin

    async def run(self, interrupted: Iterable[Story]) -> None:
        """Open everything, take up the interrupted calls, then serve whoever comes."""
        stories = sorted(
            (story for story in interrupted if not self._given_up(story)),
            key=lambda story: (story.place, story.call_id),
        )
        try:
            await self._phones.open()
            opened = {name: asyncio.create_task(port.open()) for name, port in self._lines.items()}
            waited_for = [opened[name] for name in self._lines_known(stories) if name in opened]
            if waited_for:
                await asyncio.wait(waited_for, timeout=RECOVERY_SECONDS)
            await self._take_up(stories)
            self._start(self._prune(), "prune")
            self._start(Reconciler(self._centre).run(), "reconciler")
            for name in self._lines:
                self._start(self._serve_line(name, opened[name]), f"line {name}")
            while True:
                self._came_in(await self._phones.next_ring())
        finally:
            await self._stop()

    def _came_in(self, leg: Leg) -> None:
        """Take a phone that calls us; any other leg is one nobody waits for (the brain died ringing it)."""
        if leg.inbound and leg.state is LegState.RINGING:
            self._start(self._phone_calls(leg), f"phone {leg.id}")
        else:
            self._centre.chore(leg.hangup(), f"stray {leg.id}")

    def _begin(self, call: Call) -> None:
        self._start(visit(call, HANG_UP, self._centre), f"visit {call.id}")

    async def _phone_calls(self, leg: Leg) -> None:
        agent = agent_of(leg, self._centre)
        if agent is None or is_code(leg.called):
            await serve_code(leg, agent, self._centre)
            return
        if leg.called in SERVICES:
            await serve(SERVICES[leg.called], leg, agent, self._centre)
            return
        call, to = begin(leg, agent, self._centre)
        log.info("call %s: agent %s calls %s", call.id, agent, short(leg.called))
        await visit(call, to, self._centre)

    async def _serve_line(self, name: str, opened: asyncio.Task[None]) -> None:
        await opened
        port = self._lines[name]
        while True:
            self._line_rings(name, await port.next_ring())

    def _line_rings(self, name: str, leg: Leg) -> None:
        if isinstance(leg, SipLeg) and not leg.inbound:  # the brain died dialling it
            self._centre.chore(leg.hangup(), f"stray {leg.id}")
        else:
            self._start(self._new_visit(name, leg), f"visit on {name}")

    async def _new_visit(self, name: str, leg: Leg) -> None:
        centre = self._centre
        story = Story(new_call_id(centre.clock.wall()), line=name, caller=leg.peer)
        call = Call(story, leg, centre.bus)
        log.info("call %s: %s rings at line %s", call.id, short(leg.peer), name)
        call.note(CallArrived(call_id=call.id, line=name, leg_id=leg.id, caller=leg.peer, called=leg.called))
        await visit(call, first_destination(name, leg.called, centre.config), centre)

    # --- after a restart --------------------------------------------------------------------------

    async def _take_up(self, stories: list[Story]) -> None:
        """Give the calls back their legs, end what belongs to nobody, and only then let the calls go on."""
        centre = self._centre
        ports = (
            self._phones,
            *(self._lines[name] for name in self._lines_known(stories) if name in self._lines),
        )
        legs = FoundLegs(leg for port in ports for leg in _waiting_at(port))
        calls = [(story, take_up(story, legs, centre)) for story in stories]
        parties = [party for _, call in calls if call is not None for party in call.parties]
        rest = self._agent_legs.take_up(legs.rest(), parties)
        centre.guard.settle()
        strays, newcomers = [], []
        supervisors = Supervisors(centre)
        attending = supervisors.claim(rest)
        for leg in (leg for leg in rest if leg not in attending):
            if leg.inbound and leg.state is LegState.RINGING:
                newcomers.append(leg)
            elif leg.state is not LegState.ENDED:
                strays.append(asyncio.create_task(leg.hangup(), name=f"stray {leg.id}"))
        if strays:
            await asyncio.wait(strays, timeout=STRAY_SECONDS)
        for story, call in calls:
            if call is None:
                self._gone_meanwhile(story)
            else:
                self._go_on(call)
        supervisors.go_on(attending)
        for leg in newcomers:
            if leg.port in self._lines:
                self._line_rings(leg.port, leg)
            else:
                self._came_in(leg)

    def _lines_known(self, stories: Iterable[Story]) -> set[str]:
        """Lines that carried a leg when the brain died: of a call, an agent outside, or a supervisor."""
        facts = self._centre.facts
        legs = {fact.line for fact in facts.legs.values()}
        supervisors = {fact.line for fact in facts.supervisions.values()}
        return {*_lines_of(stories), *legs, *supervisors} - {""}

    def _given_up(self, story: Story) -> bool:
        """True for a call that needs what the configuration has no more: it is over, its legs are strays."""
        lacking = lacks(story, self._centre.config)
        if lacking:
            log.warning("call %s: given up, there is no %s any more", story.call_id, lacking)
            self._talk_over(story, "box")
            settle_message(story, self._centre)
            outcome = story.outcome_if_ended(by_caller=False, line_lost=True)
            self._end(story, outcome, "box")
        return bool(lacking)

    def _go_on(self, call: Call) -> None:
        story, centre = call.story, self._centre
        log.info("call %s: found alive, goes on in stage %s", call.id, story.stage.value)
        call.note(CallResumed(call_id=call.id, stage=story.stage.value))
        if story.stage is Stage.TRANSFER and len(call.parties) > 1:
            call.note(TransferEnded(call_id=call.id, agent=story.agent, result="dropped"))
        if story.stage is Stage.TALKING and len(call.parties) < 2:  # while nobody was looking
            self._talk_over(story, "agent")
        first: First
        if story.stage is Stage.DIALLING:
            first = Colleague(story.maker)  # whoever it is, `Call.rung` is the one
            if call.rung is None:
                first = DialRefused("nobody is rung any more, the box was restarted", UNAVAILABLE)
        elif story.direction is Direction.IN and story.line:
            first = first_destination(story.line, story.called, centre.config)
        else:
            first = HANG_UP
        self._start(visit(call, first, centre), f"visit on {story.line}")
        self._start(self._close_unclaimed(call), f"recordings of {call.id}")

    def _gone_meanwhile(self, story: Story) -> None:
        """Whoever the call is for left while there was no brain: the story still gets its proper end."""
        log.info("call %s: the caller left while the brain was away", story.call_id)
        self._talk_over(story, "caller")
        settle_message(story, self._centre)
        self._end(story, story.outcome_if_ended(by_caller=True, line_lost=False), "caller")

    def _end(self, story: Story, outcome: Outcome, by: str) -> None:
        self._start(self._close_recordings(story, story.recordings), f"recordings of {story.call_id}")
        ended = CallEnded(call_id=story.call_id, outcome=outcome.value, by=by)
        story.apply(self._centre.bus.publish(ended))

    def _talk_over(self, story: Story, by: str) -> None:
        if story.other is None:
            return
        centre, agent = self._centre, story.agent if story.offered else ""
        ended = TalkEnded(call_id=story.call_id, agent=story.agent, by=by)
        story.apply(centre.bus.publish(ended))
        if agent in centre.acd.agents:
            known = story.queue in centre.acd.queues
            rule = centre.wrap_up(story.queue, agent) if known else Rule()
            centre.desk.talk_ended(agent, story.call_id, rule)

    async def _close_unclaimed(self, call: Call) -> None:
        await asyncio.sleep(CLAIM_SECONDS)
        await self._close_recordings(call.story, call.unclaimed)

    async def _close_recordings(self, story: Story, paths: Iterable[str]) -> None:
        """Nobody goes on with them: `prune` ends them, or the engine died with them."""
        await asyncio.sleep(2 * CLAIM_SECONDS)
        for path in paths:
            seconds, why = wav_seconds(Path(path)), "the box was restarted"
            ended = RecordingEnded(call_id=story.call_id, path=path, seconds=seconds, why=why)
            story.apply(self._centre.bus.publish(ended))

    async def _prune(self) -> None:
        """The calls taken up have claimed what is theirs at the engine; the rest belongs to nobody."""
        await asyncio.sleep(CLAIM_SECONDS)
        self._centre.media.prune()

    # --- tasks ------------------------------------------------------------------------------------

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        say_if_it_failed(task)

    async def _stop(self) -> None:
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=5)
        await self._centre.stop(1)
        await self._centre.chores_done(3)
        for port in (*self._lines.values(), self._phones):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await port.close()


def _lines_of(stories: Iterable[Story]) -> Iterable[str]:
    """Every line that carries a leg of one of the calls."""
    for story in stories:
        whose = (story.other, story.third, story.rung)
        yield from filter(None, (story.line, *(who.line for who in whose if who is not None)))


def _waiting_at(port: Port) -> Iterable[Leg]:
    while (leg := port.ring_waiting()) is not None:
        yield leg
