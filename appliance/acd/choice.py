"""Which of the ready agents is rung: pure functions over plain values, with the reason in one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from appliance.acd.agent import Agent

#: Takes the ready agents (at least one) and now (monotonic s); gives the one to ring and why.
Choice = Callable[[Sequence[Agent], float], tuple[Agent, str]]


def longest_idle(ready: Sequence[Agent], now: float) -> tuple[Agent, str]:
    """The agent free for longest, over all queues; ties go to who handled fewest, then by name."""
    best = min(ready, key=lambda agent: (agent.ready_since, agent.handled, agent.name))
    return best, f"longest idle of {len(ready)} ready, {now - best.ready_since:.0f} s"


CHOICES: dict[str, Choice] = {"longest-idle": longest_idle}
