"""An agent at a number outside: dialled over the routes of the dial plan, and asked to press 1.

The key is asked for so that no caller is put through to a mailbox of the mobile network.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from appliance.bus import Bus
from appliance.calls.ask_key import ask_key
from appliance.calls.centre import Centre
from appliance.calls.dial_out import dial_out
from appliance.calls.party import Party
from appliance.calls.ringing import NotReached, Rings, drop_rung
from appliance.dialplan.permit import Cause, DialRefused
from appliance.events import Event, OfferResult
from drivers.port import LegEnded

log = logging.getLogger(__name__)

ACCEPT_SECONDS = 25.0  # for the prompt and the key, beside the time the queue lets a phone ring
KEY_SECONDS, TIMES = 4.0, 3
ACCEPT = "1"


@dataclass(eq=False)
class NoCall:
    """Stands where a call would, for a leg that is dialled for none."""

    id: str
    bus: Bus
    rung: Party | None = field(default=None)

    def note(self, event: Event) -> None:
        """There is no story to tell."""


@dataclass(eq=False)
class OneOf:
    """A call, for one of several who are dialled for it at a time."""

    call: Rings
    rung: Party | None = field(default=None)

    @property
    def id(self) -> str:
        """The call's."""
        return self.call.id

    def note(self, event: Event) -> None:
        """It is the call's."""
        self.call.note(event)


async def dial_agent(agent: str, rings: Rings, centre: Centre, *, call_id: str) -> Party:
    """Until the agent has pressed the key. Raises NotReached; cancelled, it dials nobody any more."""
    number = centre.agent(agent).number
    try:
        permit = centre.guard.ask(agent, number, call_id=call_id, cause=Cause.FORWARDED)
    except DialRefused as error:
        log.warning("agent %s: cannot be dialled: %s", agent, error)
        raise NotReached(OfferResult.FAILED, error.sip_code, str(error)) from error
    try:
        party = await dial_out(permit, rings, centre, None)
    finally:
        drop_rung(rings, centre)
    party.agent, accepted = agent, False
    try:
        accepted = await _accepts(party, centre)
    except LegEnded:
        raise NotReached(OfferResult.REJECTED, 603) from None
    finally:
        if not accepted:
            centre.end(party)
    if not accepted:
        raise NotReached(OfferResult.NO_ANSWER, 480, "nobody pressed 1")
    return party


async def at_own_leg(agent: str, call: Rings, centre: Centre) -> Party | None:
    """The leg of an agent who stays connected, or is dialled outside; None for one with phones to ring.

    Raises NotReached.
    """
    place = centre.facts.place_of(agent)
    party = centre.lend(agent)
    if party is not None or not centre.agent(agent).number or place != agent or centre.registered(agent):
        return party
    return await dial_agent(agent, OneOf(call), centre, call_id=call.id)


async def _accepts(party: Party, centre: Centre) -> bool:
    async with party.leg.alive():
        party.open(centre.media)
        files = centre.prompt("agent-accept")
        with centre.listens(party):
            for _ in range(TIMES):
                key = await ask_key(party.leg, party.port, files, centre, wait_seconds=KEY_SECONDS)
                if key:
                    return key == ACCEPT
    return False
