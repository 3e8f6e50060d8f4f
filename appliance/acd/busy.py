"""How long an agent was busy with queues' callers in the last minutes; monotonic seconds throughout."""

from __future__ import annotations

import bisect

LONGEST_WINDOW_SECONDS = 3600.0  # nobody asks for more; older work is forgotten
FORGET_AFTER_SPELLS = 4096


class BusyLog:
    """Spells of work, one after another; `seconds` costs the logarithm of their number."""

    def __init__(self) -> None:
        self._starts: list[float] = []
        self._ends: list[float] = []
        self._sums: list[float] = []  # of work before each start
        self._since: float | None = None  # of the spell that goes on

    def starts(self, now: float) -> None:
        """Work begins; harmless when it goes on already."""
        if self._since is None:
            self._since = now

    def ends(self, now: float) -> None:
        """Work is over; harmless when there is none."""
        if self._since is None:
            return
        total = self._sums[-1] + self._ends[-1] - self._starts[-1] if self._ends else 0.0
        self._starts.append(self._since)
        self._ends.append(now)
        self._sums.append(total)
        self._since = None
        if len(self._ends) > FORGET_AFTER_SPELLS:
            self._forget(now - LONGEST_WINDOW_SECONDS)

    def seconds(self, now: float, window: float) -> float:
        """Seconds of work between `now - window` and `now`."""
        going_on = 0.0 if self._since is None else now - max(self._since, now - window)
        return self._until(now) - self._until(now - window) + going_on

    def _until(self, at: float) -> float:
        """Work of the spells that are over, up to a moment."""
        index = bisect.bisect_right(self._starts, at) - 1
        if index < 0:
            return 0.0
        return self._sums[index] + min(at, self._ends[index]) - self._starts[index]

    def _forget(self, before: float) -> None:
        old = bisect.bisect_left(self._ends, before)
        del self._starts[:old], self._ends[:old], self._sums[:old]
