"""When something happened, by both clocks, and how long it was between two such moments."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.events import Stamped


@dataclass(frozen=True)
class Mark:
    """When something happened, by both clocks."""

    wall_ms: int
    mono_ms: int
    boot: str


def mark(stamped: Stamped) -> Mark:
    """When the event happened, in the milliseconds that are stored."""
    return Mark(round(stamped.wall_s * 1000), round(stamped.mono_s * 1000), stamped.boot)


def between(start: Mark, end: Mark) -> int:
    """Milliseconds from start to end, never negative (the wall clock may have been set back)."""
    if start.boot == end.boot:
        return max(0, end.mono_ms - start.mono_ms)
    return max(0, end.wall_ms - start.wall_ms)
