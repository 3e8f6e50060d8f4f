"""Questions about flows to the database: what they were used for, what was answered, who called before.

They raise opening.StoreError as those of `read.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from appliance.events import Direction, Event, Stamped
from appliance.flow_events import PinTried
from appliance.store import models, opening
from appliance.store.derive import CallRow
from appliance.store.models import CallTable, EventTable

MOST_LOOKED_BACK = 1000  # calls of one number


def calls_of_number(path: Path, number: str, since_s: float, *, but: str) -> list[CallRow]:
    """The calls from a number that arrived at `since_s` or later, newest first, without the call `but`."""
    query = (
        CallTable.select()
        .where(CallTable.arrived_ms >= round(since_s * 1000))
        .where(CallTable.caller == models.writable(number))
        .where(CallTable.direction == Direction.IN.value)
        .where(CallTable.call_id != but)
        .order_by(CallTable.call_id.desc())
        .limit(MOST_LOOKED_BACK)
    )
    with opening.reading(path) as db:
        return [] if db is None else [models.call_row(row) for row in query.dicts().execute(db)]


def wrong_pins(path: Path, since_s: float) -> list[tuple[str, str, float]]:
    """Caller, "flow/node" and wall-clock seconds of every wrong PIN, oldest first."""
    return [
        (stamped.event.caller, f"{stamped.event.flow}/{stamped.event.node}", stamped.wall_s)
        for stamped in events_of(path, (PinTried,), since_s)
        if isinstance(stamped.event, PinTried) and not stamped.event.right
    ]


def events_of(path: Path, kinds: tuple[type[Event], ...], since_s: float = 0.0) -> Iterator[Stamped]:
    """Every event of these kinds from `since_s` (wall clock) on, oldest first; one by one, for any number."""
    query = (
        EventTable.select()
        .where(EventTable.kind.in_([kind.__name__ for kind in kinds]))
        .where(EventTable.wall_ms >= round(since_s * 1000))
        .order_by(EventTable.id)
        .dicts()
    )
    with opening.reading(path) as db:
        if db is not None:
            yield from models.readable(query.iterator(db))
