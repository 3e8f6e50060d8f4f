"""What is kept for a time only: the samples of lines. Everything else the journal keeps for good."""

from __future__ import annotations

from pathlib import Path

import peewee

from appliance.store import opening
from appliance.store.models import EventTable
from appliance.store.opening import StoreError

PART = 1000  # rows a transaction, so that the journal waits for milliseconds


def forget_samples(path: Path, before_s: float) -> int:
    """Delete the samples of lines older than that (wall clock); how many. Safe while the box runs.

    Raises StoreError when the database cannot be written.
    """
    is_old = (EventTable.kind == "LineSampled") & (EventTable.wall_ms < round(before_s * 1000))
    old = EventTable.select(EventTable.id).where(is_old).limit(PART)
    count = PART
    total = 0
    try:
        with opening.writing(path) as db:
            while count == PART:
                fits = EventTable.id.in_(old)
                count = EventTable.delete().where(fits).execute(db)  # type: ignore[misc] # the stubs
                total += count
    except (peewee.PeeweeException, OSError) as error:
        raise StoreError(f"{path}: old samples of the lines stay for now: {error}") from error
    return total
