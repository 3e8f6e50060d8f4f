"""Ring an agent's phones: the registered ones all together, or the one whose address is configured."""

from __future__ import annotations

import re

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from drivers.port import DriverError, Leg
from drivers.sip.account import Through, Use
from drivers.sip.leg import SipLeg

ANSWER_BY_ITSELF = {"Call-Info": "<sip:callbox>;answer-after=0", "Alert-Info": "info=alert-autoanswer"}


class NoPhone(DriverError):
    """The agent has no phone that could be rung."""


async def ring_phone(
    agent: str, call: Call, centre: Centre, *, from_name: str, by_itself: bool = False
) -> Leg:
    """Begin to ring; the leg is DIALING. Raises DriverError, NoPhone where nothing is registered.

    Between the start and the return nothing is awaited that lasts, so the leg cannot get lost.
    """
    address, registered = centre.agent(agent).phone, centre.registered(agent)
    if not registered and not address:
        raise NoPhone(f"agent {agent}: no phone is registered. Switch one on, or sign in at the web page")
    return await centre.phones.dial(
        agent if registered else address,
        label=call.id,
        headers=ANSWER_BY_ITSELF if by_itself else {},
        from_user=_shown(call),
        from_name=re.sub(r"[^\w .,+-]", "", from_name),
        through=Through.AGENT if registered else Through.DIRECT,
        srtp=_srtp(agent, centre) if registered else "off",
        near=call.leg if isinstance(call.leg, SipLeg) else None,
    )


def _srtp(agent: str, centre: Centre) -> Use:
    """What all the agent's phones can be offered, as they ring together: SRTP alone when all insist on it."""
    wanted = {phone.srtp for phone in centre.config.phones.values() if phone.agent == agent}
    return "always" if wanted == {"always"} else "accept" if "always" in wanted else "off"


def _shown(call: Call) -> str:
    """Who calls, as a phone can show it and dial it again: nothing that would break its header."""
    return re.sub(r"[^0-9+*]", "", call.story.caller) or call.story.maker or "anonymous"
