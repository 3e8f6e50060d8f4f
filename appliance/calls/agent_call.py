"""An agent calls somebody: a colleague, or a number outside as the dial plan allows.

The agent's phone rings on (it has its own ring-back tone) until the other end answers, or hears what the
other end's network plays meanwhile; what becomes of it is told by SIP's own codes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial

from appliance.calls.call import Call, new_call_id
from appliance.calls.centre import Centre
from appliance.calls.party import Party, label
from appliance.calls.reach import reach, take_up_ringing
from appliance.calls.record_rules import may_be_recorded_out
from appliance.calls.ringing import NotReached
from appliance.calls.speak import speak
from appliance.calls.story import Story
from appliance.calls.target import Colleague, Target, Waiting, resolve
from appliance.config.trunks import TrunkLine
from appliance.dialplan.permit import DialRefused
from appliance.events import CallAnswered, CallArrived, Direction, OfferResult
from drivers.port import DriverError, Leg, LegEnded, LegState
from drivers.sip.leg import SipLeg

log = logging.getLogger(__name__)

#: Spoken before a call is turned away, where the configuration has a prompt of that name.
PROMPTS = {480: "not-available", 403: "not-allowed", 404: "no-such-number", 503: "no-line-free"}


def begin(leg: Leg, agent: str, centre: Centre, *, dialled: str = "") -> tuple[Call, Target | DialRefused]:
    """A call of an agent's whose phone rings us: what it is to become is `visit`'s to do.

    `dialled` where it is not what the phone dialled.
    """
    dialled = dialled or leg.called
    story = Story(new_call_id(centre.clock.wall()), maker=agent)
    call = Call(story, leg, centre.bus)
    try:
        to: Target | DialRefused = resolve(dialled, agent, centre, call_id=call.id)
    except DialRefused as refusal:
        to = refusal
    call.note(
        CallArrived(
            call_id=call.id,
            line="",
            leg_id=leg.id,
            caller=centre.agent(agent).extension or agent,
            called=dialled,
            direction=(Direction.DIRECT if isinstance(to, Colleague) else Direction.OUT).value,
            agent=agent,
        )
    )
    call.caller.hold(centre.engaged.on_a_call(agent))
    centre.chore(label(leg, call.id), f"label {leg.id}")
    return call, to


async def ring_out(call: Call, to: Target | DialRefused, centre: Centre) -> None:
    """Until the other end is one of the call's parties and the agent's phone is up, or it is turned away."""
    agent = call.story.maker
    try:
        with _ring_back(call, centre):
            party = await _reach(call, to, agent, centre)
        await _announce(call, party, centre)
    except DialRefused as error:
        log.debug("agent %s: may not call there: %s", agent, error)  # the guard has said so
        await _turn_away(call, error.sip_code, centre)
        return
    except NotReached as missed:
        log.info("call %s: nobody was reached: %s", call.id, missed)
        await _turn_away(call, missed.code, centre)
        return
    call.parties.append(party)
    if call.leg.state is LegState.RINGING:
        await call.leg.answer()
    call.caller.open(centre.media)
    call.note(CallAnswered(call_id=call.id))


async def _announce(call: Call, party: Party, centre: Centre) -> None:
    """Somebody outside is told that this may be recorded, before anything can be. Raises NotReached."""
    prompt = centre.config.recording.announce_calls_out
    if not prompt or not party.line or not may_be_recorded_out(call, party.line, centre):
        return
    try:
        async with party.leg.alive():
            party.open(centre.media)
            await speak(f"{call.id}/announce", party.port, prompt, centre)
    except LegEnded as ended:
        centre.end(party)
        if ended.leg is not party.leg:
            raise
        raise NotReached(OfferResult.REJECTED, 603, "hung up at the announcement") from ended
    except asyncio.CancelledError:
        centre.end(party)
        raise


def _ring_back(call: Call, centre: Centre) -> contextlib.AbstractContextManager[object]:
    """A phone that is answered already makes no ring-back tone by itself."""
    if call.leg.state is not LegState.UP:
        return contextlib.nullcontext()
    call.caller.open(centre.media)
    return centre.media.tone(f"{call.id}/tone", call.port, "ringback", centre.config.box.country)


async def _reach(call: Call, to: Target | DialRefused, agent: str, centre: Centre) -> Party:
    if isinstance(to, DialRefused):
        raise to
    if isinstance(to, Waiting):
        raise DialRefused(f"queue {to.queue}: cannot be called. Call a colleague or a number", 404)

    async def early(party: Party) -> None:
        await hear_early(call, party, centre)

    if call.rung is not None:  # found ringing after a restart
        return await take_up_ringing(call, centre, early=early)
    return await reach(to, agent, call, centre, early=early)


async def hear_early(call: Call, party: Party, centre: Centre) -> None:
    """The agent hears what the other end plays before it answers, where its trunk is to be heard then."""
    line = centre.config.lines.get(party.line)
    if isinstance(line, TrunkLine) and not line.early_media:
        return
    try:
        await party.leg.until_audio()
        await call.leg.progress()
    except (LegEnded, DriverError) as error:
        log.info("call %s: nothing is heard before the answer: %s", call.id, error)
        return
    if call.leg.audio is None:
        return
    caller, media = call.caller, centre.media
    caller.open(media)
    party.open(media)
    edges = ((caller.port, party.port), (party.port, caller.port))
    call.hearing.want({("hears", *edge): partial(media.hears, *edge) for edge in edges})


async def _turn_away(call: Call, code: int, centre: Centre) -> None:
    """Say why, where there is a prompt for it, and refuse the phone's call with SIP's code."""
    leg = call.leg
    call.hearing.close()
    if isinstance(leg, SipLeg):
        leg.refusal = code
    prompt = centre.own_prompt(PROMPTS.get(code, ""))
    if not prompt:
        return
    try:
        await leg.progress()
    except DriverError as error:
        log.info("call %s: the prompt %s cannot be heard: %s", call.id, prompt, error)
    if leg.audio is not None:
        call.caller.open(centre.media)
        maker = centre.config.agents.get(call.story.maker)  # gone from the file, perhaps, since it dialled
        language = maker.language if maker else ""
        await speak(f"{call.id}/say", call.port, prompt, centre, language=language)
