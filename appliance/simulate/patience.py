"""How long callers of a past day would have waited: known of those who gave up, a guess of the others.

The Kaplan-Meier estimator (1958): one who was answered after w seconds says only that the patience was more.
"""

from __future__ import annotations

import bisect
import math
import random
from collections.abc import Iterable


class Patience:
    """The chance to be still there after so many seconds, from waits and whether each ended by giving up."""

    def __init__(self, waits: Iterable[tuple[float, bool]]) -> None:
        known = sorted(waits)
        self._moments: list[float] = []  # at which somebody gave up
        self._staying: list[float] = []  # the chance to be there after it
        chance = 1.0
        for index, (wait_s, gave_up) in enumerate(known):
            if gave_up:
                chance *= 1 - 1 / (len(known) - index)
                self._moments.append(wait_s)
                self._staying.append(chance)

    def staying(self, seconds: float) -> float:
        """The chance that a caller is still there after so long."""
        index = bisect.bisect_right(self._moments, seconds)
        return self._staying[index - 1] if index else 1.0

    def more_than(self, seconds: float, dice: random.Random) -> float:
        """The patience of one who was still there after so long; endless beyond all that was seen."""
        level = self.staying(seconds) * dice.random()
        first = bisect.bisect_right(self._moments, seconds)
        for moment, staying in zip(self._moments[first:], self._staying[first:], strict=True):
            if staying <= level:
                return moment
        return math.inf
