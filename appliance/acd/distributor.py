"""The distributor: brings callers and agents together by its queues' rules, by event, never by poll.

Every method that changes anything ends in a match, so an idle eligible agent and an eligible waiting
caller never coexist after it. Synchronous and without I/O: a day can be replayed, a million calls
simulated. What is due later (a relaxed need, the end of a rest) is done by `advance`, which whoever owns
the clock calls at the moments told to `wake`. `Distributor.offer` is the one thing that waits, and it
holds what it took by `async with`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass

from appliance.acd import matching
from appliance.acd.agent import Agent, AgentRefused, AgentState
from appliance.acd.caller import Caller
from appliance.acd.choice import Choice
from appliance.acd.explain import explain
from appliance.acd.queue import Queue, Ticket, TicketState
from appliance.acd.roster import UNKNOWN as UNKNOWN
from appliance.acd.roster import Roster
from appliance.acd.rules import Rules
from appliance.events import Event


@dataclass(slots=True)
class Offer:
    """Agents held for a ticket, one of whom may have the caller.

    Say `connected(agent)`, or `refused(reason, agent)` of each who did not take it; nothing sets all free.
    """

    ticket: Ticket
    agents: tuple[Agent, ...]
    why: str
    _distributor: Distributor

    @property
    def agent(self) -> Agent:
        """The one held, the first where there are several."""
        return self.agents[0]

    def connected(self, agent: Agent | None = None) -> None:
        """This agent answered first: TALKING from now on, the others are free, the ticket is served."""
        self._distributor.connect(self.ticket, agent)

    def refused(self, reason: str, agent: Agent | None = None) -> None:
        """The agent did not take it: a miss ("" is none); the caller keeps the place, or others ring on."""
        self._distributor.decline(self.ticket, agent or self.agent, reason)


class Distributor(Roster):
    """All queues and all agents of the box.

    `publish` is told every change of an agent; `now` gives monotonic seconds; `wake` is told when `advance`
    is wanted next; `checked` is called after every change (the invariants, live and in tests); `expected`
    gives the seconds until an agent who is at work is likely to be free, None where that is not known.
    """

    def __init__(
        self,
        *,
        publish: Callable[[Event], object],
        now: Callable[[], float],
        checked: Callable[[Distributor], None] | None = None,
        wake: Callable[[float], object] = lambda at: None,
        expected: Callable[[str, str], float | None] = lambda queue, agent: None,
    ) -> None:
        super().__init__(
            publish=publish, now=now, wake=wake, checked=lambda: checked(self) if checked else None
        )
        self.tickets: dict[str, Ticket] = {}  # by call id, those in a queue
        self._expected = expected

    # --- what there is --------------------------------------------------------------------------

    def add_queue(
        self, name: str, agents: tuple[str, ...], choice: Choice, rules: Rules | None = None
    ) -> None:
        """A queue served by these agents, who are made (OFFLINE) when first named."""
        self.queues[name] = Queue(name, agents, choice, rules or Rules(), self._now)
        for agent_name in agents:
            agent = self.agents.setdefault(agent_name, Agent(agent_name, since=self._now()))
            agent.queues = (*agent.queues, name)
        self.staffing += 1

    def set_agent(self, name: str, *, skills: Mapping[str, int], misses_before_pause: int = 0) -> None:
        """What an agent of a queue can, and how often a call may be missed (0 is as the queue says)."""
        agent = self._agent(name)
        self._unready(agent)
        agent.skills, agent.profile = skills, tuple(sorted(skills.items()))
        agent.misses_before_pause = misses_before_pause
        if agent.state is AgentState.READY:
            self._ready(agent)
        self.touched_agents[agent] = None
        self._done()

    def ready_agents(self, queue: str) -> list[Agent]:
        """The agents of `queue` who could be rung now, in its order."""
        return list(self.queues[queue].ready_agents())

    def serve(self, queue: str, agents: tuple[str, ...]) -> None:
        """From now on these agents serve the queue; conversations and phones that ring go on.

        Raises AgentRefused for a queue or an agent that there is not.
        """
        if queue not in self.queues or queue.startswith("agent:"):
            known = ", ".join(name for name in self.queues if not name.startswith("agent:")) or "none"
            raise AgentRefused(f"there is no queue {queue!r}. Known queues: {known}.")
        new = {name: self._agent(name) for name in agents}
        here = self.queues[queue]
        self.staffing += 1
        old = {name: self.agents[name] for name in here.agents}
        for agent in (agent for name, agent in old.items() if name not in new):
            agent.queues = tuple(name for name in agent.queues if name != queue)
        for agent in (agent for name, agent in new.items() if name not in old):
            agent.queues = (*agent.queues, queue)
        here.serve_with(tuple(new), [agent for agent in new.values() if agent.state is AgentState.READY])
        for name in [name for name in here.lanes if name and name not in new]:
            self._match_left(self.agents[name], here)
        self.touched_agents.update(dict.fromkeys([*old.values(), *new.values()]))
        self._done()

    def match_anew(self) -> None:
        """Look at everybody, as if all had just changed: what a fault of ours left unmatched is healed."""
        for queue in self.queues.values():
            serving = (self.agents[name] for name in queue.agents)
            queue.serve_with(queue.agents, [agent for agent in serving if agent.state is AgentState.READY])
        self.touched_agents.update(dict.fromkeys(self.agents.values()))
        self.touched_tickets.update(dict.fromkeys(self.tickets.values()))
        self._done()

    def explain(self, call_id: str) -> str:
        """Why this caller still waits, in one line; "" for one who is in no queue."""
        ticket = self.tickets.get(call_id)
        return explain(ticket, self.queues[ticket.queue], self.agents, self._now()) if ticket else ""

    def advance(self) -> None:
        """Do what is due by now."""
        self.dues.run(self._now())
        self._done()

    # --- callers --------------------------------------------------------------------------------

    def join(self, caller: Caller | str, queue: str, place: float = 0.0) -> Ticket:
        """A caller begins to wait; one of whom only call id and place are known needs nothing special."""
        here = self.queues[queue]
        ticket = here.ticket(_caller(caller, place))
        self.tickets[ticket.call_id] = ticket
        if not self._can_be_served(ticket, here):
            ticket.asked = {}
            ticket.lane = ticket.lane._replace(needs=here.rules.needs({}, 0))
        here.add(ticket)
        self.touched_tickets[ticket] = None
        self._stick(ticket, here)
        self._relax(ticket)
        self._done()
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """The caller stops waiting (gone, overflow); agents being rung for it are free again."""
        if ticket.state in (TicketState.LEFT, TicketState.SERVED):
            return
        agents = ticket.agents
        self._out(ticket, TicketState.LEFT)
        for agent in agents:
            self._after_call(agent, keep_idle=True)
        self._done()

    def position(self, queue: str, caller: Caller | str, place: float = 0.0) -> int:
        """1 for a caller who is, or would be, at the head of the queue."""
        here = self.tickets.get(caller) if isinstance(caller, str) else None
        known = here.caller if here is not None and here.queue == queue else _caller(caller, place)
        return self.queues[queue].position(known)

    @contextlib.contextmanager
    def waiting(self, caller: Caller | str, queue: str, place: float = 0.0) -> Iterator[Ticket]:
        """A place in the queue for as long as the body runs, unless an agent took the caller."""
        ticket = self.join(caller, queue, place)
        try:
            yield ticket
        finally:
            self.leave(ticket)

    @contextlib.asynccontextmanager
    async def offer(self, ticket: Ticket) -> AsyncIterator[Offer]:
        """Wait for agents and hold them while the body rings their phones.

        When the body ends without `connected()` those still held are free and the ticket waits again in its
        place; when it is left by an exception the caller is gone, and so is the ticket.
        """
        if ticket.state is TicketState.WAITING:
            ticket.offered = asyncio.get_running_loop().create_future()
            try:
                await ticket.offered
            finally:
                ticket.offered = None
        round = ticket.round
        caller_left = True
        try:
            yield Offer(ticket, ticket.agents, ticket.why, self)
            caller_left = False
        finally:
            if caller_left:
                self.leave(ticket)
            elif ticket.state is TicketState.OFFERED and ticket.round == round:
                self.take_back(ticket)

    def connect(self, ticket: Ticket, agent: Agent | None = None) -> None:
        """Caller and agent speak: the ticket leaves the queue, the agent is TALKING, the others are free."""
        winner = agent or ticket.agents[0]
        others = [other for other in ticket.agents if other is not winner]
        assert len(others) < len(ticket.agents), f"call {ticket.call_id}: {winner.name} was not rung for it"
        self._out(ticket, TicketState.SERVED, (winner,))
        winner.misses = 0
        self._move(winner, AgentState.TALKING, call_id=ticket.call_id)
        for other in others:
            self._after_call(other, keep_idle=True)
        self._done()

    def decline(self, ticket: Ticket, agent: Agent, reason: str = "") -> None:
        """One of those rung will not have the caller; with the last of them the ticket waits again."""
        if agent in ticket.agents and ticket.state is TicketState.OFFERED:
            self._let_go(ticket, (agent,), reason)
            self._done()

    def take_back(self, ticket: Ticket, pause: str = "") -> None:
        """An offer came to nothing: the caller keeps the place, the agents are free (`pause`: missed it)."""
        if ticket.state is TicketState.OFFERED:
            self._let_go(ticket, ticket.agents, pause)
            self._done()

    # --- inside ---------------------------------------------------------------------------------

    def _let_go(self, ticket: Ticket, agents: tuple[Agent, ...], reason: str) -> None:
        """They are not rung any more. The caller is for others first, if anybody is left to be rung."""
        self.touched_tickets[ticket] = None
        ticket.agents = tuple(agent for agent in ticket.agents if agent not in agents)
        if not ticket.agents:
            ticket.move(TicketState.WAITING)
            self.queues[ticket.queue].wait(ticket)
            self._match_ticket(ticket)
        for agent in agents:
            missed = bool(reason)
            if missed:
                self._miss(agent, reason, self.queues[ticket.queue].rules.misses_before_pause)
            self._after_call(agent, keep_idle=not missed)

    def _miss(self, agent: Agent, reason: str, most: int) -> None:
        """Count it; too many in a row pause the agent, where nothing else is why (or asked for)."""
        if agent.afterwards is not None or agent.hindrances:
            return
        agent.misses += 1
        if agent.misses >= (agent.misses_before_pause or most):
            agent.misses = 0
            agent.afterwards = (AgentState.PAUSED, reason)

    def _out(self, ticket: Ticket, state: TicketState, agents: tuple[Agent, ...] = ()) -> None:
        queue = self.queues[ticket.queue]
        if ticket.state is TicketState.WAITING:
            queue.unwait(ticket)
        ticket.move(state, agents, ticket.why if agents else "")
        queue.remove(ticket)
        self.touched_tickets[ticket] = None
        if self.tickets.get(ticket.call_id) is ticket:
            del self.tickets[ticket.call_id]

    def _can_be_served(self, ticket: Ticket, queue: Queue) -> bool:
        """Whether anybody of the queue could ever have the caller: a wrong fact is no wait for ever."""
        if not ticket.asked:
            return True
        last = queue.rules.needs(ticket.asked, len(queue.rules.relax))
        return not last.wants or any(last.met_by(self.agents[name].skills) for name in queue.agents)

    def _stick(self, ticket: Ticket, queue: Queue) -> None:
        """Keep a new caller for the agent who knows them, where that one can and will be free soon."""
        agent, rules = self.agents.get(ticket.caller.sticky), queue.rules
        until = ticket.joined + rules.sticky_seconds
        if agent is None or until <= self._now() or not queue.serves(agent.name):
            return
        if agent.state in (AgentState.OFFLINE, AgentState.PAUSED) or not ticket.lane.needs.met_by(
            agent.skills
        ):
            return
        if agent.state is not AgentState.READY:
            expected = self._expected(queue.name, agent.name)
            if expected is not None and expected >= rules.sticky_max_wait_seconds > 0:
                return
        queue.change_lane(ticket, ticket.lane._replace(only=agent.name))
        self.dues.at(until, lambda: self._unstick(ticket))

    def _unstick(self, ticket: Ticket) -> None:
        """The agent who knows the caller was not free in time, or went away."""
        if ticket.lane.only and ticket.state in (TicketState.WAITING, TicketState.OFFERED):
            self.queues[ticket.queue].change_lane(ticket, ticket.lane._replace(only=""))
            self.touched_tickets[ticket] = None

    def _relax(self, ticket: Ticket) -> None:
        """Take the steps that are due, and see to the next."""
        queue = self.queues[ticket.queue]
        steps, before = queue.rules.relax, ticket.step
        if ticket.state in (TicketState.LEFT, TicketState.SERVED):
            return
        while ticket.step < len(steps) and ticket.joined + steps[ticket.step].after_seconds <= self._now():
            ticket.step += 1
        if ticket.step < len(steps):
            due = ticket.joined + steps[ticket.step].after_seconds
            self.dues.at(due, lambda: self._relax(ticket))
        if ticket.step > before:
            needs = queue.rules.needs(ticket.asked, ticket.step)
            queue.change_lane(ticket, ticket.lane._replace(needs=needs))
            self.touched_tickets[ticket] = None

    def _match(self) -> None:
        """Bring together what was touched: first who became free, so that the most urgent comes first."""
        agents = list(self.touched_agents)
        for agent in agents:
            if agent.state is AgentState.PAUSED or agent.state is AgentState.OFFLINE:
                self._match_left(agent, *(self.queues[name] for name in agent.queues))
        for agent in agents:
            if agent.state is AgentState.READY:
                self._match_agent(agent)
        for ticket in list(self.touched_tickets):
            if ticket.state is TicketState.WAITING:
                self._match_ticket(ticket)

    def _match_agent(self, agent: Agent) -> None:
        """Give a READY agent the most urgent caller of all queues; one more may be enough for a reserve."""
        while agent.state is AgentState.READY:
            ticket, passed = matching.caller_for(agent, self.queues, self._now())
            if ticket is None or not self._match_ticket(ticket, passed):
                for queue in (self.queues[name] for name in agent.queues):
                    if queue.rules.reserve and queue.lanes:
                        self._match_queue(queue)
                return

    def _match_left(self, agent: Agent, *queues: Queue) -> None:
        """Nobody waits for this agent alone any more."""
        for queue in queues:
            for lane in list(queue.lanes.get(agent.name, {}).values()):
                for ticket in list(lane):
                    self._unstick(ticket)

    def _match_queue(self, queue: Queue) -> None:
        while any(self._match_ticket(ticket) for ticket in matching.by_urgency(queue, self._now())):
            pass

    def _match_ticket(self, ticket: Ticket, passed: list[str] | None = None) -> bool:
        """Offer the caller to whoever is ready and may have them; says whether there was somebody."""
        queue = self.queues[ticket.queue]
        if ticket.state is not TicketState.WAITING or not queue.ready:
            return False
        agents, why = matching.agents_for(ticket, queue, self._now())
        if not agents:
            return False
        queue.unwait(ticket)
        queue.took_turn(agents)
        for agent in agents:
            self._move(agent, AgentState.OFFERED, call_id=ticket.call_id)
        ticket.move(TicketState.OFFERED, tuple(agents), matching.passed_over(why, passed or []))
        self.touched_tickets[ticket] = None
        if ticket.offered is not None and not ticket.offered.done():
            ticket.offered.set_result(None)
        return True


def _caller(caller: Caller | str, place: float) -> Caller:
    return Caller(caller, place) if isinstance(caller, str) else caller
