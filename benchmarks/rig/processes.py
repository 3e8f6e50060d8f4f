"""What processes cost, from /proc; and which of them must not wait."""

from __future__ import annotations

import os
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
OUTSIDE_PRIORITY = 10  # SCHED_FIFO


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads so far (proc(5)); steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


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
