"""Lets callers and agents in: one task a line, one for the phones, one a visit.

After a restart of the brain the visits found alive begin together, oldest place first, before anybody new
is let in, so that nobody loses a place.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any

from appliance.calls.agent_phone import serve_agent
from appliance.calls.call import Call, Stage, Story, new_call_id, short
from appliance.calls.centre import Centre
from appliance.calls.visit import visit
from appliance.config.line_base import LineBase
from appliance.events import CallArrived, CallEnded, CallResumed, RecordingEnded, TalkEnded
from appliance.media.held import wav_seconds
from drivers.port import Leg, LegState, Port

log = logging.getLogger(__name__)

RECOVERY_SECONDS = 5.0  # a modem answers its first commands in under one; later ones count as lost

STRAY_SECONDS = 1.0  # a phone that was being rung is free again well within this
CLAIM_SECONDS = 0.5  # a visit claims in its first few turns of the loop


class Reception:
    """Everything that runs for lines and phones; `run` never returns, cancelling it ends every visit."""

    def __init__(self, centre: Centre, lines: dict[str, Port], phones: Port) -> None:
        self._centre = centre
        self._lines = lines
        self._phones = phones
        self._tasks: set[asyncio.Task[None]] = set()
        self._agent_legs: dict[str, Leg] = {}  # found at start, by call id

    async def run(self, interrupted: Iterable[Story]) -> None:
        """Open everything, take up the interrupted visits, then serve whoever comes."""
        stories = {story.line: story for story in interrupted}
        try:
            await self._phones.open()
            opened = {name: asyncio.create_task(port.open()) for name, port in self._lines.items()}
            await self._find_agent_legs(stories.values())
            waited_for = [opened[name] for name in stories if name in opened]
            if waited_for:
                await asyncio.wait(waited_for, timeout=RECOVERY_SECONDS)
            self._take_up(stories.values())
            self._start(self._prune(), "prune")
            for name in self._lines:
                self._start(self._serve_line(name, opened[name]), f"line {name}")
            while True:
                leg = await self._phones.next_ring()
                if not self._serves(leg):
                    self._centre.chore(leg.hangup(), f"stray {leg.id}")
        finally:
            await self._stop()

    def _serves(self, leg: Leg) -> bool:
        """Take a phone that calls us; any other leg is one nobody waits for (the brain died ringing it)."""
        calls_us = leg.inbound and leg.state is LegState.RINGING
        if calls_us:
            self._start(serve_agent(leg, self._centre), f"phone {leg.id}")
        return calls_us

    async def _serve_line(self, name: str, opened: asyncio.Task[None]) -> None:
        await opened
        port = self._lines[name]
        while True:
            leg = await port.next_ring()
            self._start(self._new_visit(name, leg), f"visit on {name}")

    async def _new_visit(self, name: str, leg: Leg) -> None:
        centre = self._centre
        line: LineBase = centre.config.lines[name]
        story = Story(new_call_id(centre.clock.wall()))
        call = Call(story, leg, centre.bus)
        log.info("call %s: %s rings at line %s", call.id, short(leg.peer), name)
        call.note(CallArrived(call_id=call.id, line=name, leg_id=leg.id, caller=leg.peer, called=leg.called))
        await visit(call, line.to, centre)

    # --- after a restart --------------------------------------------------------------------------

    async def _find_agent_legs(self, going_on: Iterable[Story]) -> None:
        """Keep the agents' legs of conversations; end the others before anybody is rung again."""
        talking = {story.call_id for story in going_on if story.stage is Stage.TALKING}
        strays = []
        while (leg := self._phones.ring_waiting()) is not None:
            if leg.state is LegState.UP and leg.label in talking:
                self._agent_legs[leg.label] = leg
            elif not self._serves(leg):
                strays.append(asyncio.create_task(leg.hangup(), name=f"stray {leg.id}"))
        if strays:
            await asyncio.wait(strays, timeout=STRAY_SECONDS)

    def _take_up(self, stories: Iterable[Story]) -> None:
        centre = self._centre
        for story in sorted(stories, key=lambda story: (story.place, story.call_id)):
            port = self._lines.get(story.line)
            leg = port.ring_waiting() if port is not None else None
            if leg is not None and leg.state is LegState.ENDED:  # while the other lines were opened
                leg = None
            if leg is None or (leg.state is LegState.RINGING and story.stage is not Stage.RINGING):
                self._gone_meanwhile(story)
                if leg is not None:  # somebody else rings already
                    self._start(self._new_visit(story.line, leg), f"visit on {story.line}")
                continue
            call = Call(story, leg, centre.bus)
            if story.stage is Stage.TALKING:
                call.phone = self._agent_legs.pop(story.call_id, None)
            log.info("call %s: found alive, goes on in stage %s", call.id, story.stage.value)
            call.note(CallResumed(call_id=call.id, stage=story.stage.value))
            self._start(visit(call, centre.config.lines[story.line].to, centre), f"visit on {story.line}")

    def _gone_meanwhile(self, story: Story) -> None:
        """The caller left while there was no brain: the story still gets its proper end."""
        centre = self._centre
        log.info("call %s: the caller left while the brain was away", story.call_id)
        outcome = story.outcome_if_ended(by_caller=True, line_lost=False)
        if story.recording:
            self._start(self._close_recording(story), f"recording of {story.call_id}")
        phone = self._agent_legs.pop(story.call_id, None)
        if phone is not None:
            centre.chore(phone.hangup(), f"hang up {story.agent}")
        if story.stage is Stage.TALKING:
            centre.bus.publish(TalkEnded(call_id=story.call_id, agent=story.agent, by="caller"))
            centre.desk.talk_ended(story.agent, story.call_id, centre.queue(story.queue).wrap_up_seconds)
        centre.bus.publish(CallEnded(call_id=story.call_id, outcome=outcome.value, by="caller"))

    async def _close_recording(self, story: Story) -> None:
        """Nobody goes on with it: `prune` ends it, or the engine died with it."""
        await asyncio.sleep(2 * CLAIM_SECONDS)
        seconds = wav_seconds(Path(story.recording))
        ended = RecordingEnded(call_id=story.call_id, path=story.recording, seconds=seconds)
        self._centre.bus.publish(ended)

    async def _prune(self) -> None:
        """The visits taken up have claimed what is theirs at the engine; the rest belongs to nobody."""
        await asyncio.sleep(CLAIM_SECONDS)
        self._centre.media.prune()

    # --- tasks ------------------------------------------------------------------------------------

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s went wrong, the others go on", task.get_name(), exc_info=error)

    async def _stop(self) -> None:
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=5)
        await self._centre.chores_done(3)
        for port in (*self._lines.values(), self._phones):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await port.close()
