"""What agents wish while they talk: to hand the other party on, to ask somebody first, to speak as three.

A wish comes from the phone (a REFER, RFC 3515, with Replaces for a call it has itself, RFC 3891), or as a
command. Each does what it can and says so by `tell`; what cannot be leaves the conversation as it was.
"""

from __future__ import annotations

import asyncio
import logging

from appliance.acd.agent import AgentRefused
from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.errand import Purpose, Tell
from appliance.calls.party import Party
from appliance.calls.ringing import drop_rung
from appliance.calls.talk import Talk, talk_of
from appliance.calls.target import Waiting, resolve
from appliance.dialplan.permit import Cause, DialRefused
from appliance.events import Direction
from drivers.port import DriverError, Leg, LegEnded
from drivers.sip.leg import SipLeg
from drivers.sip.referral import Referral

log = logging.getLogger(__name__)

NO_SUCH_CALL = 481  # RFC 3261 21.4.19, Call/Transaction Does Not Exist
PENDING = 491  # RFC 3261 21.4.27: another wish is being seen to


def refer(talk: Talk, asker: Party, referral: Referral) -> None:
    """A phone wishes that the other party goes on with somebody else."""
    leg = asker.leg
    assert isinstance(leg, SipLeg)

    def tell(code: int, reason: str, last: bool) -> None:
        talk.centre.chore(_notify(leg, code, reason, last), f"refer {leg.id}")

    try:
        if referral.replaces:
            _join_calls(talk, asker, referral.replaces, tell)
        else:
            transfer(talk, asker, referral.to, tell)
    except DialRefused as error:
        log.info("agent %s: a transfer is refused, %d", asker.agent, error.sip_code)
        tell(error.sip_code, "Refused", True)


def transfer(talk: Talk, asker: Party, to: str, tell: Tell) -> None:
    """The other party goes on with `to` when that answers, and with `asker` when not. Raises DialRefused."""
    _need_two(talk)
    cause = Cause.TRANSFERRED
    target = resolve(to, asker.agent, talk.centre, call_id=talk.call.id, cause=cause)
    tell(100, "Trying", False)
    if isinstance(target, Waiting):
        tell(200, "OK", True)
        talk.to_queue(asker, target.queue)
    else:
        talk.run_errand(Purpose.TRANSFER, asker, target, tell)


def consult(talk: Talk, asker: Party, to: str, tell: Tell) -> None:
    """`asker` speaks with `to` while the other party hears music. Raises DialRefused."""
    _need_two(talk)
    target = resolve(to, asker.agent, talk.centre, call_id=talk.call.id)
    if isinstance(target, Waiting):
        raise DialRefused(f"queue {to}: nobody can be asked there. Transfer to it instead")
    talk.run_errand(Purpose.CONSULT, asker, target, tell)


def join_in(talk: Talk, asker: Party, *, at: Leg | None = None) -> None:
    """All that `asker` speaks with hear each other; `at` is the phone that wishes so. Raises AgentRefused."""
    other = _other_talk(talk, asker)
    if other is not None:
        keeper, mine, giver, given = _keeper_first(talk, asker, *other)
        if len(keeper.parties) > 2:
            raise AgentRefused(f"agent {asker.agent}: there are three already, let one go first.")
        giver.give(given)
        keeper.join(given, mine, conference=True)
        talk, asker = keeper, mine
    elif len(talk.parties) > 2:
        talk.confer()
    else:
        raise AgentRefused(f"agent {asker.agent}: there is no third party. Call one first.")
    if at is not None:
        talk.change_leg(asker, at)


def talks_of(agent: str, centre: Centre) -> list[tuple[Talk, Party]]:
    """The conversations the agent is part of, those not on hold first, then the newest."""
    found = [
        (talk, party)
        for call in centre.calls.values()
        if (talk := talk_of(call)) is not None
        for party in talk.parties
        if party.agent == agent
    ]
    return sorted(reversed(found), key=lambda each: each[1].leg.held)


def _join_calls(talk: Talk, asker: Party, call_id: str, tell: Tell) -> None:
    """The other parties of two calls of one agent speak with each other; both the agent's legs end."""
    _need_two(talk)
    leg = talk.centre.phones.leg_of(call_id)
    found = _party_of(leg, talk.centre) if leg is not None else None
    if found is None or found[1].agent != asker.agent or found[0] is talk.call:
        raise DialRefused("the call to take over is not one of this agent's", NO_SUCH_CALL)
    call, other_mine = found
    tell(100, "Trying", False)
    consulted = talk_of(call)
    if consulted is None:  # it rings still: the other party waits for it instead of the agent
        _take_over_ringing(talk, asker, call, tell)
        return
    if len(consulted.parties) != 2:
        raise DialRefused("three speak in the call to take over", PENDING)
    keeper, mine, giver, given = _keeper_first(talk, asker, consulted, other_mine)
    tell(200, "OK", True)
    giver.give(given)
    keeper.hand_over(mine, given)


def _take_over_ringing(talk: Talk, asker: Party, call: Call, tell: Tell) -> None:
    """Semi-attended: the call that rings is given up, and made again for the other party."""
    drop_rung(call, talk.centre)
    talk.centre.chore(call.leg.hangup(), f"hang up {call.leg.id}")
    transfer(talk, asker, call.story.called, tell)


def _keeper_first(
    talk: Talk, asker: Party, other: Talk, other_mine: Party
) -> tuple[Talk, Party, Talk, Party]:
    """Which call goes on: a caller's before one that an agent made; and who of the other one joins it."""
    visit = other.call.story.direction is Direction.IN
    if visit and talk.call.story.direction is not Direction.IN:
        talk, asker, other, other_mine = other, other_mine, talk, asker
    given = next(party for party in other.parties if party is not other_mine)
    return talk, asker, other, given


def _other_talk(talk: Talk, asker: Party) -> tuple[Talk, Party] | None:
    """The agent's other conversation of two."""
    others = talks_of(asker.agent, talk.centre)
    return next((each for each in others if each[0] is not talk and len(each[0].parties) == 2), None)


def _party_of(leg: SipLeg, centre: Centre) -> tuple[Call, Party] | None:
    for call in centre.calls.values():
        for party in call.parties:
            if party.leg is leg:
                return call, party
    return None


def _need_two(talk: Talk) -> None:
    if talk.errand is not None or len(talk.parties) != 2:
        raise DialRefused("another wish is being seen to, or three speak already", PENDING)


async def _notify(leg: SipLeg, code: int, reason: str, last: bool) -> None:
    try:
        async with asyncio.timeout(5):
            await leg.tell_referrer(code, reason, last)
    except (DriverError, LegEnded, TimeoutError) as error:
        log.info("leg %s: its phone was not told how the transfer goes: %s", leg.id, error)
