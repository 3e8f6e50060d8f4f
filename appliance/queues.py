"""The queues and agents of a configuration, made in a distributor: for the brain and for simulations."""

from __future__ import annotations

from itertools import pairwise

from appliance.acd.choice import CHOICES, longest_idle
from appliance.acd.distributor import Distributor
from appliance.acd.needs import Step
from appliance.acd.rules import Rules
from appliance.config.schema import Config, Queue


def add_queues(acd: Distributor, config: Config) -> None:
    """Every queue, and for every agent the queue `agent:NAME` of those who want nobody else."""
    for name, queue in config.queues.items():
        acd.add_queue(name, tuple(dict.fromkeys(queue.agents)), CHOICES[queue.choice], rules_of(queue))
    for name, agent in config.agents.items():
        acd.add_queue(f"agent:{name}", (name,), longest_idle)
        acd.set_agent(name, skills=agent.skills, misses_before_pause=agent.misses_before_pause)


def rules_of(queue: Queue) -> Rules:
    """What a queue decides by, beside its choice."""
    return Rules(
        skills=queue.skills,
        highest=queue.highest,
        prefer=queue.prefer,
        relax=relaxation(queue),
        priority=queue.priority,
        classes=queue.classes,
        head_start_seconds=queue.head_start_seconds,
        reserve=queue.reserve,
        sticky_seconds=queue.sticky_seconds if queue.sticky != "no" else 0.0,
        sticky_max_wait_seconds=queue.sticky_max_wait_seconds,
        weights=queue.weights,
        misses_before_pause=queue.misses_before_pause,
        max_busy_share=queue.max_busy_percent / 100,
        busy_window_seconds=queue.busy_window_seconds,
        rest_seconds=queue.rest_seconds,
    )


def relaxation(queue: Queue) -> tuple[Step, ...]:
    """The steps written, and any agent once the last has lasted as long as the one before it."""
    steps = [Step(s.after_seconds, s.levels, frozenset(s.drop), s.any_agent) for s in queue.relax]
    if steps and queue.relax_then == "any-agent" and not steps[-1].any_agent:
        *_, (before, last) = pairwise([0.0, *(step.after_seconds for step in steps)])
        steps.append(Step(last + (last - before), any_agent=True))
    return tuple(steps)
