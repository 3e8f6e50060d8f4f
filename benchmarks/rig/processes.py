"""What processes cost, from /proc; and which of them must not wait."""

from __future__ import annotations

import os
import time
from pathlib import Path

CPUCLOCK_SCHED = 2  # linux/posix-timers.h: the clock of a process is ~pid << 3 and which
OUTSIDE_PRIORITY = 10  # SCHED_FIFO


def cpu_seconds(pid: int) -> float:
    """Time of all threads on a processor so far, by the scheduler's count, to the microsecond."""
    return time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)


def pss_mb(pid: int) -> float:
    """Memory in MB (1024 kB), pages shared with others counted by their share."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise OSError(f"/proc/{pid}/smaps_rollup has no Pss")


def before_others(pid: int) -> bool:
    """Let a process that plays the outside world not wait for its turn; False where that is not allowed.

    Modems and phones are machines of their own. Below the box's real-time threads (40 and 50).
    """
    try:
        os.sched_setscheduler(pid, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(OUTSIDE_PRIORITY))
    except PermissionError:
        return False
    return True
