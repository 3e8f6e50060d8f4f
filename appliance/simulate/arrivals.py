"""Callers of a day to be simulated: when they come, for which queue, how long they take and would wait."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

#: What a caller wants of an agent: skill -> lowest level.
Skills = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One caller; `customer` is a class that the queue may know.

    `handle_s` is talk and wrap-up together, `patience_s` endless for one who never gives up.
    """

    at_s: float
    queue: str
    handle_s: float
    patience_s: float = math.inf
    skills: Skills = field(default_factory=dict)
    priority: float = 1.0
    customer: str = ""


@dataclass(frozen=True)
class Lengths:
    """How long callers take, and would wait, where nobody says so of the one caller.

    `handle_cv` is standard deviation / mean: 1 gives exponential times (as Erlang has them), 0 all the same,
    any other lognormal ones. `patience_s` is the mean of exponential patience, 0 for nobody gives up.
    """

    handle_s: float = 240.0
    handle_cv: float = 1.0
    patience_s: float = 0.0

    def handle(self, dice: random.Random) -> float:
        """How long one caller takes."""
        if self.handle_cv == 0:
            return self.handle_s
        if self.handle_cv == 1:
            return dice.expovariate(1 / self.handle_s)
        square = math.log1p(self.handle_cv**2)
        return dice.lognormvariate(math.log(self.handle_s) - square / 2, math.sqrt(square))

    def patience(self, dice: random.Random) -> float:
        """How long one caller would wait."""
        return dice.expovariate(1 / self.patience_s) if self.patience_s else math.inf


#: Makes the callers of a day, the same for the same seed.
Traffic = Callable[[int], Sequence[Arrival]]


def poisson(rates: Mapping[str, float], lengths: Lengths, until_s: float) -> Traffic:
    """Callers at random, so many an hour for each queue, from 0 to `until_s`."""

    def made(seed: int) -> Sequence[Arrival]:
        dice = random.Random(seed)
        callers = [each for queue, rate in rates.items() for each in _of(queue, rate, lengths, until_s, dice)]
        return sorted(callers, key=lambda arrival: arrival.at_s)

    return made


def _of(queue: str, rate: float, lengths: Lengths, until_s: float, dice: random.Random) -> Iterator[Arrival]:
    at_s = dice.expovariate(rate / 3600)
    while at_s < until_s:
        yield Arrival(at_s, queue, lengths.handle(dice), lengths.patience(dice))
        at_s += dice.expovariate(rate / 3600)
