"""Make the derived rows of a database again from its events, within a transaction of the caller's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, islice

from peewee import Model, SqliteDatabase

from appliance.store import message_tables, models, recording_tables
from appliance.store.derive import Progress, derive
from appliance.store.models import AgentTable, CallTable, EventTable, LegTable

DERIVED: tuple[type[Model], ...] = (
    CallTable,
    LegTable,
    AgentTable,
    *message_tables.TABLES,
    *recording_tables.TABLES,
)
PART = 1000  # calls written at a time, so that memory stays small


def rebuild_rows(db: SqliteDatabase) -> int:
    """Derive every row anew; how many calls."""
    for table in DERIVED:
        table.delete().execute(db)
    changes = EventTable.select().where(EventTable.kind == "AgentChanged").order_by(EventTable.id).dicts()
    models.put_agents(db, models.readable(changes.execute(db)))
    kinds = [kind.__name__ for kind in message_tables.CHANGES]
    changes = EventTable.select().where(EventTable.kind.in_(kinds)).order_by(EventTable.id).dicts()
    message_tables.put(db, models.readable(list(changes.execute(db))))
    kinds = [kind.__name__ for kind in recording_tables.CHANGES]
    changes = EventTable.select().where(EventTable.kind.in_(kinds)).order_by(EventTable.id).dicts()
    recording_tables.put(db, models.readable(list(changes.execute(db))))
    count, calls = 0, _calls(db)
    while part := list(islice(calls, PART)):
        models.put_calls(db, [progress.row for progress in part])
        models.put_legs(db, [leg for progress in part for leg in progress.legs.legs])
        count += len(part)
    return count


def _calls(db: SqliteDatabase) -> Iterator[Progress]:
    query = EventTable.select().where(EventTable.call_id != "").order_by(EventTable.call_id, EventTable.id)
    events = models.readable(query.dicts().iterator(db))
    for call_id, its_events in groupby(events, key=lambda stamped: stamped.event.call_id):
        yield derive(call_id, its_events)
