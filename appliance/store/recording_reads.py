"""Questions about recordings: which there are, by call, agent, queue and age."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.store import opening
from appliance.store.recording_tables import RecordingTable, Segment, segment


@dataclass(frozen=True)
class Wish:
    """Which ones; all where nothing is said. `call` is an id or its beginning; `removed`: deleted too."""

    call: str = ""
    agent: str = ""
    queue: str = ""
    since_ms: int | None = None
    removed: bool = False
    limit: int | None = None  # the newest so many


def segments(path: Path, wish: Wish) -> list[Segment]:
    """Oldest first; none where there is no database yet. Raises StoreError."""
    with opening.reading(path) as db:
        if db is None:
            return []
        query = RecordingTable.select().order_by(RecordingTable.began_ms.desc(), RecordingTable.n.desc())
        for condition in _conditions(wish):
            query = query.where(condition)
        rows = query.limit(wish.limit).dicts().execute(db)
        return [segment(values) for values in rows][::-1]


def oldest(path: Path, *, before_ms: int | None = None, limit: int | None = None) -> list[Segment]:
    """Whole recordings that may be deleted, oldest first. Raises StoreError."""
    table = RecordingTable
    with opening.reading(path) as db:
        if db is None:
            return []
        query = table.select().where((table.removed == "") & table.seconds.is_null(False) & ~table.kept)
        if before_ms is not None:
            query = query.where(table.began_ms < before_ms)
        rows = query.order_by(table.began_ms, table.n).limit(limit).dicts().execute(db)
        return [segment(values) for values in rows]


def _conditions(wish: Wish) -> Iterable[Any]:
    table = RecordingTable
    if wish.call:
        yield table.call_id.between(wish.call, wish.call + "\U0010ffff")
    if wish.agent:
        yield table.agent == wish.agent
    if wish.queue:
        yield table.queue == wish.queue
    if wish.since_ms is not None:
        yield table.began_ms >= wish.since_ms
    if not wish.removed:
        yield table.removed == ""
