"""What an event is: a fact in the past tense, and when it happened."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Event:
    """What happened. `call_id` is "" where no call is concerned."""

    call_id: str = ""


@dataclass(frozen=True)
class Stamped:
    """An event, when it happened (`wall_s` since 1970, `mono_s` CLOCK_MONOTONIC) and in which `boot`."""

    event: Event
    wall_s: float
    mono_s: float
    boot: str
