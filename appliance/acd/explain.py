"""Why a caller still waits, in one line for people, from what the queue and its agents are now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from appliance.acd.agent import Agent, AgentState
from appliance.acd.matching import few, in_vain, why_not
from appliance.acd.queue import Queue, Ticket, TicketState


def explain(ticket: Ticket, queue: Queue, agents: Mapping[str, Agent], now: float) -> str:
    """The place, what is needed, what is wrong with each ready agent, and what happens next by itself."""
    if ticket.state is TicketState.OFFERED:
        rung = ", ".join(agent.name for agent in ticket.agents)
        return f"{rung} rung: {ticket.why}"
    serving = [agents[name] for name in queue.agents]
    parts = [
        f"place {queue.position(ticket.caller)} of {len(queue)} after {now - ticket.place:.0f} s",
        f"needs {ticket.lane.needs}" if ticket.lane.needs.wants else "",
        in_vain(ticket),
        _ready(serving, ticket, queue),
        _others(serving),
        _next(ticket, queue, now),
    ]
    return "; ".join(part for part in parts if part)


def _ready(serving: list[Agent], ticket: Ticket, queue: Queue) -> str:
    ready = [agent for agent in serving if agent.state is AgentState.READY]
    if not ready:
        return "nobody ready"
    return "ready but not for this caller: " + few(
        [f"{agent.name} ({why_not(agent, ticket, queue) or 'about to be rung'})" for agent in ready]
    )


def _others(serving: list[Agent]) -> str:
    states = Counter(agent.state.value for agent in serving if agent.state is not AgentState.READY)
    paused = [f"{a.name} ({a.reason})" for a in serving if a.state is AgentState.PAUSED and a.reason]
    told = [f"{count} {state}" for state, count in states.most_common()]
    return ", ".join(told) + (f": {few(paused)}" if paused else "")


def _next(ticket: Ticket, queue: Queue, now: float) -> str:
    rules = queue.rules
    if ticket.lane.only:
        left = ticket.joined + rules.sticky_seconds - now
        return f"kept for {ticket.lane.only} for {left:.0f} s more"
    if ticket.step < len(rules.relax):
        step = rules.relax[ticket.step]
        return f"in {ticket.joined + step.after_seconds - now:.0f} s: {step}"
    return f"relaxed, step {ticket.step} of {ticket.step}" if ticket.step else ""
