"""The distributor: brings the caller who waited longest and a ready agent together, by event, never by poll.

Every method that changes anything ends in a match, so an idle eligible agent and an eligible waiting
caller never coexist after it. Synchronous and without I/O: a day can be replayed, a million calls
simulated. `Distributor.offer` is the one thing that waits, and it holds what it took by `async with`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

from appliance.acd.agent import Agent, AgentRefused, AgentState
from appliance.acd.caller import Caller
from appliance.acd.choice import Choice
from appliance.acd.queue import Queue, Ticket, TicketState
from appliance.events import AgentChanged, Event

UNKNOWN = "not known yet"  # the hindrance of an agent nobody has looked at since the brain started


@dataclass(slots=True)
class Offer:
    """An agent held for a ticket: say `connected()`, or `refused(reason)` to pause; neither sets free."""

    ticket: Ticket
    agent: Agent
    why: str
    _distributor: Distributor

    def connected(self) -> None:
        """The agent answered: TALKING from now on, and the ticket is served."""
        self._distributor.connect(self.ticket)

    def refused(self, reason: str) -> None:
        """The agent did not take it: paused with `reason`, the caller keeps the place."""
        self._distributor.take_back(self.ticket, pause=reason)


class Distributor:
    """All queues and all agents of the box.

    `publish` is told every change of an agent; `now` gives monotonic seconds; `checked` is called after
    every change (the invariants, live and in tests).
    """

    def __init__(
        self,
        *,
        publish: Callable[[Event], object],
        now: Callable[[], float],
        checked: Callable[[Distributor], None] | None = None,
    ) -> None:
        self.queues: dict[str, Queue] = {}
        self.agents: dict[str, Agent] = {}
        self._choices: dict[str, Choice] = {}
        self._ready: dict[str, Agent] = {}
        self._publish = publish
        self._now = now
        self._checked = checked

    # --- what there is --------------------------------------------------------------------------

    def add_queue(self, name: str, agents: tuple[str, ...], choice: Choice) -> None:
        """A queue served by these agents, who are made (OFFLINE) when first named."""
        self.queues[name] = Queue(name, agents)
        self._choices[name] = choice
        for agent_name in agents:
            agent = self.agents.setdefault(agent_name, Agent(agent_name, since=self._now()))
            agent.queues = (*agent.queues, name)

    def ready_agents(self, queue: str) -> list[Agent]:
        """The agents of `queue` who could be rung now."""
        ready = self._ready
        return [ready[name] for name in self.queues[queue].agents if name in ready]

    # --- callers --------------------------------------------------------------------------------

    def join(self, caller: Caller | str, queue: str, place: float = 0.0) -> Ticket:
        """A caller begins to wait; one of whom only call id and place are known needs nothing special."""
        if isinstance(caller, str):
            caller = Caller(caller, place)
        ticket = Ticket(caller.call_id, queue, caller.place)
        self.queues[queue].add(ticket)
        ready = self.ready_agents(queue)
        if ready:
            self._offer(ticket, ready)
        self._done()
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """The caller stops waiting (gone, overflow); an agent being rung for it is free again."""
        if ticket.state in (TicketState.LEFT, TicketState.SERVED):
            return
        agent = ticket.agent
        ticket.move(TicketState.LEFT)
        self.queues[ticket.queue].remove(ticket)
        if agent is not None:
            self._after_call(agent, keep_idle=True)
        self._done()

    def position(self, queue: str, call_id: str, place: float) -> int:
        """1 for a caller who is, or would be, at the head of the queue."""
        return self.queues[queue].position(place, call_id)

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
        """Wait for an agent and hold that agent while the body rings the phone.

        When the body ends without `connected()` the agent is free (or paused by `refused`) and the ticket
        waits again in its place; when it is left by an exception the caller is gone, and so is the ticket.
        """
        if ticket.state is TicketState.WAITING:
            ticket.offered = asyncio.get_running_loop().create_future()
            try:
                await ticket.offered
            finally:
                ticket.offered = None
        agent = ticket.agent
        assert agent is not None
        caller_left = True
        try:
            yield Offer(ticket, agent, ticket.why, self)
            caller_left = False
        finally:
            if caller_left:
                self.leave(ticket)
            elif ticket.state is TicketState.OFFERED and ticket.agent is agent:
                self.take_back(ticket)

    def connect(self, ticket: Ticket) -> None:
        """Caller and agent speak: the ticket leaves the queue, the agent is TALKING."""
        agent = ticket.agent
        assert agent is not None
        ticket.move(TicketState.SERVED)
        self.queues[ticket.queue].remove(ticket)
        self._move(agent, AgentState.TALKING, call_id=ticket.call_id)
        self._done()

    def take_back(self, ticket: Ticket, pause: str = "") -> None:
        """An offer came to nothing: the caller keeps the place, the agent is free (or paused)."""
        agent = ticket.agent
        if agent is None:
            return
        ticket.move(TicketState.WAITING)
        if pause and agent.afterwards is None and not agent.hindrances:  # else that is why, not the agent
            agent.afterwards = (AgentState.PAUSED, pause)
        self._after_call(agent, keep_idle=True)
        self._match_queue(self.queues[ticket.queue])
        self._done()

    # --- agents ---------------------------------------------------------------------------------

    def log_in(self, name: str) -> None:
        """OFFLINE -> READY; harmless when logged in. Raises AgentRefused for an unknown name."""
        agent = self._agent(name)
        if agent.state is AgentState.OFFLINE:
            self._free(agent)
            self._done()
        elif agent.afterwards and agent.afterwards[0] is AgentState.OFFLINE:
            agent.afterwards = None

    def log_out(self, name: str) -> None:
        """To OFFLINE, after the present call if there is one."""
        self._leave_work(self._agent(name), AgentState.OFFLINE, "")

    def pause(self, name: str, reason: str = "") -> None:
        """To PAUSED with a reason, after the present call if there is one."""
        agent = self._agent(name)
        if agent.state is AgentState.OFFLINE:
            raise AgentRefused(f"agent {name} is not logged in, so cannot pause. Log in first.")
        self._leave_work(agent, AgentState.PAUSED, reason)

    def resume(self, name: str) -> None:
        """PAUSED or WRAP_UP -> READY; a pause asked for during a call is forgotten."""
        agent = self._agent(name)
        agent.afterwards = None
        if agent.state in (AgentState.PAUSED, AgentState.WRAP_UP):
            self._free(agent)
            self._done()
        elif agent.state is AgentState.OFFLINE:
            raise AgentRefused(f"agent {name} is not logged in, so cannot become ready. Log in first.")

    def hinder(self, name: str, reason: str, detail: str = "") -> None:
        """Something keeps the agent from being rung: PAUSED for it once free of work, without being asked.

        `reason` names it and is what `unhinder` takes; `detail` is for people and may change.
        """
        agent = self._agent(name)
        if agent.hindrances.get(reason) != detail:
            agent.hindrances[reason] = detail
            self._settle(agent)

    def unhinder(self, name: str, reason: str) -> None:
        """It is over; READY by itself when it was the last one and the agent wanted to be."""
        agent = self._agent(name)
        if agent.hindrances.pop(reason, None) is not None:
            self._settle(agent)

    def talk_ended(self, name: str, *, wrap_up: bool) -> None:
        """The conversation is over: WRAP_UP, or free at once."""
        agent = self._agent(name)
        if agent.state is not AgentState.TALKING:
            return
        agent.handled += 1
        if wrap_up:
            self._move(agent, AgentState.WRAP_UP, call_id=agent.call_id)
        else:
            self._after_call(agent)
        self._done()

    def wrap_up_ended(self, name: str) -> None:
        """WRAP_UP -> READY, or what was asked for meanwhile; nothing in any other state."""
        agent = self._agent(name)
        if agent.state is AgentState.WRAP_UP:
            self._after_call(agent)
            self._done()

    def restore(
        self,
        name: str,
        state: AgentState,
        *,
        since: float,
        reason: str = "",
        call_id: str = "",
        hindered: bool = False,
    ) -> None:
        """Put an agent where the journal left off, after a restart. The callers join after it.

        One who was hindered stays so by UNKNOWN, until whoever knows what is in the way now has said it.
        """
        agent = self._agent(name)
        agent.state, agent.since, agent.ready_since = state, since, since
        agent.reason, agent.call_id, agent.hindered = reason, call_id, hindered
        if hindered:
            agent.hindrances[UNKNOWN] = reason
        self._ready.pop(name, None)
        if state is AgentState.READY:
            self._ready[name] = agent

    # --- inside ---------------------------------------------------------------------------------

    def _agent(self, name: str) -> Agent:
        try:
            return self.agents[name]
        except KeyError:
            known = ", ".join(sorted(self.agents)) or "none"
            raise AgentRefused(f"there is no agent {name!r} in any queue. Known agents: {known}.") from None

    def _leave_work(self, agent: Agent, state: AgentState, reason: str) -> None:
        if agent.state in (AgentState.OFFERED, AgentState.TALKING):
            agent.afterwards = (state, reason)
            return
        agent.afterwards = None
        if state is AgentState.PAUSED:
            self._pause(agent, reason or ("" if agent.hindered else agent.reason))
        elif agent.state is not state:
            self._move(agent, state, reason=reason)
        self._done()

    def _after_call(self, agent: Agent, *, keep_idle: bool = False) -> None:
        """The call lets go of the agent: what was asked for meanwhile, else READY."""
        state, reason = agent.afterwards or (AgentState.READY, "")
        agent.afterwards = None
        if state is AgentState.READY:
            self._free(agent, keep_idle=keep_idle)
        else:
            self._move(agent, state, reason=reason)

    def _settle(self, agent: Agent) -> None:
        """What is in the way has changed; one who has work is settled when it lets go."""
        if agent.state is AgentState.READY or agent.hindered:
            self._free(agent)
        self._done()

    def _pause(self, agent: Agent, reason: str, *, hindered: bool = False) -> None:
        """PAUSED, or PAUSED for another reason."""
        if agent.state is not AgentState.PAUSED:
            self._move(agent, AgentState.PAUSED, reason=reason, hindered=hindered)
        elif (agent.reason, agent.hindered) != (reason, hindered):
            agent.reason, agent.hindered = reason, hindered
            self._tell(agent, was=AgentState.PAUSED)

    def _free(self, agent: Agent, *, keep_idle: bool = False) -> None:
        """READY, or PAUSED by what is in the way."""
        if agent.hindrances:
            self._pause(agent, agent.hindrance, hindered=True)
            return
        self._move(agent, AgentState.READY)
        if not keep_idle:
            agent.ready_since = agent.since
        self._match_agent(agent)

    def _match_agent(self, agent: Agent) -> None:
        """Give the agent the oldest waiting caller of all its queues."""
        heads = (self.queues[name].first_waiting() for name in agent.queues)
        oldest = min((ticket for ticket in heads if ticket is not None), key=lambda t: t.key, default=None)
        if oldest is not None and agent.state is AgentState.READY:
            self._offer(oldest, [agent])

    def _match_queue(self, queue: Queue) -> None:
        ticket = queue.first_waiting()
        while ticket is not None and (ready := self.ready_agents(queue.name)):
            self._offer(ticket, ready)
            ticket = queue.first_waiting()

    def _offer(self, ticket: Ticket, ready: list[Agent]) -> None:
        agent, why = self._choices[ticket.queue](ready, self._now())
        self._move(agent, AgentState.OFFERED, call_id=ticket.call_id)
        ticket.move(TicketState.OFFERED, agent, why)
        if ticket.offered is not None and not ticket.offered.done():
            ticket.offered.set_result(None)

    def _move(
        self, agent: Agent, state: AgentState, *, reason: str = "", call_id: str = "", hindered: bool = False
    ) -> None:
        was = agent.state
        agent.move(state, now=self._now(), reason=reason, call_id=call_id, hindered=hindered)
        if state is AgentState.READY:
            self._ready[agent.name] = agent
        else:
            self._ready.pop(agent.name, None)
        self._tell(agent, was=was, call_id=call_id)

    def _tell(self, agent: Agent, *, was: AgentState, call_id: str = "") -> None:
        self._publish(
            AgentChanged(
                call_id=call_id,
                agent=agent.name,
                was=was.value,
                now=agent.state.value,
                reason=agent.reason,
                hindered=agent.hindered,
            )
        )

    def _done(self) -> None:
        if self._checked is not None:
            self._checked(self)
