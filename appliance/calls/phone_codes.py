"""Star codes that a conversation with the box follows on, beside those of `agent_phone.py`.

| code | does                                                   |
|------|--------------------------------------------------------|
| *16  | somebody logs in here, by extension and PIN               |
| *98  | the messages of the mailboxes whose owner the agent is |
| *91  | emergency mode on                                      |
| *90  | emergency mode off                                     |
| *92  | a drill of it                                          |
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from appliance.calls.agent_call import begin
from appliance.calls.ask_key import ask_digits
from appliance.calls.centre import Centre
from appliance.calls.emergency import EmergencyRefused, switch_off, switch_on
from appliance.calls.hot_desk import log_in_here
from appliance.calls.party import Party
from appliance.calls.speak import speak
from appliance.calls.visit import visit
from appliance.calls.voicemail_listen import listen
from drivers.port import DriverError, Leg, LegEnded

log = logging.getLogger(__name__)

PIN_TRIES = 3
KEY_SECONDS = 5.0

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
    language = centre.agent(agent).language or centre.config.box.language
    if not own:
        await speak(f"{leg.id}/say", port, "not-allowed", centre, language=language)
        return ""
    return await listen(leg, port, own, agent, centre, language=language)


def _switching(prompt: str, switch: Callable[[Centre, str], None]) -> Service:
    """A service that switches the emergency mode and says so."""

    async def service(leg: Leg, port: str, agent: str, centre: Centre) -> str:
        said = "not-allowed"
        if await _may_switch(leg, port, agent, centre):
            try:
                switch(centre, agent)
                said = prompt
            except EmergencyRefused as error:
                log.warning("agent %s: %s", agent, error)
                said = "emergency-refused"
        await speak(f"{leg.id}/say", port, said, centre, language=centre.agent(agent).language)
        return ""

    return service


async def _may_switch(leg: Leg, port: str, agent: str, centre: Centre) -> bool:
    """Those who are named may, others with the PIN."""
    settings = centre.config.emergency
    if agent in settings.agents:
        return True
    for _ in range(PIN_TRIES if settings.pin else 0):
        files = centre.prompt("emergency-pin", language=centre.agent(agent).language)
        most = len(settings.pin)
        if await ask_digits(leg, port, files, centre, most=most, wait_seconds=KEY_SECONDS) == settings.pin:
            return True
        log.warning("agent %s: a wrong PIN for the emergency mode", agent)
    return False


SERVICES: dict[str, Service] = {
    "*16": log_in_here,
    "*98": _messages,
    "*91": _switching("emergency-on", lambda centre, agent: switch_on(centre, by=agent)),
    "*90": _switching("emergency-off", lambda centre, agent: switch_off(centre, by=agent)),
    "*92": _switching("emergency-drill-on", lambda centre, agent: switch_on(centre, by=agent, drill=True)),
}
