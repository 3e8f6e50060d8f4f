"""A caller as the queues see one: from what is known of the call, the same after a restart or a call-back.

| fact | is |
|---|---|
| `skill.NAME` | the level of the skill NAME that is needed, 1 to 5 |
| `prefer.NAME` | what a level of it is worth where several agents could be rung |
| `customer` | a class of `classes` of the queue |
| `priority` | how much faster the wait counts, 0.1 to 10 |
| `routing_age` | seconds added to the wait where callers are compared |
| `owner` | the agent who owns the customer, tried first where the queue is sticky |
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterator

from appliance.acd.caller import Caller
from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.story import Story

log = logging.getLogger(__name__)

HISTORY_SECONDS = 1.0  # what looking up the last agent may cost the caller
MOST_AGE_SECONDS = 30 * 86400.0


async def who_waits(call: Call, queue: str, centre: Centre) -> Caller:
    """The caller as the story and its facts tell it; a fact that makes no sense counts for nothing."""
    story = call.story
    joined = story.joined if story.queue == queue else None
    if queue.startswith("agent:"):  # whoever wants one agent gets that one
        return Caller(call.id, story.place, joined=joined)
    return Caller(
        call_id=call.id,
        place=story.place,
        needs={skill: round(level) for skill, level in _numbers(story, "skill.") if level > 0},
        prefers=dict(_numbers(story, "prefer.")),
        priority=_number(story, "priority", 1.0),
        customer=story.facts.get("customer", ""),
        age_s=min(MOST_AGE_SECONDS, max(0.0, _number(story, "routing_age", 0.0))),
        sticky=await _first_for(call, queue, centre),
        joined=joined,
    )


async def _first_for(call: Call, queue: str, centre: Centre) -> str:
    """The agent to be tried first, "" for nobody: the customer's owner, or who spoke with this number."""
    settings, story = centre.queue(queue), call.story
    if settings.sticky == "no":
        return ""
    if settings.sticky == "owner" or "owner" in story.facts:
        return story.facts.get("owner", "")
    try:
        async with asyncio.timeout(HISTORY_SECONDS):
            wall_s = centre.clock.wall()
            past = await centre.outside.history(story.caller, settings.sticky_days, wall_s, but=call.id)
    except TimeoutError:
        log.warning("call %s: nobody told in time who spoke with the caller last, so anybody may", call.id)
        return ""
    return past.agent


def _number(story: Story, name: str, otherwise: float) -> float:
    value = story.facts.get(name, "")
    try:
        number = float(value) if value else otherwise
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        log.info("call %s: the fact %s is no number, so it says nothing", story.call_id, name)
        return otherwise
    return number


def _numbers(story: Story, prefix: str) -> Iterator[tuple[str, float]]:
    for name in story.facts:
        if name.startswith(prefix):
            yield name.removeprefix(prefix), _number(story, name, 0.0)
