"""An agent's phone dials the box: star codes to log in, pause, become ready, end wrap-up, confer.

| code | does                                              |
|------|---------------------------------------------------|
| *11  | log in, ready                                     |
| *12  | log out                                           |
| *13  | pause (*13N: the Nth of [pause_reasons])          |
| *14  | ready again                                       |
| *15  | end wrap-up                                       |
| *17  | stay connected between calls by this phone        |
| *3   | all the agent's calls become one, heard from here |
| *2   | the conversation is recorded, or no more          |
| *8   | its recording pauses, or goes on                  |
| *4 to *7 and an extension: supervise, see `supervise.py` |

Who calls is known by the account the edge has checked, or by the phone's configured SIP address. For a code
the box answers, says what came of it, and hangs up.
"""

from __future__ import annotations

import asyncio
import logging
import re

from appliance.acd.agent import AgentRefused
from appliance.calls.call import short
from appliance.calls.centre import Centre
from appliance.calls.party import Party
from appliance.calls.speak import speak
from appliance.calls.supervise import Supervisors
from appliance.calls.talk_desk import TalkDesk
from appliance.calls.talk_keys import CODES as TALK_CODES
from drivers.port import DriverError, Leg, LegEnded
from drivers.sip.leg import SipLeg

log = logging.getLogger(__name__)

CODE = re.compile(r"\*(?:(3)|(1[1-5])([0-9]?)|([4-7])([1-9][0-9]{1,5})|(17)|([28]))")
CODES = {"11": "login", "12": "logout", "13": "pause", "14": "ready", "15": "end-wrap-up"}
PROMPTS = {
    "login": "agent-logged-in",
    "logout": "agent-logged-out",
    "pause": "agent-paused",
    "ready": "agent-ready",
    "end-wrap-up": "wrap-up-ended",
    **dict.fromkeys(TALK_CODES.values(), "recording-switched"),
}
REFUSED = "not-allowed"


def is_code(dialled: str) -> bool:
    """It is for the box itself."""
    return CODE.fullmatch(dialled) is not None


async def serve_code(leg: Leg, agent: str | None, centre: Centre) -> None:
    """Do what a code asks; anything else, and a phone that is nobody's, is turned away."""
    code = CODE.fullmatch(leg.called)
    if agent is None or code is None:
        log.warning("phone %s dialled %s: nobody's phone", short(leg.peer), short(leg.called))
        prompt = REFUSED
    elif code[1]:
        await _confer(leg, agent, centre)
        return
    elif code[6]:
        await _stay_connected(leg, agent, centre)
        return
    elif code[4]:
        if await _supervise(leg, agent, code[4], code[5], centre):
            return
        prompt = REFUSED
    else:
        command = TALK_CODES[leg.called] if code[7] else CODES[code[2]]
        prompt = _obey(agent, command, code[3] or "", centre)
    party = Party(leg)
    try:
        async with leg.alive():
            await leg.answer()
            await _tell(party, prompt, centre.agent(agent).language if agent else "", centre)
    except (LegEnded, DriverError) as error:
        log.info("phone of %s: %s", agent or "nobody", error)
    finally:
        centre.end(party)


def agent_of(leg: Leg, centre: Centre) -> str | None:
    """Who works at this phone: as the edge says whose it is, else whose configured address it has.

    Display names and parameters do not matter.
    """
    place = _place_of(leg, centre)
    return None if place is None else centre.facts.who_is_at(place)


def _place_of(leg: Leg, centre: Centre) -> str | None:
    if isinstance(leg, SipLeg) and leg.agent:
        return leg.agent if leg.agent in centre.config.agents else None
    caller = _address(leg.peer)
    addresses = {
        name: _address(agent.address) for name, agent in centre.config.agents.items() if agent.address
    }
    for name, address in addresses.items():
        if address == caller:
            return name
    user = caller.partition("@")[0]
    same_user = [name for name, address in addresses.items() if address.startswith(f"{user}@")]
    return same_user[0] if len(same_user) == 1 else None


def _address(uri: str) -> str:
    """user@host:port of a SIP URI, lower case, port 5060 left out."""
    found = re.search(r"sips?:([^;>?\s]+)", uri)
    return (found[1] if found else uri).lower().removesuffix(":5060")


def _obey(agent: str, command: str, digit: str, centre: Centre) -> str:
    try:
        centre.desk.commands()[command](agent, digit)
    except AgentRefused as error:
        log.warning("agent %s: %s", agent, error)
        return REFUSED
    log.info("agent %s: %s by phone", agent, command)
    return PROMPTS[command]


async def _stay_connected(leg: Leg, agent: str, centre: Centre) -> None:
    """The leg is the agent's from now on, who is ready; or is hung up."""
    party = Party(leg, agent=agent)
    try:
        async with leg.alive():
            await leg.answer()
        centre.keep(agent, party)
        centre.desk.log_in(agent)
    except (AgentRefused, LegEnded, DriverError) as error:
        log.warning("agent %s: does not stay connected: %s", agent, error)
        centre.end(party)
    except asyncio.CancelledError:
        centre.end(party)
        raise


async def _supervise(leg: Leg, agent: str, key: str, extension: str, centre: Centre) -> bool:
    """Until the supervisor has hung up; False where this is none."""
    try:
        await Supervisors(centre).by_phone(leg, agent, key, extension)
    except AgentRefused as error:
        log.warning("%s", error)
        return False
    except (LegEnded, DriverError) as error:
        log.info("phone of %s: %s", agent, error)
        centre.end(Party(leg))
    return True


async def _confer(leg: Leg, agent: str, centre: Centre) -> None:
    """The leg becomes the agent's in a conversation of three, or is turned away."""
    try:
        async with leg.alive():
            await leg.answer()
        TalkDesk(centre).conference(agent, at=leg)
        log.info("agent %s: confers", agent)
        return
    except (AgentRefused, LegEnded, DriverError) as error:
        log.warning("agent %s: no conference: %s", agent, error)
    except asyncio.CancelledError:
        centre.end(Party(leg))
        raise
    centre.end(Party(leg))


async def _tell(party: Party, prompt: str, language: str, centre: Centre) -> None:
    if centre.own_prompt(prompt):
        party.open(centre.media)
        await speak(f"{party.leg.id}/say", party.port, prompt, centre, language=language)
