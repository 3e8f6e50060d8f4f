"""A caller waits for an agent: the place is kept, phones are rung one after another.

What is heard and pressed meanwhile is in `wait_hearing.py`; who is let in and who is sent on, in
`wait_rules.py`.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from appliance.acd.caller import Caller
from appliance.acd.queue import Ticket
from appliance.calls.ask_key import forget_keys
from appliance.calls.call import Call
from appliance.calls.call_backs import place_again, take_call_back
from appliance.calls.centre import Centre
from appliance.calls.language import language_of
from appliance.calls.offer import ring_agent
from appliance.calls.record_rules import may_be_recorded
from appliance.calls.speak import speak
from appliance.calls.story import Stage
from appliance.calls.wait_hearing import WaitHearing
from appliance.calls.wait_rules import SentOn, Why, refusal
from appliance.calls.who_waits import who_waits
from appliance.config.section import Destination
from appliance.events import CallQueued
from appliance.faults import say_if_it_failed
from appliance.wait_events import QueueLeft, QueueRefused

log = logging.getLogger(__name__)

FAST_SECONDS = 10.0  # nobody is refused `call.TURNS` times in so short a time but in a circle


async def wait_for_agent(call: Call, queue: str, centre: Centre) -> Destination | None:
    """Wait in `queue` until an agent has answered (None, one of the call's parties), or is not waited for.

    Nobody waits who is not let in. Where the caller goes on is told before it happens.
    """
    story = call.story
    waits = story.stage in (Stage.WAITING, Stage.OFFERED) and not story.next_to
    resumed = waits and story.queue == queue
    comes_back = resumed or call.apology  # one who was let in already
    if not comes_back and (refused := refusal(queue, story.place, call.id, centre)) is not None:
        return await _refuse(call, queue, refused, centre)
    if not story.queue and may_be_recorded(call, queue, centre):
        await speak(f"{call.id}/say", call.port, centre.config.recording.announce, centre)
    caller = await who_waits(call, queue, centre)
    if not resumed:  # told first: joining may ring an agent at once
        forget_keys(call.leg)  # they were meant for what was before
        place = place_again(call, queue, centre)
        caller = replace(caller, place=place)
        position = centre.acd.position(queue, caller)
        call.note(CallQueued(call_id=call.id, queue=queue, position=position, place=place))
    greeting = "" if resumed else centre.queue(queue).greeting
    if call.apology:
        call.apology, greeting = False, centre.own_prompt("apology")
    sent_on = await _wait(call, replace(caller, joined=story.joined), centre, greeting)
    return None if sent_on is None else await _leave(call, queue, sent_on, centre)


async def _refuse(call: Call, queue: str, refused: SentOn, centre: Centre) -> Destination:
    """Where the caller goes, unless he has been led round in a circle, which may take no time at all."""
    await asyncio.sleep(0)
    to = refused.to
    if call.turns_within(FAST_SECONDS, centre.clock.mono()):
        log.warning("call %s: led round in circles by queue %s and what it leads to, let go", call.id, queue)
        to = Destination("hangup")
    call.note(QueueRefused(call_id=call.id, queue=queue, why=refused.why.value, to=str(to)))
    return to


async def _wait(call: Call, caller: Caller, centre: Centre, greeting: str) -> SentOn | None:
    """Until an agent has answered (None), or the caller is sent on. An answer goes before anything else."""
    queue = call.story.queue
    hearing, loop = WaitHearing(call, queue, centre), asyncio.get_running_loop()
    files = centre.prompt(greeting, language=language_of(call, centre))
    with centre.acd.waiting(caller, queue) as ticket:
        try:
            async with asyncio.timeout(None) as limit:
                entertained = asyncio.create_task(
                    hearing.run(files, lambda: limit.reschedule(loop.time())),
                    name=f"hearing of {call.id}",
                )
                await _taken(call, ticket, centre, hearing, entertained)
                limit.reschedule(None)
        except TimeoutError:
            return hearing.sent_on
    return None


async def _taken(
    call: Call, ticket: Ticket, centre: Centre, hearing: WaitHearing, entertained: asyncio.Task[None]
) -> None:
    """Wait until an agent has answered.

    Between the agent's answer and the conversation nothing may await: a caller who hangs up in that very
    tick would leave an agent TALKING to nobody. So what is heard is cancelled, not waited for.
    """
    entertained.add_done_callback(say_if_it_failed)
    try:
        while True:
            async with centre.acd.offer(ticket) as offer:
                with hearing.agent_rings():
                    if await ring_agent(call, offer, centre) is not None:
                        return
    finally:
        entertained.cancel()


async def _leave(call: Call, queue: str, sent_on: SentOn, centre: Centre) -> Destination:
    if sent_on.why is not Why.CALL_BACK:
        to = sent_on.to
        call.note(QueueLeft(call_id=call.id, queue=queue, why=sent_on.why.value, to=str(to)))
        return to
    take_call_back(call, queue, sent_on.number, centre)
    language = language_of(call, centre)
    await speak(f"{call.id}/say", call.port, "call-back-taken", centre, language=language)
    return Destination("hangup")
