"""How many lines and agents a load needs: Erlang B, C and A. Formulas and golden figures: section 4.5.

`load` is in erlangs (calls a second x mean length), all lengths are seconds. Plan with A where callers give
up; C knows no abandonment and overstates, B suits lines, where a caller who finds none is gone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

SMALLEST = 60.0  # -ln of the chance below which a state of Erlang A does not count: 1e-26
MOST_STATES = 1_000_000
MOST_LOAD = 1e6  # erlangs; stops a search that a slip of the pen made endless


@dataclass(frozen=True)
class Waits:
    """What callers meet: chances from 0 to 1, waits in seconds (mean of all callers)."""

    delayed: float
    service_level: float | None  # waits at most the target; of Erlang A not computed
    wait_s: float
    abandoned: float
    occupancy: float


def blocked(load: float, lines: int) -> float:
    """Erlang B: the share of callers who find all `lines` busy. Stable for any number."""
    chance = 1.0
    for line in range(1, lines + 1):
        chance = load * chance / (line + load * chance)
    return chance


def carried(lines: int, most_blocked: float) -> float:
    """Erlang B backwards: the load at which that share is blocked, by bisection."""
    low, high = 0.0, 1.0
    while blocked(high, lines) < most_blocked and high < MOST_LOAD:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if blocked(middle, lines) < most_blocked else (low, middle)
    return low


def delayed(load: float, agents: int) -> float:
    """Erlang C: the share of callers who wait when nobody gives up; 1 where agents cannot keep up."""
    if load >= agents:
        return 1.0
    chance = blocked(load, agents)
    return chance / (1 - load / agents * (1 - chance))


def erlang_c(load: float, agents: int, handle_s: float, target_s: float) -> Waits:
    """Waits where nobody gives up; endless ones where agents cannot keep up."""
    chance = delayed(load, agents)
    if load >= agents:
        return Waits(chance, 0.0, math.inf, 0.0, 1.0)
    level = 1 - chance * math.exp(-(agents - load) * target_s / handle_s)
    return Waits(chance, level, chance * handle_s / (agents - load), 0.0, load / agents)


def agents_for(load: float, handle_s: float, target_s: float, level: float) -> int:
    """The fewest agents with whom `level` of the callers wait at most `target_s`, by Erlang C.

    `level` is below 1. Raises ValueError for a load beyond MOST_LOAD.
    """
    if load > MOST_LOAD:
        raise ValueError(f"a load of {load:g} erlangs is more than {MOST_LOAD:g}: check rate and length")
    agents, chance = 0, 1.0  # Erlang B of so many agents, one step at a time
    while True:
        agents += 1
        chance = load * chance / (agents + load * chance)
        if load < agents:
            waiting = chance / (1 - load / agents * (1 - chance))
            if 1 - waiting * math.exp(-(agents - load) * target_s / handle_s) >= level:
                return agents


def erlang_a(load: float, agents: int, handle_s: float, patience_s: float) -> Waits:
    """M/M/n+M: callers give up after exponential patience. Waits are those of all callers.

    A birth-death chain, its chances kept as logarithms. Raises ValueError where it has too many states.
    """
    arrivals, done, gone = math.log(load / handle_s), 1 / handle_s, 1 / patience_s
    logs, most = [0.0], 0.0
    while len(logs) <= agents or logs[-1] > most - SMALLEST:
        if len(logs) > MOST_STATES:
            raise ValueError(
                f"a load of {load:g} erlangs for {agents} agents lets more than {MOST_STATES} callers wait; "
                "give more agents, or less patience"
            )
        present = len(logs)
        logs.append(
            logs[-1] + arrivals - math.log(min(present, agents) * done + max(present - agents, 0) * gone)
        )
        most = max(most, logs[-1])
    chances = [math.exp(each - most) for each in logs]
    total = math.fsum(chances)
    waiting = math.fsum((k - agents) * p for k, p in enumerate(chances) if k > agents) / total
    busy = math.fsum(min(k, agents) * p for k, p in enumerate(chances)) / total
    rate = load / handle_s
    return Waits(
        math.fsum(chances[agents:]) / total, None, waiting / rate, gone * waiting / rate, busy / agents
    )
