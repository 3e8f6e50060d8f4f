"""What went out and what is locked, read from the journal when the box starts."""

from __future__ import annotations

from pathlib import Path

from appliance.events import Stamped
from appliance.outbound_events import (
    OutboundAllowed,
    OutboundAnswered,
    OutboundBegun,
    OutboundEnded,
    OutboundLocked,
    OutboundRefused,
    OutboundUnlocked,
)
from appliance.store import models, opening
from appliance.store.models import EventTable

COUNTED = (OutboundAllowed, OutboundBegun, OutboundAnswered, OutboundEnded, OutboundRefused)
LOCKS = (OutboundLocked, OutboundUnlocked)  # stand however old they are


def outbound_events(path: Path, since_s: float) -> list[Stamped]:
    """All locks and unlocks, and the rest since then (wall clock), oldest first. Raises StoreError."""
    recent = EventTable.kind.in_([kind.__name__ for kind in COUNTED])
    recent = recent & (EventTable.wall_ms >= round(since_s * 1000))
    locks = EventTable.kind.in_([kind.__name__ for kind in LOCKS])
    with opening.reading(path) as db:
        query = EventTable.select().where(recent | locks).order_by(EventTable.id).dicts()
        return [] if db is None else list(models.readable(query.execute(db)))
