"""A line that rings: who calls, when to offer the call, and when the ringing is over. Pure."""

from __future__ import annotations

from drivers.v253.caller import Caller

RING_GAP_SECONDS = 8.0  # the longest silence between two rings of one call is 6 s (4 on config/tones)
NAME_SECONDS = 0.3  # after the number: the name comes with it, if at all


class Ringing:
    """From the first sign of a call. Times in seconds, rising."""

    def __init__(self, now: float, wait_seconds: float) -> None:
        self.caller = Caller()
        self.rings = 0
        self._first_ring: float | None = None
        self._last = now
        self._told_at: float | None = None
        self._wait_seconds = wait_seconds

    def rang(self, now: float) -> None:
        """RING, or DLE R."""
        self.rings += 1
        self._last = now
        if self._first_ring is None:
            self._first_ring = now

    def heard(self, text: str, now: float) -> None:
        """A line of caller ID; it may come before the first ring."""
        self._last = now
        self.caller.hear(text)
        if self.caller.told and self._told_at is None:
            self._told_at = now

    @property
    def offer_at(self) -> float | None:
        """When whoever calls may be offered; None before the first ring."""
        if self._first_ring is None:
            return None
        latest = self._first_ring + self._wait_seconds
        return latest if self._told_at is None else min(latest, self._told_at + NAME_SECONDS)

    @property
    def over_at(self) -> float:
        """When the caller has given up, if nothing more is heard."""
        return self._last + RING_GAP_SECONDS
