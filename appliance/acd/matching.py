"""Who is for whom: which caller an agent gets, which agents a caller gets, and why, in one line."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from appliance.acd.agent import Agent
from appliance.acd.choice import Asked
from appliance.acd.queue import Queue, Ticket

MOST_NAMED = 3  # of those passed over


def why_not(agent: Agent, ticket: Ticket, queue: Queue) -> str:
    """Why a ready agent of the queue may not have a waiting caller, in words; "" when it may."""
    lane = ticket.lane
    if lane.only and lane.only != agent.name:
        return f"kept for {lane.only}"
    if lacking := lane.needs.lacking(agent.skills):
        return lacking
    if queue.holds_back(ticket):
        return f"{queue.ready} ready, {queue.rules.reserve} kept for urgent callers"
    return ""


def caller_for(agent: Agent, queues: Mapping[str, Queue], now: float) -> tuple[Ticket | None, list[str]]:
    """The most urgent caller of all the agent's queues whom this agent may have; those passed over, why.

    Looks at the first of each lane alone: what keeps an agent from one keeps it from all behind.
    """
    best: Ticket | None = None
    passed: list[tuple[Ticket, str]] = []
    for name in agent.queues:
        queue = queues[name]
        if not queue.lanes:
            continue
        for ticket in queue.heads("", agent.name):
            reason = why_not(agent, ticket, queue)
            if reason:
                passed.append((ticket, reason))
            elif best is None or ticket.before(now) < best.before(now):
                best = ticket
    if best is None:
        return None, []
    return best, [
        f"{ticket.call_id} ({agent.name}: {why})"
        for ticket, why in passed
        if ticket.before(now) < best.before(now)
    ]


def by_urgency(queue: Queue, now: float) -> list[Ticket]:
    """The first of every lane, the most urgent first."""
    return sorted(queue.heads(), key=lambda ticket: ticket.before(now))


def agents_for(ticket: Ticket, queue: Queue, now: float) -> tuple[list[Agent], str]:
    """The agents to be rung for a waiting caller and why them; none when nobody ready may have the caller."""
    if queue.holds_back(ticket):
        return [], ""
    able = queue.ready_agents(ticket.lane)
    prefers = queue.rules.preferences(ticket.caller)
    if prefers:
        able, score = _best(list(able), prefers)
    first = next(able, None)
    if first is None:
        return [], ""
    asked = Asked(now, ticket.call_id, queue.ready, ticket.round, queue.rules.weights)
    picked, why = queue.choice.pick(itertools.chain([first], able), asked)
    if queue.rules.reserve and not queue.rules.is_urgent(ticket.lane.rate):
        picked = picked[: queue.ready - queue.rules.reserve]
    notes = [why, _needs_noted(ticket, queue)]
    rate = ticket.lane.rate
    notes.append(f"the wait counts {rate:g} times" if rate != queue.rules.priority else "")
    notes.append(f"preferred with {score:g} points" if prefers else "")
    notes.append(f"{ticket.lane.only} first for this caller" if ticket.lane.only else _skipped(ticket, queue))
    return picked, "; ".join(note for note in notes if note)


def passed_over(why: str, passed: list[str]) -> str:
    """The reason with those whom the agent could not serve."""
    return f"{why}; before it {few(passed)}" if passed else why


def _skipped(ticket: Ticket, queue: Queue) -> str:
    """The first of every crew that is ready and cannot."""
    firsts = (
        (crew.first().name, ticket.lane.needs.lacking(crew.first().skills)) for crew in queue.crews.values()
    )
    unable = [f"{name} ({lacking})" for name, lacking in firsts if lacking]
    return f"not {few(unable)}" if unable else ""


def _best(able: list[Agent], prefers: Mapping[str, float]) -> tuple[Iterator[Agent], float]:
    """Those with the highest sum of weight x level."""
    scores = [sum(weight * agent.skills.get(skill, 0) for skill, weight in prefers.items()) for agent in able]
    best = max(scores, default=0.0)
    return (agent for agent, score in zip(able, scores, strict=True) if score == best), best


def _needs_noted(ticket: Ticket, queue: Queue) -> str:
    steps = queue.rules.relax
    relaxed = f"relaxed, step {ticket.step} of {len(steps)}" if ticket.step else ""
    needs = str(ticket.lane.needs)
    return ", ".join(part for part in (f"needs {needs}" if needs else "", relaxed, in_vain(ticket)) if part)


def in_vain(ticket: Ticket) -> str:
    """What the caller needs that nobody of the queue has, in words."""
    lost = {} if ticket.asked else ticket.caller.needs
    return (
        f"asks in vain for {', '.join(f'{skill} {level}' for skill, level in lost.items())}" if lost else ""
    )


def few(names: list[str]) -> str:
    """The first of them, and how many more."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
