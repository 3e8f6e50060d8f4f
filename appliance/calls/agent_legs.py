"""Agents who stay connected between calls: the leg is lent to each call and comes back when that is over.

Dialled when the agent logs in (`stay_connected`), or by the agent's own phone (*17). Between calls nothing is
heard. Hanging up is logging out; a caller who speaks then waits for another agent as ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass

from appliance.acd.agent import AgentRefused, AgentState
from appliance.agent_events import AgentLegDown, AgentLegUp
from appliance.calls.centre import Centre
from appliance.calls.party import Party, label
from appliance.calls.remote_agent import NoCall, dial_agent
from appliance.calls.ringing import NotReached
from appliance.calls.watch import ended_when_silent
from appliance.events import AgentChanged, Stamped
from drivers.port import Leg, LegEnded, LegState

log = logging.getLogger(__name__)

NOT_CONNECTED = "not connected"  # the hindrance while it is dialled
BEEP_SECONDS = 0.3


@dataclass(eq=False)
class Standing:
    """The leg as it is held between calls; `lent` is its part in the call that has it."""

    party: Party
    lent: Party | None = None


class AgentLegs:
    """All of them, by agent."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._standing: dict[str, Standing] = {}
        centre.lend, centre.keep = self.lend, self.keep
        centre.desk.begins = self.begins
        centre.bus.subscribe(self._hear)

    def begins(self, agent: str) -> None:
        """The agent logs in: dialled now where the configuration wants it so."""
        wanted = self._centre.agent(agent).stay_connected
        if wanted and agent not in self._standing and NOT_CONNECTED not in self._hindrances(agent):
            self._centre.acd.hinder(agent, NOT_CONNECTED, "being dialled")
            self._centre.start(self._connect(agent), f"connect {agent}")

    def keep(self, agent: str, party: Party) -> None:
        """The leg is up and stays. Raises AgentRefused for an agent who has one."""
        if agent in self._standing:
            raise AgentRefused(f"agent {agent}: is connected already. Hang the other phone up first.")
        self._hold(agent, party)
        who = {"leg_id": party.leg.id, "number": party.number, "line": party.line}
        self._centre.bus.publish(AgentLegUp(agent=agent, **who))

    def lend(self, agent: str) -> Party | None:
        """The agent's leg as a party of a call; None for one who has none, or speaks by it."""
        standing = self._standing.get(agent)
        if standing is None or standing.lent is not None or standing.party.leg.state is not LegState.UP:
            return None
        mine = standing.party
        party = Party(mine.leg, agent=agent, number=mine.number, line=mine.line)
        party.borrow(mine)
        self._lent(standing, party, shared=True)
        self._centre.start(_beep(party, self._centre), f"beep {agent}")
        return party

    def take_up(self, legs: list[Leg], parties: list[Party]) -> list[Leg]:
        """After a restart: the legs that are still there, or `parties` of calls; those that are nobody's."""
        for agent, fact in list(self._centre.facts.legs.items()):
            found = next((each for each in parties if each.agent == agent and _is(each, fact)), None)
            mine = [leg for leg in legs if leg.id == fact.leg_id or (fact.line and leg.port == fact.line)]
            if agent not in self._centre.config.agents or not (found or mine):
                self._centre.bus.publish(AgentLegDown(agent=agent))
                continue
            leg = found.leg if found else mine[0]
            party = Party(leg, agent=agent, number=fact.number, line=fact.line)
            for permit in [each for each in self._centre.guard.resume("") if each.agent == agent][:1]:
                party.out = party.hold(self._centre.guard.call(permit))
            self._hold(agent, party)
            if found:
                self._lent(self._standing[agent], found, shared=False)
            legs = [each for each in legs if each is not leg]
        for agent, state in self._centre.acd.agents.items():
            if state.state is not AgentState.OFFLINE and agent in self._centre.config.agents:
                self.begins(agent)
        return legs

    # --- inside -----------------------------------------------------------------------------------------

    def _hold(self, agent: str, party: Party) -> None:
        party.open(self._centre.media)
        self._standing[agent] = Standing(party)
        self._centre.chore(label(party.leg, f"agent {agent}"), f"label {party.leg.id}")
        self._centre.start(self._watch(agent, party), f"leg of {agent}")

    def _lent(self, standing: Standing, party: Party, *, shared: bool) -> None:
        """`shared`: the call speaks by the audio that is open here, else by its own."""
        standing.lent, agent = party, party.agent

        def back() -> None:
            standing.lent = None
            if not shared and standing.party.leg.state is LegState.UP:
                standing.party.reopen(self._centre.media)
            self._end_if_offline(agent)

        party.lent = back

    async def _connect(self, agent: str) -> None:
        try:
            none = NoCall(f"agent {agent}", self._centre.bus)
            party = await dial_agent(agent, none, self._centre, call_id="")
        except NotReached as missed:
            log.warning("agent %s: not connected, so logged out: %s", agent, missed)
            self._log_out(agent)
        else:
            self.keep(agent, party)
            self._end_if_offline(agent)
        finally:
            self._centre.acd.unhinder(agent, NOT_CONNECTED)

    async def _watch(self, agent: str, party: Party) -> None:
        ending = asyncio.create_task(self._must_end(party), name=f"permit of {agent}")
        try:
            with ended_when_silent(party, self._centre.has_phone):
                await party.leg.ended()
        finally:
            ending.cancel()
            party.leave()
        del self._standing[agent]
        log.info("agent %s: connected no more", agent)
        self._centre.bus.publish(AgentLegDown(agent=agent))
        self._log_out(agent)

    async def _must_end(self, party: Party) -> None:
        if party.out is not None:
            log.warning("agent %s: hung up by us: %s", party.agent, await party.out.must_end())
            await party.leg.hangup()

    def _log_out(self, agent: str) -> None:
        with contextlib.suppress(AgentRefused):
            self._centre.acd.log_out(agent)

    def _hear(self, stamped: Stamped) -> None:
        event = stamped.event
        if isinstance(event, AgentChanged) and event.now == AgentState.OFFLINE.value:
            asyncio.get_running_loop().call_soon(self._end_if_offline, event.agent)

    def _end_if_offline(self, agent: str) -> None:
        standing = self._standing.get(agent)
        offline = self._centre.acd.agents[agent].state is AgentState.OFFLINE
        if standing is not None and standing.lent is None and offline:
            self._centre.chore(standing.party.leg.hangup(), f"hang up {standing.party.leg.id}")

    def _hindrances(self, agent: str) -> list[str]:
        known = self._centre.acd.agents.get(agent)
        return list(known.hindrances) if known is not None else []


def _is(party: Party, fact: AgentLegUp) -> bool:
    return party.leg.id == fact.leg_id or bool(fact.line and party.leg.port == fact.line)


async def _beep(party: Party, centre: Centre) -> None:
    """So that the agent knows that somebody is there."""
    with contextlib.suppress(LegEnded):
        async with party.leg.alive():
            with centre.media.tone(
                f"{party.port}/beep", party.port, "call_waiting", centre.config.box.country
            ):
                await asyncio.sleep(BEEP_SECONDS)
