"""One offer: ring one agent's phones for one caller, and say what came of it."""

from __future__ import annotations

import asyncio
import logging

from appliance.acd.distributor import Offer
from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.party import Party
from appliance.calls.phone import NoPhone, ring_phone
from appliance.calls.reach import forwarding, reach
from appliance.calls.ringing import NotReached, drop_rung, missed_by
from appliance.calls.supervise import Supervisors
from appliance.calls.taking_up import serve
from appliance.events import AgentOffered, AgentRinging, OfferEnded, OfferResult
from drivers.port import DriverError, EndCause, LegEnded, LegState

log = logging.getLogger(__name__)

WORKER_RETURNS_SECONDS = 0.5  # a SIP worker that died is replaced meanwhile; the agent is not to blame


async def ring_agent(call: Call, offer: Offer, centre: Centre) -> Party | None:
    """Ring the agent held by `offer`; who answered (agent TALKING), or None (agent paused or free).

    Whoever answered is one of the call's parties before anything else can happen.
    """
    agent, queue = offer.agent.name, offer.ticket.queue
    call.note(AgentOffered(call_id=call.id, queue=queue, agent=agent, why=offer.why))
    result = OfferResult.CALLER_LEFT  # what a cancellation means
    party: Party | None = None
    try:
        party = await _ring(agent, call, centre)
        result = OfferResult.ANSWERED
    except NotReached as missed:
        result = missed.result
        log.info("agent %s: the phone did not take call %s: %s", agent, call.id, missed)
    finally:
        call.note(OfferEnded(call_id=call.id, agent=agent, result=result.value))
        drop_rung(call, centre)
        if party is not None:
            offer.connected()
            party.agent = agent
            serve(party, queue, call, centre)
            call.parties.append(party)
            Supervisors(centre).coach(call, agent)
    if result is OfferResult.RECALLED:
        await asyncio.sleep(WORKER_RETURNS_SECONDS)
    elif party is None:
        offer.refused(result.value)
    return party


async def _ring(agent: str, call: Call, centre: Centre) -> Party:
    """Within the time of the queue, also where the phone forwards to. Raises NotReached."""
    try:
        async with asyncio.timeout(centre.queue(call.story.queue).ring_seconds):
            try:
                return await _ring_phone(agent, call, centre)
            except NotReached as missed:
                drop_rung(call, centre)
                if not missed.forwarded:
                    raise
                onward = forwarding(missed.forwarded, agent, call, centre)
                if onward is None:
                    raise
            return await reach(onward, agent, call, centre)
    except TimeoutError:
        raise NotReached(OfferResult.NO_ANSWER, 480) from None


async def _ring_phone(agent: str, call: Call, centre: Centre) -> Party:
    by_itself = centre.agent(agent).auto_answer
    try:
        leg = await ring_phone(agent, call, centre, from_name=call.story.title, by_itself=by_itself)
        party = call.rung = Party(leg, agent=agent)
        await leg.until(LegState.RINGING, LegState.UP)
        call.note(AgentRinging(call_id=call.id, agent=agent))
        await leg.until(LegState.UP)
    except LegEnded as ended:
        if ended.leg.cause is EndCause.PORT_LOST:
            raise NotReached(OfferResult.RECALLED, 480) from None
        raise missed_by(ended.leg) from None
    except NoPhone as error:
        raise NotReached(OfferResult.NOT_REGISTERED, 480, str(error)) from error
    except DriverError as error:
        log.warning("agent %s: cannot be rung: %s", agent, error)
        raise NotReached(OfferResult.RECALLED, 503, str(error)) from error
    call.rung = None
    return party
