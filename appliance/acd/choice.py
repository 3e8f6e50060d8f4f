"""Which of the agents who could be rung is rung: pure functions over plain values, with the reason in words.

The definitions are those of kpi-and-routing.md 5.1. Ties go to who handled fewest, then by name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from appliance.acd.agent import Agent
from appliance.acd.ordered import Key

BUSY_WINDOW_SECONDS = 3600.0


class Asked(NamedTuple):
    """What a choice may know: `ready` agents of the queue there are in all; `attempt` counts the offers made
    for the call, so that the draw after one that was not taken is another.
    """

    now: float
    call_id: str
    ready: int
    attempt: int
    weights: Mapping[str, float]


#: From an agent, the place in the queue's list, and the number of the last offer made by the queue.
Order = Callable[[Agent, int, int], Key]


@dataclass(frozen=True, slots=True)
class Choice:
    """`order` sorts the ready agents, and must not change while they are ready; `pick` takes from those who
    can, at least one, who come in that order.
    """

    name: str
    order: Order
    pick: Callable[[Iterable[Agent], Asked], tuple[list[Agent], str]]


def _by_idle(agent: Agent, index: int, last_turn: int) -> Key:
    return (agent.ready_since, agent.handled, agent.name)


def _by_list(agent: Agent, index: int, last_turn: int) -> Key:
    return (index,)


def _by_turn(agent: Agent, index: int, last_turn: int) -> Key:
    return (last_turn, index)


def _longest_idle(able: Iterable[Agent], asked: Asked) -> tuple[list[Agent], str]:
    """The agent free for longest, over all queues."""
    best = next(iter(able))
    return [best], f"longest idle of {asked.ready} ready, {asked.now - best.ready_since:.0f} s"


def _in_order(able: Iterable[Agent], asked: Asked) -> tuple[list[Agent], str]:
    """The first of the queue's list."""
    return [next(iter(able))], f"first in the list of {asked.ready} ready"


def _round_robin(able: Iterable[Agent], asked: Asked) -> tuple[list[Agent], str]:
    """The one to whom this queue offered nobody for longest: each in turn, as the list has them."""
    return [next(iter(able))], f"next in turn of {asked.ready} ready"


def _least_occupied(able: Iterable[Agent], asked: Asked) -> tuple[list[Agent], str]:
    """The smallest share of the last hour spent with callers."""

    def busy(agent: Agent) -> float:
        return agent.busy.seconds(asked.now, BUSY_WINDOW_SECONDS)

    best = min(able, key=lambda agent: (busy(agent), agent.handled, agent.name))
    share = busy(best) / BUSY_WINDOW_SECONDS
    return [best], f"least occupied of {asked.ready} ready, {share:.1%} of the last hour"


def _weighted_random(able: Iterable[Agent], asked: Asked) -> tuple[list[Agent], str]:
    """Drawn by weight (1 where none is given), the same again for the same call and attempt."""
    bowl = sorted(able, key=lambda agent: agent.name)
    weights = [asked.weights.get(agent.name, 1.0) for agent in bowl]
    if not any(weights):  # only those are there who are never drawn while others are
        weights = [1.0] * len(bowl)
    rest = drawn(asked.call_id, asked.attempt) * sum(weights)
    found = next(at for at, weight in enumerate(weights) if weight)
    for at, weight in enumerate(weights):
        if weight and rest >= 0:
            found = at
        rest -= weight
    share = weights[found] / sum(weights)
    return [bowl[found]], f"drawn of {asked.ready} ready, chance {share:.0%}"


def drawn(call_id: str, attempt: int) -> float:
    """A number from 0 to 1, never 1, that looks random and depends on nothing else."""
    digest = hashlib.blake2b(f"{call_id} {attempt}".encode("utf-8", "replace"), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) / 2**53


def _ring_all(able: Iterable[Agent], asked: Asked) -> tuple[list[Agent], str]:
    """Everybody at once; who answers first has the caller."""
    everybody = list(able)
    return everybody, f"all {len(everybody)} are rung, the first to answer has the caller"


longest_idle = Choice("longest-idle", _by_idle, _longest_idle)

CHOICES: dict[str, Choice] = {
    choice.name: choice
    for choice in (
        longest_idle,
        Choice("least-occupied", _by_idle, _least_occupied),
        Choice("in-order", _by_list, _in_order),
        Choice("round-robin", _by_turn, _round_robin),
        Choice("weighted-random", _by_list, _weighted_random),
        Choice("ring-all", _by_list, _ring_all),
    )
}
