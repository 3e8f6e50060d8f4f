"""Agents given to queues and taken from them while the box runs, until the configuration says otherwise."""

from __future__ import annotations

import logging

from appliance.acd.agent import AgentRefused
from appliance.agent_events import QueueAssigned
from appliance.calls.centre import Centre

log = logging.getLogger(__name__)


def assign(queue: str, agent: str, serves: bool, by: str, centre: Centre) -> None:
    """From the next call on the agent serves the queue, or not. Raises AgentRefused."""
    if agent not in centre.config.agents:
        known = ", ".join(sorted(centre.config.agents)) or "none"
        raise AgentRefused(f"there is no agent {agent!r}. Known agents: {known}.")
    if queue not in centre.config.queues:
        known = ", ".join(sorted(centre.config.queues)) or "none"
        raise AgentRefused(f"there is no queue {queue!r}. Known queues: {known}.")
    _serve(queue, agent, serves, centre)
    configured = agent in centre.config.queues[queue].agents
    event = QueueAssigned(queue=queue, agent=agent, serves=serves, configured=configured, by=by)
    centre.bus.publish(event)


def assign_again(centre: Centre) -> None:
    """After a restart: what was assigned, but for queues whose configuration has changed since."""
    for (queue, agent), event in centre.facts.assigned.items():
        if queue not in centre.config.queues or agent not in centre.config.agents:
            continue
        if event.configured is (agent in centre.config.queues[queue].agents):
            _serve(queue, agent, event.serves, centre)
        else:
            log.info("queue %s: serves with %s as the configuration says now", queue, agent)


def _serve(queue: str, agent: str, serves: bool, centre: Centre) -> None:
    others = [name for name in centre.acd.queues[queue].agents if name != agent]
    centre.acd.serve(queue, (*others, agent) if serves else tuple(others))
