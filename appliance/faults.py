"""A task that nobody waits for: what went wrong in it is said, and costs nothing else."""

from __future__ import annotations

import asyncio
import logging

log = logging.getLogger(__name__)


def say_if_it_failed(task: asyncio.Task[None]) -> None:
    """For `add_done_callback`: a fault of ours is logged under the task's name, a cancellation is none."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s went wrong, the rest goes on", task.get_name(), exc_info=error)
