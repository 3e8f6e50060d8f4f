"""A caller waits for an agent: the place is kept, music plays, phones are rung one after another."""

from __future__ import annotations

import asyncio

from appliance.acd.queue import Ticket
from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.offer import ring_agent
from appliance.calls.records import is_recorded
from appliance.calls.speak import speak
from appliance.calls.story import Stage
from appliance.config.section import Destination
from appliance.events import CallQueued


async def wait_for_agent(call: Call, queue: str, centre: Centre) -> Destination | None:
    """Wait in `queue` until an agent has answered (None, one of the call's parties), or for too long."""
    settings = centre.queue(queue)
    story = call.story
    resumed = story.stage in (Stage.WAITING, Stage.OFFERED) and story.queue == queue
    if not story.queue and is_recorded(call, centre, queue):
        await speak(f"{call.id}/say", call.port, centre.config.recording.announce, centre)
    if not resumed:  # told first: joining may ring an agent at once
        position = centre.acd.position(queue, call.id, story.place)
        call.note(CallQueued(call_id=call.id, queue=queue, position=position, place=story.place))
    greeting = "" if resumed else settings.greeting
    if call.apology:
        call.apology, greeting = False, centre.own_prompt("apology")
    with centre.acd.waiting(call.id, queue, story.place) as ticket:
        try:
            async with asyncio.timeout(settings.max_wait_seconds or None) as limit:
                await _taken(call, ticket, centre, greeting)
                limit.reschedule(None)
        except TimeoutError:
            return settings.overflow
    return None


async def _taken(call: Call, ticket: Ticket, centre: Centre, greeting: str) -> None:
    """Entertain the caller until an agent has answered.

    Between the agent's answer and the conversation nothing may await: a caller who hangs up in that very
    tick would leave an agent TALKING to nobody. So the comfort task is cancelled, not waited for.
    """
    comfort = asyncio.create_task(_entertain(call, ticket.queue, centre, greeting))
    try:
        while True:
            async with centre.acd.offer(ticket) as offer:
                if await ring_agent(call, offer, centre) is not None:
                    return
    finally:
        comfort.cancel()


async def _entertain(call: Call, queue: str, centre: Centre, greeting: str) -> None:
    """The greeting once, then music for as long as it takes; without music, the country's ring-back tone."""
    await speak(f"{call.id}/say", call.port, greeting, centre)
    music, id = centre.prompt(*centre.queue(queue).music), f"{call.id}/music"
    with (
        centre.media.playing(id, call.port, music, loop=True)
        if music
        else centre.media.tone(id, call.port, "ringback", centre.config.box.country)
    ):
        await asyncio.Event().wait()
