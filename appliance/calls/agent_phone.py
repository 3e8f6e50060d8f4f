"""An agent dials the box: star codes to log in, pause, become ready, end wrap-up.

| code | does                         |
|------|------------------------------|
| *11  | log in, ready                |
| *12  | log out                      |
| *13  | pause (*13N: reason N, 0-9)  |
| *14  | ready again                  |
| *15  | end wrap-up                  |

The agent is known by the SIP address of the phone. The box answers, says what came of it, and hangs up.
"""

from __future__ import annotations

import logging
import re

from appliance.acd.agent import AgentRefused
from appliance.calls.call import short
from appliance.calls.centre import Centre
from appliance.calls.speak import speak
from drivers.port import DriverError, Leg, LegEnded

log = logging.getLogger(__name__)

CODES = {"11": "login", "12": "logout", "13": "pause", "14": "ready", "15": "end-wrap-up"}
PROMPTS = {
    "login": "agent-logged-in",
    "logout": "agent-logged-out",
    "pause": "agent-paused",
    "ready": "agent-ready",
    "end-wrap-up": "wrap-up-ended",
}
REFUSED = "not-allowed"


async def serve_agent(leg: Leg, centre: Centre) -> None:
    """Take one call from a phone; anything but a known code from a known phone is turned away."""
    agent = agent_of(leg.peer, centre)
    code = re.fullmatch(r"\*(1[1-5])([0-9]?)", leg.called)
    if agent is None or code is None:
        log.warning("phone %s dialled %s: not an agent's phone or not a code", short(leg.peer), leg.called)
        prompt = REFUSED
    else:
        prompt = _obey(agent, CODES[code[1]], code[2], centre)
    try:
        async with leg.alive():
            await leg.answer()
            await _tell(leg, prompt, centre)
    except (LegEnded, DriverError) as error:
        log.info("phone of %s: %s", agent or "nobody", error)
    finally:
        centre.chore(leg.hangup(), f"hang up {leg.id}")


def agent_of(peer: str, centre: Centre) -> str | None:
    """The agent whose configured phone is this SIP address; display names and parameters do not matter."""
    caller = _address(peer)
    for name, agent in centre.config.agents.items():
        if _address(agent.phone) == caller:
            return name
    user = caller.partition("@")[0]
    same_user = [
        n for n, agent in centre.config.agents.items() if _address(agent.phone).startswith(f"{user}@")
    ]
    return same_user[0] if len(same_user) == 1 else None


def _address(uri: str) -> str:
    """user@host:port of a SIP URI, lower case, port 5060 left out."""
    found = re.search(r"sips?:([^;>?\s]+)", uri)
    return (found[1] if found else uri).lower().removesuffix(":5060")


def _obey(agent: str, command: str, digit: str, centre: Centre) -> str:
    try:
        centre.desk.commands()[command](agent, f"code {digit}" if digit else "")
    except AgentRefused as error:
        log.warning("agent %s: %s", agent, error)
        return REFUSED
    log.info("agent %s: %s by phone", agent, command)
    return PROMPTS[command]


async def _tell(leg: Leg, prompt: str, centre: Centre) -> None:
    if prompt in centre.config.prompts:
        with centre.media.port(leg) as port:
            await speak(f"{leg.id}/say", port, prompt, centre)
