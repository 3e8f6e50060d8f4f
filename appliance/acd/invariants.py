"""What must always hold between queues and agents; checked after every change, live and in every test.

`breaches` looks at everything, `breaches_near` at what the last change touched, which costs the same however
many wait.
"""

from __future__ import annotations

from collections.abc import Iterator

from appliance.acd.agent import WITH_A_CALL, Agent, AgentState
from appliance.acd.distributor import Distributor
from appliance.acd.matching import agents_for, caller_for
from appliance.acd.queue import Queue, Ticket, TicketState

Breach = tuple[str, str]  # the rule, and what was seen


def breaches(acd: Distributor) -> Iterator[Breach]:
    """Every rule that does not hold now, with what was seen; nothing when all is well."""
    for queue in acd.queues.values():
        yield from _of_queue(acd, queue)
    for agent in acd.agents.values():
        yield from _of_agent(acd, agent)


def breaches_near(acd: Distributor) -> Iterator[Breach]:
    """The same for the callers and agents of the change that is just made."""
    for ticket in acd.touched_tickets:
        queue = acd.queues[ticket.queue]
        if ticket.state in (TicketState.WAITING, TicketState.OFFERED):
            before, after = queue.neighbours(ticket)
            if (before is not None and before >= ticket.key) or (after is not None and after <= ticket.key):
                yield "a place never worsens", f"queue {queue.name} is out of order at call {ticket.call_id}"
            yield from _of_ticket(acd, ticket, queue)
    for agent in acd.touched_agents:
        yield from _of_agent(acd, agent)
        if agent.state is AgentState.READY:
            yield from _idle(acd, agent)


def _of_queue(acd: Distributor, queue: Queue) -> Iterator[Breach]:
    if not queue.is_sorted():
        yield "a place never worsens", f"queue {queue.name} is out of order"
    tickets = list(queue)
    for ticket in tickets:
        yield from _of_ticket(acd, ticket, queue)
    waiting = sum(ticket.state is TicketState.WAITING for ticket in tickets)
    in_lanes = sum(len(lane) for lanes in queue.lanes.values() for lane in lanes.values())
    if waiting != in_lanes or len(tickets) != len(queue):
        yield "who waits can be served", f"queue {queue.name}: {waiting} wait, {in_lanes} can be served"
    ready = list(queue.ready_agents())
    if any(agent.state is not AgentState.READY for agent in ready) or len(ready) != queue.ready:
        yield "who is ready can be rung", f"queue {queue.name} holds {[agent.name for agent in ready]}"


def _of_ticket(acd: Distributor, ticket: Ticket, queue: Queue) -> Iterator[Breach]:
    call = f"call {ticket.call_id}"
    if acd.tickets.get(ticket.call_id) is not ticket:
        yield "a caller waits in one queue", f"{call} is in queue {queue.name} and elsewhere"
    if ticket.state is TicketState.OFFERED:
        if not ticket.agents:
            yield "a ticket in a queue waits or is offered", f"{call} is offered to nobody"
        for agent in ticket.agents:
            if agent.state is not AgentState.OFFERED or agent.call_id != ticket.call_id:
                yield "no agent holds two offers", f"{call}: {agent.name} is {agent.state.value}"
    elif ticket.state is not TicketState.WAITING or ticket.agents:
        yield "a ticket in a queue waits or is offered", f"{call} is {ticket.state.value}"
    elif queue.ready and (ready := agents_for(ticket, queue, ticket.joined)[0]):
        yield "no idle agent while a caller waits", f"queue {queue.name}: {ready[0].name} is ready"


def _of_agent(acd: Distributor, agent: Agent) -> Iterator[Breach]:
    name, state = agent.name, agent.state
    if state is AgentState.OFFERED:
        ticket = acd.tickets.get(agent.call_id)
        if ticket is None or agent not in ticket.agents:
            yield "an offer has one caller", f"{name} is offered call {agent.call_id}, which is not"
    if (agent.call_id != "") != (state in WITH_A_CALL):
        yield "no call, no work", f"{name} is {state.value} with call {agent.call_id!r}"
    for queue in (acd.queues[queue] for queue in agent.queues):
        if queue.is_ready(name) != (state is AgentState.READY):
            yield "who is ready can be rung", f"{name} is {state.value}, queue {queue.name} differs"
    if state is AgentState.READY and agent.hindrances:
        yield "a hindered agent is not rung", f"{name} is ready: {agent.hindrance}"
    if agent.hindered and not (state is AgentState.PAUSED and agent.hindrances):
        yield "who is hindered is paused by something", f"{name} is {state.value}"


def _idle(acd: Distributor, agent: Agent) -> Iterator[Breach]:
    ticket, _ = caller_for(agent, acd.queues, agent.ready_since)
    if ticket is not None:
        yield "no idle agent while a caller waits", f"{agent.name} is ready, call {ticket.call_id} waits"
