"""Reach somebody outside any queue, until he answers: a colleague's phones, or a number over a line.

For calls that agents make, and for transfers. Whoever is rung stands in `Call.rung` meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.dial_out import OUTSIDE_RINGS_SECONDS, dial_out
from appliance.calls.party import Party
from appliance.calls.phone import NoPhone, ring_phone
from appliance.calls.remote_agent import at_own_leg
from appliance.calls.ringing import Early, NotReached, drop_rung, until_taken
from appliance.calls.target import Colleague, Outside, Target, Waiting, resolve
from appliance.dialplan.permit import Cause, DialRefused
from appliance.events import OfferResult, PartyMissed, PartyRung
from drivers.port import DriverError

log = logging.getLogger(__name__)

COLLEAGUE_RINGS_SECONDS = 45.0


async def reach(
    target: Target, agent: str, call: Call, centre: Centre, *, early: Early | None = None
) -> Party:
    """Ring until `target` has answered, on behalf of `agent`, and follow one forwarding of an allowed kind.

    Raises NotReached; cancelled, it rings nobody any more.
    """
    try:
        return await _ring(target, call, centre, early)
    except NotReached as missed:
        if not missed.forwarded:
            raise
        on_behalf = target.agent if isinstance(target, Colleague) else agent
        onward = forwarding(missed.forwarded, on_behalf, call, centre)
        if onward is None:
            raise
    return await _ring(onward, call, centre, early)


def forwarding(dialled: str, agent: str, call: Call, centre: Centre) -> Target | None:
    """Where a phone sends its callers; None where `agent` may not call there (RFC 3261 21.3)."""
    try:
        onward = resolve(dialled, agent, centre, call_id=call.id, cause=Cause.FORWARDED)
    except DialRefused as error:
        log.info("agent %s: forwards a call where it must not, %d", agent or "nobody", error.sip_code)
        return None
    return None if isinstance(onward, Waiting) else onward


async def _ring(target: Target, call: Call, centre: Centre, early: Early | None) -> Party:
    try:
        if isinstance(target, Outside):
            return await dial_out(target.permit, call, centre, early)
        assert isinstance(target, Colleague)
        return await _ring_colleague(target.agent, call, centre, early)
    except NotReached as missed:
        drop_rung(call, centre)
        who = {"agent": target.agent} if isinstance(target, Colleague) else {"number": str(target)}
        call.note(PartyMissed(call_id=call.id, result=missed.result.value, why=str(missed), **who))
        raise
    except asyncio.CancelledError:
        drop_rung(call, centre)
        raise


async def _ring_colleague(agent: str, call: Call, centre: Centre, early: Early | None) -> Party:
    if centre.engaged.is_busy(agent):
        raise NotReached(OfferResult.BUSY, 486, f"{agent} is on the phone")
    maker = call.story.maker
    from_name = centre.agent(maker).name or maker if maker else call.story.queue
    with contextlib.ExitStack() as held:
        held.enter_context(centre.engaged.on_a_call(agent))
        if (standing := await at_own_leg(agent, call, centre)) is not None:
            standing.hold(held.pop_all())
            return standing
        try:
            leg = await ring_phone(agent, call, centre, from_name=from_name)
        except NoPhone as error:
            raise NotReached(OfferResult.NOT_REGISTERED, 480, str(error)) from error
        except DriverError as error:
            raise NotReached(OfferResult.FAILED, 503, str(error)) from error
        party = call.rung = Party(leg, agent=agent)
        party.hold(held.pop_all())
    call.note(PartyRung(call_id=call.id, leg_id=leg.id, agent=agent))
    await until_taken(party, COLLEAGUE_RINGS_SECONDS, call, early)
    return party


async def take_up_ringing(call: Call, centre: Centre, *, early: Early | None = None) -> Party:
    """After a restart: go on with whoever is in `Call.rung`. Raises NotReached."""
    party = call.rung
    assert party is not None
    try:
        await until_taken(party, OUTSIDE_RINGS_SECONDS, call, early)
    except NotReached as missed:
        drop_rung(call, centre)
        who = {"agent": party.agent, "number": party.number}
        call.note(PartyMissed(call_id=call.id, result=missed.result.value, why=str(missed), **who))
        raise
    except asyncio.CancelledError:
        drop_rung(call, centre)
        raise
    if party.out is not None:
        party.out.answered(party.line)
        party.answered_mono = centre.clock.mono()
    return party
