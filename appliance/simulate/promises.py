"""What callers would be told of their wait, and what then came true, for those too who gave up before.

One who gives up would have waited until somebody behind is served, or an agent is free for nobody: whoever
left stays on a list until that happens. Where urgency mixes the order this is a guess.
"""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Promise:
    """Told at `at_s` in a queue; `range_s` are the 50th and 80th percentile, `wait_s` what it came to."""

    at_s: float
    queue: str
    expected_s: float
    range_s: tuple[float, float]
    wait_s: float = math.nan


class Promises:
    """Promises of those who wait no more, each with its truth as soon as that is known."""

    def __init__(self) -> None:
        self.kept: list[Promise] = []
        self._left: dict[str, list[tuple[float, Promise]]] = defaultdict(list)  # by place

    def came_true(self, promise: Promise, now: float) -> None:
        """The caller has an agent."""
        self.kept.append(replace(promise, wait_s=now - promise.at_s))

    def gave_up(self, promise: Promise, place: float) -> None:
        """The caller left; the truth will be known later."""
        bisect.insort(self._left[promise.queue], (place, promise), key=lambda each: each[0])

    def serves(self, queue: str, place: float, now: float) -> None:
        """A caller with this place is being served: those before it who left would have been."""
        left = self._left[queue]
        count = bisect.bisect_left(left, place, key=lambda each: each[0])
        for _, promise in left[:count]:
            self.came_true(promise, now)
        del left[:count]

    def idle(self, queue: str, now: float) -> None:
        """An agent of the queue is free, and nobody waits."""
        self.serves(queue, math.inf, now)
