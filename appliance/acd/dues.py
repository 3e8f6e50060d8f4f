"""What is to be done at a moment to come, in order; somebody else owns the clock and the timer."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable


class Dues:
    """`wake` is told the earliest moment whenever that changes: call `run` then."""

    def __init__(self, wake: Callable[[float], object]) -> None:
        self._wake = wake
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()

    @property
    def next(self) -> float | None:
        """The earliest moment (monotonic s), None when nothing is due."""
        return self._heap[0][0] if self._heap else None

    def at(self, moment: float, deed: Callable[[], None]) -> None:
        """Have `deed` done then. It must look for itself whether it is still wanted."""
        before = self.next
        heapq.heappush(self._heap, (moment, next(self._count), deed))
        if before is None or moment < before:
            self._wake(moment)

    def run(self, now: float) -> None:
        """Do what is due."""
        while self._heap and self._heap[0][0] <= now:
            heapq.heappop(self._heap)[2]()
        if self._heap:
            self._wake(self._heap[0][0])
