"""How often somebody may do something: a bucket of tries for each key, refilled with time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

MOST_KEYS = 4096  # the longest untouched is forgotten: an attacker with many addresses costs memory, not us


class Throttle:
    """`burst` tries at once for each key, then one in `every_seconds`; `now` gives monotonic seconds."""

    def __init__(self, *, burst: int, every_seconds: float, now: Callable[[], float]) -> None:
        self._burst = burst
        self._every_seconds = every_seconds
        self._now = now
        self._full_at: OrderedDict[str, float] = OrderedDict()  # when the key's bucket is full again

    def wait_seconds(self, key: str) -> float:
        """0 when `key` may try now, else how long until then."""
        missing = max(0.0, self._full_at.get(key, 0.0) - self._now())
        return max(0.0, missing - (self._burst - 1) * self._every_seconds)

    def take(self, key: str) -> None:
        """`key` tries."""
        latest = self._now() + (self._burst + 1) * self._every_seconds  # no debt grows without end
        after = max(self._full_at.get(key, 0.0), self._now()) + self._every_seconds
        self._full_at[key] = min(after, latest)
        self._full_at.move_to_end(key)
        while len(self._full_at) > MOST_KEYS:
            self._full_at.popitem(last=False)
