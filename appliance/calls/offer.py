"""One offer: ring one agent's phone for one caller, and say what came of it."""

from __future__ import annotations

import asyncio
import logging
import re

from appliance.acd.distributor import Offer
from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.config.schema import Agent
from appliance.events import AgentOffered, AgentRinging, OfferEnded, OfferResult
from drivers.port import DriverError, EndCause, Leg, LegEnded, LegState

log = logging.getLogger(__name__)

#: What the end of the phone's leg means for the offer; anything else is FAILED.
RESULTS = {
    EndCause.BUSY: OfferResult.BUSY,
    EndCause.REJECTED: OfferResult.REJECTED,
    EndCause.REMOTE: OfferResult.REJECTED,
    EndCause.NO_ANSWER: OfferResult.NO_ANSWER,
    EndCause.PORT_LOST: OfferResult.RECALLED,
}

WORKER_RETURNS_SECONDS = 0.5  # a SIP worker that died is replaced meanwhile; the agent is not to blame


async def ring_agent(call: Call, offer: Offer, centre: Centre) -> Leg | None:
    """Ring the agent held by `offer`; the answered leg (agent TALKING), or None (agent paused or free)."""
    agent, queue = offer.agent.name, offer.ticket.queue
    call.note(AgentOffered(call_id=call.id, queue=queue, agent=agent, why=offer.why))
    result = OfferResult.CALLER_LEFT  # what a cancellation means
    try:
        result = await _ring(call, centre.agent(agent), centre.queue(queue).ring_seconds, centre)
    finally:
        call.note(OfferEnded(call_id=call.id, agent=agent, result=result.value))
        phone, call.phone = call.phone, None
        if result is OfferResult.ANSWERED:
            offer.connected()
        elif phone is not None:
            centre.chore(phone.hangup(), f"stop ringing {agent}")
    if result is OfferResult.ANSWERED:
        return phone
    if result is OfferResult.RECALLED:
        await asyncio.sleep(WORKER_RETURNS_SECONDS)
    else:
        offer.refused(result.value)
    return None


async def _ring(call: Call, agent: Agent, seconds: float, centre: Centre) -> OfferResult:
    headers = {"Call-Info": "<sip:callbox>;answer-after=0", "Alert-Info": "info=alert-autoanswer"}
    try:
        async with asyncio.timeout(seconds):
            phone = await centre.phones.dial(
                agent.phone,
                label=call.id,
                headers=headers if agent.auto_answer else {},
                from_user=re.sub(r"[^0-9+*]", "", call.story.caller) or "anonymous",
                from_name=call.story.queue,
            )
            call.phone = phone
            await phone.until(LegState.RINGING, LegState.UP)
            call.note(AgentRinging(call_id=call.id, agent=call.story.agent))
            await phone.until(LegState.UP)
    except TimeoutError:
        return OfferResult.NO_ANSWER
    except LegEnded as ended:
        cause = ended.leg.cause or EndCause.FAILED
        log.info("agent %s: the phone did not take call %s: %s", call.story.agent, call.id, cause.value)
        return RESULTS.get(cause, OfferResult.FAILED)
    except DriverError as error:
        log.warning("agent %s: cannot ring %s: %s", call.story.agent, agent.phone, error)
        return OfferResult.RECALLED
    return OfferResult.ANSWERED
