"""All events of some kinds, for what is folded from them when the box starts or somebody asks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from appliance.events import Event, Stamped
from appliance.store import models, opening
from appliance.store.models import EventTable


def events_of(path: Path, kinds: Iterable[type[Event]]) -> list[Stamped]:
    """Oldest first; none where there is no file yet. Raises StoreError."""
    wanted = EventTable.kind.in_([kind.__name__ for kind in kinds])
    with opening.reading(path) as db:
        query = EventTable.select().where(wanted).order_by(EventTable.id).dicts()
        return [] if db is None else list(models.readable(query.execute(db)))
