"""Looks every second whether agents, callers and legs tell the same, and heals what does not, loudly.

Nothing should ever be found: states follow from events, and what is held is let go by `with`. Should a fault
of ours leave an agent or a caller behind all the same, it is for two seconds and not for a shift.
A finding is healed when two looks in a row see it, as what is just changing is gone by the next one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from appliance.acd.agent import Agent, AgentState
from appliance.acd.invariants import breaches
from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.party import Party
from appliance.events import InvariantBroken
from drivers.port import LegState

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.9  # two looks in a row are within two seconds


@dataclass(frozen=True)
class Finding:
    """Something that does not fit, and what brings it in order; the same one again is equal."""

    rule: str
    seen: str
    heal: Callable[[], object]

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same one at the next look."""
        return self.rule, self.seen


class Reconciler:
    """Looks for as long as `run` runs; begin it when the calls of before a restart are taken up."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._before: set[tuple[str, str]] = set()

    async def run(self) -> None:
        """Never returns."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Compare once; heal what was there last time too."""
        found = list(findings(self._centre))
        for finding in found:
            if finding.key in self._before:
                log.error("healed: %s: %s", finding.rule, finding.seen)
                self._centre.bus.publish(InvariantBroken(rule=finding.rule, seen=finding.seen))
                finding.heal()
        self._before = {finding.key for finding in found}


def findings(centre: Centre) -> Iterator[Finding]:
    """All that does not fit now."""
    for rule, seen in list(breaches(centre.acd)):
        yield Finding(rule, seen, centre.acd.match_anew)
    for agent in list(centre.acd.agents.values()):
        yield from _of_agent(agent, centre)
    for queue in list(centre.acd.queues.values()):
        for ticket in list(queue):
            if ticket.call_id not in centre.calls:
                yield Finding(
                    "who waits has a call",
                    f"call {ticket.call_id} is over and waits in queue {queue.name}",
                    partial(centre.acd.leave, ticket),
                )
    for call in list(centre.calls.values()):
        yield from _of_call(call)


def _of_agent(agent: Agent, centre: Centre) -> Iterator[Finding]:
    name = agent.name
    match agent.state:
        case AgentState.TALKING if not any(_takes_part(name, call) for call in centre.calls.values()):
            yield Finding(
                "who talks has a leg",
                f"agent {name} is talking in call {agent.call_id} without one",
                lambda: centre.acd.talk_ended(name, wrap_up=False),
            )
        case AgentState.WRAP_UP if not centre.desk.wraps_up(name):
            yield Finding(
                "a wrap-up has an end",
                f"agent {name} writes up call {agent.call_id} for ever",
                lambda: centre.acd.wrap_up_ended(name),
            )


def _takes_part(agent: str, call: Call) -> bool:
    """In the call that the queue gave, or in another to which somebody handed the agent on."""
    return any(party.agent == agent and _is_there(party) for party in call.parties)


def _is_there(party: Party) -> bool:
    return party.leg.state is not LegState.ENDED


def _of_call(call: Call) -> Iterator[Finding]:
    if call.task is not None and call.parties and not any(map(_is_there, call.parties)):
        yield Finding("a call has a leg", f"call {call.id} goes on with nobody in it", call.task.cancel)
