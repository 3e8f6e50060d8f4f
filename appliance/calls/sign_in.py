"""An agent calls from outside ("sign-in"): extension and PIN, and the leg stays up for calls."""

from __future__ import annotations

import logging
from functools import partial

from appliance.acd.agent import AgentRefused
from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.hot_desk import TIMES, who_is_it
from appliance.calls.party import Party
from appliance.calls.speak import speak
from appliance.config.section import Destination

log = logging.getLogger(__name__)


async def sign_in(call: Call, centre: Centre) -> Destination:
    """The call is over after it; the leg of one who has shown it goes on as an agent's."""
    for _ in range(TIMES):
        agent = await who_is_it(call.leg, call.port, f"line {call.story.line}", centre)
        if agent:
            await speak(f"{call.id}/say", call.port, "agent-logged-in", centre)
            call.caller.lent = partial(_stays, call, agent, centre)
            break
        await speak(f"{call.id}/say", call.port, "agent-wrong-pin", centre)
    return Destination("hangup")


def _stays(call: Call, agent: str, centre: Centre) -> None:
    story = call.story
    party = Party(call.leg, agent=agent, number=story.caller, line=story.line)
    try:
        centre.desk.not_held(agent)
        centre.keep(agent, party)
        centre.desk.log_in(agent)
    except AgentRefused as error:
        log.warning("call %s: %s", call.id, error)
        centre.end(party)
