"""A caller waits for an agent: the place is kept, music plays, phones are rung one after another."""

from __future__ import annotations

import asyncio

from appliance.acd.queue import Ticket
from appliance.calls.call import Call, Stage
from appliance.calls.centre import Centre
from appliance.calls.offer import ring_agent
from appliance.calls.speak import speak
from appliance.calls.talk import talk
from appliance.config.section import Destination
from appliance.events import CallQueued
from drivers.port import Leg


async def wait_for_agent(call: Call, queue: str, centre: Centre) -> Destination:
    """Wait in `queue` until an agent has taken the call and it is over, or the wait grows too long."""
    settings = centre.queue(queue)
    story = call.story
    resumed = story.stage in (Stage.WAITING, Stage.OFFERED) and story.queue == queue
    if settings.record and not story.queue:
        await speak(f"{call.id}/say", call.port, centre.config.recording.announce, centre)
    if not resumed:  # told first: joining may ring an agent at once
        position = centre.acd.position(queue, call.id, story.place)
        call.note(CallQueued(call_id=call.id, queue=queue, position=position, place=story.place))
    with centre.acd.waiting(call.id, queue, story.place) as ticket:
        try:
            async with asyncio.timeout(settings.max_wait_seconds or None) as limit:
                agent, phone = await _taken(call, ticket, centre, greet=not resumed)
                limit.reschedule(None)
        except TimeoutError:
            return settings.overflow
    return await talk(call, agent, phone, centre)


async def _taken(call: Call, ticket: Ticket, centre: Centre, *, greet: bool) -> tuple[str, Leg]:
    """Entertain the caller until an agent has answered.

    Between the agent's answer and `talk` nothing may await: a caller who hangs up in that very tick would
    leave an agent TALKING to nobody. So the comfort task is cancelled, not waited for.
    """
    comfort = asyncio.create_task(_entertain(call, ticket.queue, centre, greet=greet))
    try:
        while True:
            async with centre.acd.offer(ticket) as offer:
                phone = await ring_agent(call, offer, centre)
                if phone is not None:
                    return offer.agent.name, phone
    finally:
        comfort.cancel()


async def _entertain(call: Call, queue: str, centre: Centre, *, greet: bool) -> None:
    """The greeting once, then music for as long as it takes; without music, the country's ring-back tone."""
    settings = centre.queue(queue)
    if greet:
        await speak(f"{call.id}/say", call.port, settings.greeting, centre)
    music, id = centre.prompt(settings.music), f"{call.id}/music"
    with (
        centre.media.playing(id, call.port, music, loop=True)
        if music
        else centre.media.tone(id, call.port, "ringback", centre.config.box.country)
    ):
        await asyncio.Event().wait()
