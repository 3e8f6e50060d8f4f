"""Reach somebody outside any queue, until he answers: a colleague's phones, or a number over a line.

For calls that agents make, and for transfers. Whoever is rung stands in `Call.rung` meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from appliance.calls.call import Call, short
from appliance.calls.centre import Centre
from appliance.calls.party import Party
from appliance.calls.phone import NoPhone, ring_phone
from appliance.calls.target import Colleague, Outside, Target, Waiting, resolve, user_of
from appliance.dialplan.permit import Cause, DialRefused, Permit
from appliance.events import OfferResult, PartyMissed, PartyRung
from appliance.line_events import LineDialEnded, LineDialled
from drivers.port import DriverError, EndCause, Leg, LegEnded, LegState
from drivers.sip.leg import SipLeg
from drivers.sip.trunk import TrunkPort
from drivers.v253.port import V253Port

log = logging.getLogger(__name__)

COLLEAGUE_RINGS_SECONDS = 45.0
OUTSIDE_RINGS_SECONDS = 90.0  # networks give up by themselves before that
#: What the end of a rung leg means, and what its caller's phone is told (RFC 3261 21).
RESULTS = {
    EndCause.BUSY: (OfferResult.BUSY, 486),
    EndCause.REJECTED: (OfferResult.REJECTED, 603),
    EndCause.REMOTE: (OfferResult.REJECTED, 603),
    EndCause.NO_ANSWER: (OfferResult.NO_ANSWER, 480),
    EndCause.LOCAL: (OfferResult.RECALLED, 480),
}
#: Codes of a trunk that say more than the cause does: not found, gone, incomplete, exists nowhere.
TELLING = frozenset({404, 410, 484, 604})

#: Runs while somebody rings, cancelled with the answer: to let sound through before it.
Early = Callable[[Party], Coroutine[Any, Any, None]]


class NotReached(Exception):
    """Nobody came to the phone: what it counts as, and the SIP code for the phone that wanted it.

    `forwarded` is what that phone has its callers dial instead.
    """

    def __init__(self, result: OfferResult, code: int, why: str = "", forwarded: str = "") -> None:
        super().__init__(why or result.value)
        self.result = result
        self.code = code
        self.forwarded = forwarded


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
        log.warning("agent %s: forwards a call where it must not: %s", agent or "nobody", error)
        return None
    return None if isinstance(onward, Waiting) else onward


async def _ring(target: Target, call: Call, centre: Centre, early: Early | None) -> Party:
    try:
        if isinstance(target, Outside):
            return await _dial_out(target.permit, call, centre, early)
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


def drop_rung(call: Call, centre: Centre) -> None:
    """Ring nobody any more; harmless when nobody is rung."""
    rung, call.rung = call.rung, None
    if rung is not None:
        centre.end(rung)


async def _ring_colleague(agent: str, call: Call, centre: Centre, early: Early | None) -> Party:
    if centre.engaged.is_busy(agent):
        raise NotReached(OfferResult.BUSY, 486, f"{agent} is on the phone")
    maker = call.story.maker
    from_name = centre.agent(maker).name or maker if maker else call.story.queue
    with contextlib.ExitStack() as held:
        held.enter_context(centre.engaged.on_a_call(agent))
        try:
            leg = await ring_phone(agent, call, centre, from_name=from_name)
        except NoPhone as error:
            raise NotReached(OfferResult.NOT_REGISTERED, 480, str(error)) from error
        except DriverError as error:
            raise NotReached(OfferResult.FAILED, 503, str(error)) from error
        party = call.rung = Party(leg, agent=agent)
        party.hold(held.pop_all())
    call.note(PartyRung(call_id=call.id, leg_id=leg.id, agent=agent))
    await _until_taken(party, COLLEAGUE_RINGS_SECONDS, call, early)
    return party


async def _dial_out(permit: Permit, call: Call, centre: Centre, early: Early | None) -> Party:
    """Over the first of the permit's lines that can: one that is busy or fails leaves it to the next."""
    missed = NotReached(OfferResult.FAILED, 503, "no line is free")
    with contextlib.ExitStack() as held:
        try:
            out = held.enter_context(centre.guard.call(permit))
        except DialRefused as error:
            raise NotReached(OfferResult.REJECTED, error.sip_code, str(error)) from error
        for line in permit.lines:
            try:
                party = await _dial_on(line, permit, call, centre, early)
            except NotReached as error:
                drop_rung(call, centre)
                if error.result is not OfferResult.FAILED:
                    raise
                log.warning("call %s: not over line %s: %s", call.id, line, error)
                continue
            party.out = out
            out.answered(line)
            party.hold(held.pop_all())
            return party
    raise missed


async def _dial_on(line: str, permit: Permit, call: Call, centre: Centre, early: Early | None) -> Party:
    why = "" if permit.emergency else await centre.tariffs.why_no_call(line)
    port = centre.lines.get(line)
    if why or port is None:
        raise NotReached(OfferResult.FAILED, 503, why or f"line {line} is not there")
    try:
        if isinstance(port, TrunkPort):
            leg: Leg = await port.dial(permit.number, label=call.id, emergency=permit.emergency)
        else:
            number = permit.national if isinstance(port, V253Port) else permit.number
            leg = await port.dial(number, label=call.id)
    except DriverError as error:
        raise NotReached(OfferResult.FAILED, 503, str(error)) from error
    party = call.rung = dialled_party(leg, permit.number, line, centre)
    log.info("call %s: dials %s over line %s", call.id, short(permit.number), line)
    centre.bus.publish(LineDialled(line=line, sim=centre.tariffs.sim(line), leg_id=leg.id))
    call.note(PartyRung(call_id=call.id, leg_id=leg.id, number=permit.number, line=line))
    try:
        await _until_taken(party, OUTSIDE_RINGS_SECONDS, call, early)
    except NotReached as missed:
        if isinstance(port, TrunkPort) and isinstance(leg, SipLeg):
            missed.forwarded = port.forwarded(leg)
        raise
    party.answered_mono = centre.clock.mono()
    return party


def dialled_party(leg: Leg, number: str, line: str, centre: Centre) -> Party:
    """Somebody outside whom we dial; the line's books are told of the end."""
    party = Party(leg, number=number, line=line)

    def ended() -> None:
        seconds = 0.0 if party.answered_mono is None else centre.clock.mono() - party.answered_mono
        sim = centre.tariffs.sim(line)
        centre.bus.publish(LineDialEnded(line=line, sim=sim, leg_id=leg.id, seconds=seconds))

    party.afterwards(ended)
    return party


async def take_up_ringing(call: Call, centre: Centre, *, early: Early | None = None) -> Party:
    """After a restart: go on with whoever is in `Call.rung`. Raises NotReached."""
    party = call.rung
    assert party is not None
    try:
        await _until_taken(party, OUTSIDE_RINGS_SECONDS, call, early)
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


async def _until_taken(party: Party, seconds: float, call: Call, early: Early | None) -> None:
    await until_up(party, seconds, early)
    if call.rung is not party:  # dropped in the very tick of the answer
        raise NotReached(OfferResult.RECALLED, 480)
    call.rung = None


async def until_up(party: Party, seconds: float, early: Early | None = None) -> None:
    """Wait for the answer; raises NotReached."""
    sound = asyncio.create_task(early(party), name=f"early {party.leg.id}") if early else None
    try:
        async with asyncio.timeout(seconds):
            await party.leg.until(LegState.UP)
    except TimeoutError:
        raise NotReached(OfferResult.NO_ANSWER, 480) from None
    except LegEnded as ended:
        raise missed_by(ended.leg) from None
    finally:
        if sound is not None:
            sound.cancel()


def missed_by(leg: Leg) -> NotReached:
    """What it means that a rung leg has ended."""
    result, code = RESULTS.get(leg.cause or EndCause.FAILED, (OfferResult.FAILED, 503))
    if isinstance(leg, SipLeg):
        if leg.forwarded:
            return NotReached(OfferResult.FORWARDED, 480, forwarded=user_of(leg.forwarded))
        if leg.code in TELLING:
            result, code = OfferResult.REJECTED, leg.code
    return NotReached(result, code)
