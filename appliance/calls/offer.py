"""One offer: ring the phones of the agents held for one caller, and say what came of it."""

from __future__ import annotations

import asyncio
import logging

from appliance.acd.agent import Agent
from appliance.acd.distributor import Offer
from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.party import Party
from appliance.calls.phone import NoPhone, ring_phone
from appliance.calls.reach import forwarding, reach
from appliance.calls.remote_agent import ACCEPT_SECONDS, at_own_leg
from appliance.calls.ringing import NotReached, drop_rung, missed_by
from appliance.calls.supervise import Supervisors
from appliance.calls.taking_up import serve
from appliance.events import AgentOffered, AgentRinging, OfferEnded, OfferResult
from drivers.port import DriverError, EndCause, LegEnded, LegState

log = logging.getLogger(__name__)

WORKER_RETURNS_SECONDS = 0.5  # a SIP worker that died is replaced meanwhile; the agent is not to blame


async def ring_agent(call: Call, offer: Offer, centre: Centre) -> Party | None:
    """Ring the agents held by `offer`; who answered (agent TALKING), or None (agents paused or free).

    Whoever answered is one of the call's parties before anything else can happen.
    """
    for agent in offer.agents:
        call.note(AgentOffered(call_id=call.id, queue=offer.ticket.queue, agent=agent.name, why=offer.why))
    ringing = Ringing(call, offer, centre)
    if len(offer.agents) == 1:
        return await ringing.one()
    return await ringing.all()


class Ringing:
    """Phones that ring for one caller. Whoever is in `_parties` when it is over is hung up."""

    def __init__(self, call: Call, offer: Offer, centre: Centre) -> None:
        self._call = call
        self._offer = offer
        self._centre = centre
        self._parties: dict[str, Party] = {}
        self._seconds = centre.queue(call.story.queue).ring_seconds

    async def one(self) -> Party | None:
        """One agent's phones, and where they forward to."""
        agent = self._offer.agent
        result = OfferResult.CALLER_LEFT  # what a cancellation means
        party: Party | None = None
        try:
            party = await self._within_time(agent.name)
            result = OfferResult.ANSWERED
        except NotReached as missed:
            result = self._missed(agent, missed)
        finally:
            self._drop()
            self._told(agent, result)
            if party is not None:
                self._connect(party, agent)
        if result is OfferResult.RECALLED:
            await asyncio.sleep(WORKER_RETURNS_SECONDS)
        elif party is None:
            self._offer.refused(result.value)
        return party

    async def all(self) -> Party | None:
        """Several agents' phones at once; the first to answer has the caller, the others are free at once."""
        left = {asyncio.create_task(self._phone(agent.name)): agent for agent in self._offer.agents}
        for task in left:
            task.add_done_callback(_looked_at)
        won: tuple[Party, Agent] | None = None
        others, recalled = OfferResult.CALLER_LEFT, False  # what a cancellation means
        try:
            async with asyncio.timeout(self._seconds):
                while left and won is None:
                    done, _ = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
                    for task in [task for task in left if task in done]:
                        try:
                            won = won or (task.result(), left[task])
                        except NotReached as missed:
                            recalled |= self._refuse(left[task], missed) is OfferResult.RECALLED
                        if won is None or won[1] is left[task]:
                            del left[task]
            others = OfferResult.TAKEN
        except TimeoutError:
            others = OfferResult.NO_ANSWER
        finally:
            for task in left:
                task.cancel()
            if won is not None:
                self._parties.pop(won[1].name, None)
            self._drop()
            for agent in left.values():
                self._told(agent, others)
            if won is not None:
                self._told(won[1], OfferResult.ANSWERED)
                self._connect(*won)
        if won is None:
            for agent in left.values():
                self._offer.refused(others.value, agent)
            if recalled:
                await asyncio.sleep(WORKER_RETURNS_SECONDS)
        return won[0] if won is not None else None

    def _refuse(self, agent: Agent, missed: NotReached) -> OfferResult:
        """One of several did not take it, the others ring on."""
        result = self._missed(agent, missed)
        party = self._parties.pop(agent.name, None)
        if party is not None:
            self._centre.end(party)
        self._told(agent, result)
        self._offer.refused("" if result is OfferResult.RECALLED else result.value, agent)
        return result

    def _connect(self, party: Party, agent: Agent) -> None:
        call, centre = self._call, self._centre
        self._offer.connected(agent)
        party.agent = agent.name
        serve(party, self._offer.ticket.queue, call, centre)
        call.parties.append(party)
        Supervisors(centre).coach(call, agent.name)

    def _missed(self, agent: Agent, missed: NotReached) -> OfferResult:
        log.info("agent %s: the phone did not take call %s: %s", agent.name, self._call.id, missed)
        return missed.result

    def _told(self, agent: Agent, result: OfferResult) -> None:
        self._call.note(OfferEnded(call_id=self._call.id, agent=agent.name, result=result.value))

    def _drop(self) -> None:
        """Ring nobody any more."""
        drop_rung(self._call, self._centre)
        for party in self._parties.values():
            self._centre.end(party)
        self._parties.clear()

    async def _within_time(self, agent: str) -> Party:
        """Within the time of the queue, also where the phone forwards to. Raises NotReached."""
        try:
            more = ACCEPT_SECONDS if self._centre.agent(agent).number else 0.0
            async with asyncio.timeout(self._seconds + more):
                try:
                    party = await self._phone(agent)
                    del self._parties[agent]
                    return party
                except NotReached as missed:
                    self._drop()
                    if not missed.forwarded:
                        raise
                    onward = forwarding(missed.forwarded, agent, self._call, self._centre)
                    if onward is None:
                        raise
                return await reach(onward, agent, self._call, self._centre)
        except TimeoutError:
            raise NotReached(OfferResult.NO_ANSWER, 480) from None

    async def _phone(self, agent: str) -> Party:
        """Until one of the agent's phones is answered. Raises NotReached."""
        call, centre = self._call, self._centre
        by_itself = centre.agent(agent).auto_answer
        if (standing := await at_own_leg(agent, call, centre)) is not None:
            self._parties[agent] = standing
            return standing
        try:
            leg = await ring_phone(agent, call, centre, from_name=call.story.title, by_itself=by_itself)
            party = self._parties[agent] = Party(leg, agent=agent)
            await leg.until(LegState.RINGING, LegState.UP)
            call.note(AgentRinging(call_id=call.id, agent=agent))
            await leg.until(LegState.UP)
        except LegEnded as ended:
            if ended.leg.cause is EndCause.PORT_LOST:
                raise NotReached(OfferResult.RECALLED, 480) from None
            raise missed_by(ended.leg) from None
        except NoPhone as error:
            raise NotReached(OfferResult.NOT_REGISTERED, 480, str(error)) from error
        except DriverError as error:
            log.warning("agent %s: cannot be rung: %s", agent, error)
            raise NotReached(OfferResult.RECALLED, 503, str(error)) from error
        return party


def _looked_at(task: asyncio.Task[Party]) -> None:
    """Nobody need ask for the end of a phone that rang until another was answered."""
    if not task.cancelled():
        task.exception()
