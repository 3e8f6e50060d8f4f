"""Ring an agent's phones: the registered ones all together, or the one whose address is configured."""

from __future__ import annotations

import re

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from drivers.port import DriverError, Leg
from drivers.sip.account import Through, Use
from drivers.sip.leg import SipLeg

#: Phones know one of these or none; one that knows none can stay connected instead (*17, `agent_legs.py`).
ANSWER_BY_ITSELF = {
    "Call-Info": "<sip:callbox>;answer-after=0",
    "Alert-Info": "info=alert-autoanswer",
    "Answer-Mode": "Auto",  # RFC 5373 3.1
}


class NoPhone(DriverError):
    """The agent has no phone that could be rung."""


async def ring_phone(
    agent: str, call: Call, centre: Centre, *, from_name: str, by_itself: bool = False
) -> Leg:
    """Begin to ring; the leg is DIALING. Raises DriverError, NoPhone where nothing is registered.

    Between the start and the return nothing is awaited that lasts, so the leg cannot get lost.
    """
    legs = (party.leg for party in call.parties[:1])
    near = next((leg for leg in legs if isinstance(leg, SipLeg)), None)
    shown = _shown(call)
    return await ring(agent, centre, label=call.id, shown=(from_name, shown), by_itself=by_itself, near=near)


async def ring(
    agent: str,
    centre: Centre,
    *,
    label: str,
    shown: tuple[str, str],
    by_itself: bool = False,
    near: SipLeg | None = None,
) -> Leg:
    """As `ring_phone`, for no call: `shown` are the name and the number the phone displays."""
    place = centre.facts.place_of(agent)
    address, registered = centre.agent(place).address, centre.registered(place)
    if centre.facts.who_is_at(place) != agent:
        raise NoPhone(f"agent {agent}: the phone is {centre.facts.who_is_at(place)}'s now. Log in elsewhere")
    if not registered and not address:
        raise NoPhone(f"agent {agent}: no phone is registered. Switch one on, or sign in at the web page")
    return await centre.phones.dial(
        place if registered else address,
        label=label,
        headers=ANSWER_BY_ITSELF if by_itself else {},
        from_user=shown[1],
        from_name=re.sub(r"[^\w .,+-]", "", shown[0]),
        through=Through.AGENT if registered else Through.DIRECT,
        srtp=_srtp(place, centre) if registered else "off",
        near=near,
    )


def _srtp(agent: str, centre: Centre) -> Use:
    """What all the agent's phones can be offered, as they ring together: SRTP alone when all insist on it."""
    wanted = {phone.srtp for phone in centre.config.phones.values() if phone.agent == agent}
    return "always" if wanted == {"always"} else "accept" if "always" in wanted else "off"


def _shown(call: Call) -> str:
    """Who calls, as a phone can show it and dial it again: nothing that would break its header."""
    return re.sub(r"[^0-9+*]", "", call.story.caller) or call.story.maker or "anonymous"
