"""Over which line a permitted number goes out: the first that can; an emergency has one made free."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from appliance.calls.call import short
from appliance.calls.centre import Centre
from appliance.calls.party import Party
from appliance.calls.ringing import Early, NotReached, Rings, drop_rung, until_taken
from appliance.calls.story import Stage
from appliance.dialplan.outgoing import OutgoingCall
from appliance.dialplan.permit import DialRefused, Permit
from appliance.events import OfferResult, PartyRung
from appliance.line_events import LineDialEnded, LineDialled
from drivers.port import DriverError, Leg, PortState
from drivers.sip.leg import SipLeg
from drivers.sip.trunk import TrunkPort
from drivers.v253.port import V253Port

log = logging.getLogger(__name__)

OUTSIDE_RINGS_SECONDS = 90.0  # networks give up by themselves before that
FREED_SECONDS = 5.0  # for a line to be idle after its call was ended


async def dial_out(permit: Permit, call: Rings, centre: Centre, early: Early | None) -> Party:
    """Over the first of the permit's lines that can; busy or failed ones leave it to the next.

    An emergency tries them all, and ends a call on one of them where none is free. Raises NotReached.
    """
    with contextlib.ExitStack() as held:
        try:
            out = held.enter_context(centre.guard.call(permit))
        except DialRefused as error:
            raise NotReached(OfferResult.REJECTED, error.sip_code, str(error)) from error
        party = await _over_one_of(permit.lines, permit, call, centre, early)
        if party is None and permit.emergency:
            freed = await free_line(permit.lines, centre)
            party = await _over_one_of(freed, permit, call, centre, early)
        if party is None:
            raise NotReached(OfferResult.FAILED, 503, "no line is free")
        _permitted(party, out)
        party.hold(held.pop_all())
        return party


async def any_can_dial(lines: Sequence[str], centre: Centre) -> bool:
    """Whether one of the lines is free now, and may make a call."""
    idle = [line for line in lines if line in centre.lines and centre.lines[line].state is PortState.IDLE]
    for line in idle:
        if not await centre.tariffs.why_no_call(line):
            return True
    return False


def _permitted(party: Party, out: OutgoingCall) -> None:
    party.out = out
    out.answered(party.line)


async def _over_one_of(
    lines: Sequence[str], permit: Permit, call: Rings, centre: Centre, early: Early | None
) -> Party | None:
    for line in lines:
        try:
            return await _dial_on(line, permit, call, centre, early)
        except NotReached as error:
            drop_rung(call, centre)
            if error.result is not OfferResult.FAILED and not permit.emergency:
                raise
            log.warning("call %s: not over line %s: %s", call.id, line, error)
    return None


async def free_line(lines: Sequence[str], centre: Centre) -> list[str]:
    """End the call that matters least on one of the lines: dialled ones first, then callers who wait.

    Emergency calls are let be. The line, once it is idle; none where no call could be ended.
    """
    found = [
        ((party.out is None, call.story.stage is Stage.TALKING, lines.index(party.line)), call, party)
        for call in centre.calls.values()
        for party in (*call.parties, *([call.rung] if call.rung else []))
        if party.line in lines and not (party.out and party.out.permit.emergency)
    ]
    if not found:
        return []
    _, call, party = min(found, key=lambda each: each[0])
    log.warning("call %s: ended by us, line %s is needed for an emergency", call.id, party.line)
    await party.leg.hangup()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FREED_SECONDS):
            await centre.lines[party.line].until_state(PortState.IDLE)
    return [party.line]


async def _dial_on(line: str, permit: Permit, call: Rings, centre: Centre, early: Early | None) -> Party:
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
        await until_taken(party, OUTSIDE_RINGS_SECONDS, call, early)
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
        centre.chore(centre.tariffs.look(line), f"limits of {line}")

    party.afterwards(ended)
    return party
