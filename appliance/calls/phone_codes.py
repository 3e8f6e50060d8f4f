"""Star codes that a conversation with the box follows on, beside those of `agent_phone.py`.

| code | does                                                      |
|------|-----------------------------------------------------------|
| *98  | the messages of the mailboxes whose owner the agent is    |
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from appliance.calls.agent_call import begin
from appliance.calls.centre import Centre
from appliance.calls.party import Party
from appliance.calls.speak import speak
from appliance.calls.visit import visit
from appliance.calls.voicemail_listen import listen
from drivers.port import DriverError, Leg, LegEnded

log = logging.getLogger(__name__)

#: Talks with the agent at an answered leg; a number to be called then, "" for none.
Service = Callable[[Leg, str, str, Centre], Awaitable[str]]


async def serve(service: Service, leg: Leg, agent: str, centre: Centre) -> None:
    """Answer, let the service talk, hang up, or go on with a call."""
    party, number = Party(leg, agent=agent), ""
    party.hold(centre.engaged.on_a_call(agent))
    try:
        async with leg.alive():
            await leg.answer()
            party.open(centre.media)
            number = await service(leg, party.port, agent, centre)
    except (LegEnded, DriverError) as error:
        log.info("phone of %s: %s", agent, error)
    finally:
        if number:
            party.leave()
        else:
            centre.end(party)
    if number:
        call, to = begin(leg, agent, centre, dialled=number)
        await visit(call, to, centre)


async def _messages(leg: Leg, port: str, agent: str, centre: Centre) -> str:
    own = [name for name, box in centre.config.voicemail.items() if agent in box.agents]
    if not own:
        await speak(f"{leg.id}/say", port, "not-allowed", centre)
        return ""
    return await listen(leg, port, own, agent, centre)


SERVICES: dict[str, Service] = {"*98": _messages}
