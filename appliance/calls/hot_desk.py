"""Log in at any phone of the box: *16, then the own extension, then the own PIN, each ended by #.

The phone is the agent's until logged out. Whose it is otherwise must be logged out.
"""

from __future__ import annotations

import logging

from appliance.acd.agent import AgentRefused, AgentState
from appliance.agent_events import PhoneTaken
from appliance.calls.ask_key import ask_digits
from appliance.calls.centre import Centre
from appliance.calls.speak import speak
from drivers.port import Leg

log = logging.getLogger(__name__)

TIMES = 3
KEY_SECONDS = 8.0
MOST_EXTENSION, MOST_PIN = 6, 12


async def log_in_here(leg: Leg, port: str, worker: str, centre: Centre) -> str:
    """Ask who it is, at the answered phone where `worker` works now; nobody is called after it."""
    place = centre.facts.place_of(worker)
    for _ in range(TIMES):
        agent = await who_is_it(leg, port, f"phone of {place}", centre)
        if agent:
            try:
                take_place(agent, place, centre)
            except AgentRefused as error:
                log.warning("%s", error)
                await speak(f"{leg.id}/say", port, "not-allowed", centre)
            else:
                await speak(f"{leg.id}/say", port, "agent-logged-in", centre)
            return ""
        await speak(f"{leg.id}/say", port, "agent-wrong-pin", centre)
    return ""


def take_place(agent: str, place: str, centre: Centre) -> None:
    """The agent works at the phones of `place` from now on, ready. Raises AgentRefused."""
    worker = centre.facts.who_is_at(place)
    for other in {worker, place} - {agent}:
        if _state(other, centre) is not AgentState.OFFLINE:
            raise AgentRefused(f"agent {agent}: the phone is {other}'s until logged out. Use another one.")
    if _state(agent, centre) in (AgentState.OFFERED, AgentState.TALKING):
        raise AgentRefused(f"agent {agent}: has a call at another phone. End it first.")
    centre.desk.not_held(agent)
    if centre.facts.place_of(agent) != place:
        centre.bus.publish(PhoneTaken(agent=agent, place=place))
    centre.desk.log_in(agent)


async def who_is_it(leg: Leg, port: str, source: str, centre: Centre) -> str:
    """The agent who has shown it by extension and PIN, "" for nobody; `source` slows guessing there."""
    extension = await _digits(leg, port, "agent-extension", MOST_EXTENSION, centre)
    pin = await _digits(leg, port, "agent-pin", MOST_PIN, centre)
    by_extension = {agent.extension: name for name, agent in centre.config.agents.items() if agent.extension}
    agent = by_extension.get(extension, "")
    return agent if await centre.check_pin(agent, pin, source) and agent else ""


async def _digits(leg: Leg, port: str, prompt: str, most: int, centre: Centre) -> str:
    files = centre.prompt(prompt)
    return await ask_digits(leg, port, files, centre, most=most + 1, wait_seconds=KEY_SECONDS)


def _state(agent: str, centre: Centre) -> AgentState:
    return centre.acd.agents[agent].state
