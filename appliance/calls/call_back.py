"""A call-back at work: the place is kept; when it is its turn an agent is rung, and then the customer.

The agent comes first, so that whoever picks up a telephone finds somebody there at once: a call that begins
with silence is taken for a machine's and hung up. It costs the agent the time in which the customer's
telephone rings. What it waits for survives a restart of the brain, and of the machine.

Where a queue wants answering machines tried again, agent and customer hear each other at once all the same:
only what belongs to a conversation (its recording, holding, transferring) begins with the verdict.
"""

from __future__ import annotations

import asyncio
import logging

from appliance.calls.call import Call, short
from appliance.calls.call_back_state import CallBack
from appliance.calls.centre import Centre
from appliance.calls.dial_out import any_can_dial
from appliance.calls.offer import ring_agent
from appliance.calls.party import Party
from appliance.calls.reach import reach
from appliance.calls.ringing import NotReached
from appliance.calls.target import Outside
from appliance.calls.who_answers import is_machine
from appliance.calls.who_waits import who_waits
from appliance.dialplan.permit import ITSELF, Cause, DialRefused
from appliance.events import CallInherited, CallQueued, OfferResult, Outcome, PartyMissed
from appliance.wait_events import CallBackEnded, CallBackTried
from drivers.port import LegEnded

log = logging.getLogger(__name__)

#: What says something of the customer, and uses up one of the attempts.
COUNTED = (OfferResult.BUSY, OfferResult.NO_ANSWER, OfferResult.REJECTED, OfferResult.FORWARDED)
LINE_SECONDS = 2.0  # between two looks whether a line is free
AGENT_LEFT = "the agent hung up before the customer answered"
MACHINE = "answering machine"


class NoLine(Exception):
    """No line is free to call the customer, so no agent is rung for it either."""


class GivenUp(Exception):
    """Nobody calls back any more."""

    def __init__(self, outcome: Outcome, why: str) -> None:
        super().__init__(why)
        self.outcome = outcome


async def call_back(call: Call, centre: Centre) -> None:
    """Until customer and agent are the call's parties, customer first; or none is, and the story says why."""
    back, loop = call.story.back, asyncio.get_running_loop()
    assert back is not None
    given_up = GivenUp(Outcome.EXPIRED, "nobody had time")
    expires_s = max(0.0, back.expires_wall_s - centre.clock.wall())
    try:
        async with asyncio.timeout_at(loop.time() + expires_s) as limit:

            def cancel(why: str) -> None:
                nonlocal given_up
                if limit.when() is not None and not limit.expired():  # else reached, or over already
                    given_up = GivenUp(Outcome.CANCELLED, why)
                    limit.reschedule(loop.time())

            centre.call_backs[call.id] = cancel
            try:
                await _until_reached(call, centre, limit)
            finally:
                del centre.call_backs[call.id]
        return
    except TimeoutError:
        pass
    except GivenUp as error:
        given_up = error
    log.info("call %s: nobody is called back: %s", call.id, given_up)
    call.note(CallBackEnded(call_id=call.id, result=given_up.outcome.value, why=str(given_up)))


async def _until_reached(call: Call, centre: Centre, limit: asyncio.Timeout) -> None:
    """Try until the customer has answered, which ends `limit`. Raises GivenUp after the last attempt."""
    _renew_place(call, centre)
    while True:
        back = _state(call)
        settings = centre.queue(back.queue)
        if back.attempts >= settings.call_back_attempts:
            raise GivenUp(Outcome.UNANSWERED, f"not reached in {back.attempts} attempts")
        await asyncio.sleep(max(0.0, back.again_wall_s - centre.clock.wall()))
        try:
            await _try(call, centre, limit)
            return
        except NoLine:
            await asyncio.sleep(LINE_SECONDS)
            continue
        except DialRefused as refused:
            result, why = OfferResult.REJECTED, str(refused)
            counts = False
        except NotReached as missed:
            result, why = missed.result, str(missed)
            counts = result in COUNTED
        again_wall_s = centre.clock.wall() + settings.call_back_retry_seconds
        tried = CallBackTried(
            call_id=call.id, result=result.value, counts=counts, again_wall_s=again_wall_s, why=why
        )
        log.info("call %s: %s not called back yet: %s", call.id, short(back.number), why)
        call.note(tried)


async def _try(call: Call, centre: Centre, limit: asyncio.Timeout) -> None:
    """Wait for the turn, ring an agent, then the customer. Raises NotReached, DialRefused; nobody is left."""
    try:
        agent = await _agent(call, centre)
        await _customer(call, agent, centre, limit)
    finally:
        if len(call.parties) < 2:
            for party in call.parties:
                centre.end(party)
            call.parties.clear()


async def _agent(call: Call, centre: Centre) -> Party:
    """Nobody is rung for what may not be dialled, or cannot be now. Raises DialRefused, NoLine."""
    story, back = call.story, _state(call)
    lines = centre.guard.foresee(ITSELF, back.number).lines
    if not await any_can_dial(lines, centre):
        raise NoLine
    caller = await who_waits(call, story.queue, centre)
    with centre.acd.waiting(caller, story.queue) as ticket:
        while True:
            async with centre.acd.offer(ticket) as offer:
                if not await any_can_dial(lines, centre):
                    raise NoLine
                party = await ring_agent(call, offer, centre)
                if party is not None:
                    return party


async def _customer(call: Call, agent: Party, centre: Centre, limit: asyncio.Timeout) -> None:
    """The agent hears the telephone ring; whoever answers it is whose call it is from then on."""
    back = _state(call)
    agent.open(centre.media)
    permit = centre.guard.ask(ITSELF, back.number, call_id=call.id, cause=Cause.CALLED_BACK)
    tone = centre.media.tone(f"{call.id}/tone", agent.port, "ringback", centre.config.box.country)
    left = NotReached(OfferResult.FAILED, 480, AGENT_LEFT)
    with tone:
        try:
            async with agent.leg.alive():
                customer = await reach(Outside(permit), "", call, centre)
                call.parties.insert(0, customer)
                expires = limit.when()
                limit.reschedule(None)
        except LegEnded:
            if len(call.parties) < 2:  # else it was in the very tick of the answer: a conversation
                raise left from None
    if centre.queue(back.queue).call_back_machine == "try-again" and await is_machine(call, centre):
        limit.reschedule(expires)
        _not_a_person(call, centre)
    call.note(CallInherited(call_id=call.id, **call.caller.who.words))


def _not_a_person(call: Call, centre: Centre) -> None:
    """The machine is hung up before it records anything of a conversation. Raises NotReached."""
    machine, missed = call.parties.pop(0), NotReached(OfferResult.NO_ANSWER, 480, MACHINE)
    call.note(
        PartyMissed(call_id=call.id, number=machine.number, result=missed.result.value, why=str(missed))
    )
    centre.end(machine)
    raise missed


def _renew_place(call: Call, centre: Centre) -> None:
    """After a restart of the machine the place is told by another clock."""
    back, clock = _state(call), centre.clock
    if back.boot == clock.boot:
        return
    place = clock.mono() - (clock.wall() - back.place_wall_s)
    position = centre.acd.position(back.queue, call.id, place)
    call.note(CallQueued(call_id=call.id, queue=back.queue, position=position, place=place))


def _state(call: Call) -> CallBack:
    assert call.story.back is not None
    return call.story.back
