"""Time as the box uses it: monotonic seconds inside, wall clock only where people read it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


def _boot_id() -> str:
    """Names this run of the kernel: CLOCK_MONOTONIC values compare only within one of them."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


@dataclass(frozen=True)
class Clock:
    """`mono()` and `wall()` in seconds; tests pass their own."""

    mono: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    boot: str = field(default_factory=_boot_id)
