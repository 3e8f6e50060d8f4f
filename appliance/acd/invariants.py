"""What must always hold between queues and agents; checked after every change, live and in every test."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.acd.agent import WITH_A_CALL, AgentState
from appliance.acd.distributor import Distributor
from appliance.acd.queue import TicketState


def breaches(distributor: Distributor) -> Iterator[tuple[str, str]]:
    """Every rule that does not hold now, with what was seen; nothing when all is well."""
    offers: dict[str, str] = {}
    for queue in distributor.queues.values():
        keys = [ticket.key for ticket in queue]
        if keys != sorted(keys):
            yield "a place never worsens", f"queue {queue.name} is out of order"
        waiting = False
        for ticket in queue:
            if ticket.state is TicketState.WAITING:
                waiting = True
            elif ticket.state is not TicketState.OFFERED or ticket.agent is None:
                yield (
                    "a ticket in a queue waits or is offered",
                    f"call {ticket.call_id} is {ticket.state.value}",
                )
            elif ticket.agent.name in offers:
                yield (
                    "no agent holds two offers",
                    f"{ticket.agent.name}: {offers[ticket.agent.name]}, {ticket.call_id}",
                )
            else:
                offers[ticket.agent.name] = ticket.call_id
        if waiting and (ready := distributor.ready_agents(queue.name)):
            yield "no idle agent while a caller waits", f"queue {queue.name}: {ready[0].name} is ready"
    for agent in distributor.agents.values():
        offered = agent.state is AgentState.OFFERED
        if offered != (agent.name in offers) or (offered and offers[agent.name] != agent.call_id):
            yield "an offer has one agent and one caller", f"{agent.name} is {agent.state.value}"
        if (agent.call_id != "") != (agent.state in WITH_A_CALL):
            yield "no call, no work", f"{agent.name} is {agent.state.value} with call {agent.call_id!r}"
        if agent.state is AgentState.READY and agent.hindrances:
            yield "a hindered agent is not rung", f"{agent.name} is ready: {agent.hindrance}"
        if agent.hindered and not (agent.state is AgentState.PAUSED and agent.hindrances):
            yield "who is hindered is paused by something", f"{agent.name} is {agent.state.value}"
