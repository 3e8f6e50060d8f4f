"""A caller in a flow: does with sound, clock and network what `flows/walk.py` wants done."""

from __future__ import annotations

import asyncio
import logging
from collections import ChainMap
from pathlib import Path
from typing import Any

from appliance.calendars.calendars import Open
from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.flow_sound import FlowSound
from appliance.calls.language import language_of
from appliance.calls.saying import saying
from appliance.config.section import Destination
from appliance.dialplan.caller import caller_kind
from appliance.flow_events import (
    CallerTexted,
    FactLearned,
    FlowEntered,
    FlowLeft,
    LookupEnded,
    PinTried,
    SurveyAnswered,
)
from appliance.flows.actions import (
    Action,
    Answer,
    Ask,
    Enter,
    Fetch,
    IsOpen,
    Learn,
    Leave,
    LookBack,
    MayTry,
    Say,
    Score,
    Sound,
    Spoken,
    Text,
    Tried,
)
from appliance.flows.answers import LookupFailed
from appliance.flows.known import MOST_FACTS, SECRET, Known, clean
from appliance.flows.walk import HANG_UP, walk

log = logging.getLogger(__name__)

MOST_TEXTS = 3  # messages to the caller of one call: a key held down must not cost money
FAST_SECONDS = 10.0  # nobody comes call.TURNS times into a flow in so short a time


async def run_flow(call: Call, at: str, centre: Centre) -> Destination:
    """From "main", or found up at "main/ask", until the caller leaves all flows; where he goes then."""
    await asyncio.sleep(0)  # whatever leads round in circles stops nobody else
    if call.turns_within(FAST_SECONDS, centre.clock.mono()):
        log.warning("call %s: led round in circles by flow %s and what it leads to, let go", call.id, at)
        return HANG_UP
    return await _Run(call, centre).go(at)


def learn(call: Call, name: str, value: str) -> None:
    """A fact of the call; a secret one is kept in memory alone, and is lost with the brain."""
    value, facts = clean(value), call.story.facts
    if name.startswith(SECRET):
        call.secrets[name] = value
    elif len(facts) >= MOST_FACTS and name not in facts:
        log.debug("call %s: more than %d facts, %s is not kept", call.id, MOST_FACTS, name)
    elif facts.get(name, "") != value:
        call.note(FactLearned(call_id=call.id, name=name, value=value))


class _Run:
    """One caller's way through flows."""

    def __init__(self, call: Call, centre: Centre) -> None:
        self._call = call
        self._centre = centre
        self._sound = FlowSound(call, centre)
        story = call.story
        given = {"caller": clean(story.caller), "called": clean(story.called), "line": story.line}
        kind, forms = caller_kind(story.caller, centre.config)
        self._known = Known(ChainMap(given, call.secrets, story.facts), kind, forms)

    async def go(self, at: str) -> Destination:
        walking, answer = walk(self._centre.config.flows, at, self._known), None
        while True:
            try:
                action = walking.send(answer)
            except StopIteration as stop:
                to: Destination = stop.value
                return to
            answer = await self._do(action)

    async def _do(self, action: Action) -> Any:
        call, centre = self._call, self._centre
        match action:
            case Say(sounds=sounds):
                return await self._sound.say(self._files(sounds))
            case Ask(sounds=sounds):
                return await self._sound.ask(action, self._files(sounds))
            case Fetch():
                return await self._fetch(action)
            case Text():
                return await self._text(action)
            case LookBack(days=days):
                wall_s = centre.clock.wall()
                return await centre.outside.history(call.story.caller, days, wall_s, but=call.id)
            case MayTry():
                return await centre.outside.may_try(call.story.caller, action, centre.clock.wall())
            case IsOpen(calendar=calendar):
                return isinstance(centre.calendars.state(calendar, centre.clock.wall()), Open)
        return self._note(action)

    def _note(self, action: Action) -> None:
        """What is only to be told."""
        call = self._call
        match action:
            case Learn(name=name, value=value):
                learn(call, name, value)
            case Enter(flow=flow, node=node, goal=goal):
                call.note(FlowEntered(call_id=call.id, flow=flow, node=node, goal=goal))
            case Leave(flow=flow, node=node, by=by, to=to):
                if by == "loop":
                    log.warning("call %s: led round in flow %s, let go at %s", call.id, flow, node)
                call.note(FlowLeft(call_id=call.id, flow=flow, node=node, by=by, to=str(to)))
            case Tried():
                self._tried(action)
            case Score(metric=metric, question=name, answer=answer):
                call.note(SurveyAnswered(call_id=call.id, metric=metric, question=name, answer=answer))

    def _tried(self, tried: Tried) -> None:
        call, number = self._call, self._call.story.caller
        if tried.right:
            self._centre.outside.pins.was_right(number, tried.flow_node)
        flow, _, node = tried.flow_node.partition("/")
        call.note(PinTried(call_id=call.id, flow=flow, node=node, caller=number, right=tried.right))

    async def _fetch(self, fetch: Fetch) -> Answer | None:
        """Ask while the music plays; None when it cannot be had."""
        call, centre, why, answer = self._call, self._centre, "", None
        facts = ChainMap({"pin": fetch.pin}, dict(self._known.facts))
        language = call.story.facts.get("language", "")
        begun = centre.clock.mono()
        with self._sound.music(centre.prompt(fetch.music, language=language)):
            try:
                answer = await centre.outside.lookups.ask(fetch.lookup, facts)
            except LookupFailed as error:
                why = str(error)
        seconds = round(centre.clock.mono() - begun, 3)
        call.note(LookupEnded(call_id=call.id, lookup=fetch.lookup, seconds=seconds, why=why))
        return answer

    async def _text(self, text: Text) -> bool:
        call = self._call
        why = f"{MOST_TEXTS} were sent in this call" if call.story.texts >= MOST_TEXTS else ""
        why = why or await self._centre.outside.text(text)
        call.note(CallerTexted(call_id=call.id, line=text.line, why=why))
        return not why

    def _files(self, sounds: tuple[Sound, ...]) -> list[Path]:
        """Prompts may be there in more languages than the box can count in."""
        call, centre, files = self._call, self._centre, list[Path]()
        for sound in sounds:
            if isinstance(sound, Spoken):
                names = saying(language_of(call, centre), sound.kind, sound.value)
                files += centre.prompts.paths(names)
            else:
                files += centre.prompt(sound.name, language=call.story.facts.get("language", ""))
        return files
