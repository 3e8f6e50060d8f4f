"""The tables, and the few statements that write them; no model is bound to a database, each call names one.

`event` is the truth; `call` and `agent` are derived from it and can be made again (`rebuild.py`).
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from typing import Any

from peewee import (
    AutoField,
    BigIntegerField,
    BooleanField,
    CharField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
)

from appliance.events import AgentChanged, Stamped, from_plain, to_plain
from appliance.store.derive import CallRow, Stage
from appliance.store.legs import LegOutcome, QueueLeg
from appliance.store.mark import mark

log = logging.getLogger(__name__)

Values = dict[str, Any]  # column -> value, as the database takes it


class EventTable(Model):
    """One fact; `body` is the event's own fields as JSON."""

    id = AutoField()
    wall_ms = BigIntegerField()
    mono_ms = BigIntegerField()
    boot = CharField(max_length=64)
    kind = CharField(max_length=64)
    call_id = CharField(max_length=64, index=True)
    body = TextField()

    class Meta:
        table_name = "event"


class CallTable(Model):
    """`derive.CallRow` as a row; `recordings` is JSON, `is_open` finds the calls a restart goes on with."""

    call_id = CharField(max_length=64, primary_key=True)
    line = CharField()
    caller = CharField()
    called = CharField()
    arrived_ms = BigIntegerField(null=True, index=True)
    answered_ms = BigIntegerField(null=True)
    queue = CharField()
    queued_ms = BigIntegerField(null=True)
    agent = CharField()
    connected_ms = BigIntegerField(null=True)
    ended_ms = BigIntegerField(null=True)
    outcome = CharField()
    ended_by = CharField()
    wait_ms = BigIntegerField(null=True)
    ring_ms = BigIntegerField(null=True)
    talk_ms = BigIntegerField(null=True)
    hold_ms = BigIntegerField(null=True)
    wrap_up_ms = BigIntegerField(null=True)
    offers = IntegerField()
    direction = CharField()
    transfers = IntegerField()
    code = CharField(default="")
    recordings = TextField()
    stage = CharField()
    is_open = BooleanField(index=True)

    class Meta:
        table_name = "call"


class LegTable(Model):
    """`legs.QueueLeg` as a row; `leg_id` is the call's id, "#" and the leg's number in the call."""

    leg_id = CharField(max_length=72, primary_key=True)
    call_id = CharField(max_length=64)
    number = IntegerField()
    queue = CharField()
    entered_ms = BigIntegerField(index=True)
    outcome = CharField()
    wait_ms = BigIntegerField()
    ended_ms = BigIntegerField(null=True, index=True)
    agent = CharField()
    ring_ms = BigIntegerField()
    talk_ms = BigIntegerField()
    hold_ms = BigIntegerField()
    wrap_up_ms = BigIntegerField()
    promised_ms = BigIntegerField(null=True)
    came_true_ms = BigIntegerField(null=True)

    class Meta:
        table_name = "queue_leg"


class AgentTable(Model):
    """The last change of each agent."""

    agent = CharField(primary_key=True)
    state = CharField()
    reason = CharField()
    hindered = BooleanField(default=False)
    wall_ms = BigIntegerField()
    mono_ms = BigIntegerField()
    boot = CharField(max_length=64)

    class Meta:
        table_name = "agent"


TABLES: tuple[type[Model], ...] = (EventTable, CallTable, LegTable, AgentTable)


def event_values(stamped: Stamped) -> Values:
    """The event as a row. Raises TypeError or ValueError when a field holds what JSON cannot."""
    when = mark(stamped)
    return {
        "wall_ms": when.wall_ms,
        "mono_ms": when.mono_ms,
        "boot": stamped.boot,
        "kind": type(stamped.event).__name__,
        "call_id": writable(stamped.event.call_id),
        "body": json.dumps(to_plain(stamped.event), separators=(",", ":")),
    }


def stamped_of(row: Values) -> Stamped:
    """The event again. Raises KeyError, TypeError or ValueError for a row this version cannot read."""
    event = from_plain(row["kind"], row["call_id"], json.loads(row["body"]))
    return Stamped(event, row["wall_ms"] / 1000, row["mono_ms"] / 1000, row["boot"])


def call_values(row: CallRow) -> Values:
    """The call's row as columns."""
    values: Values = {each.name: getattr(row, each.name) for each in fields(row)}
    values = {name: writable(value) if isinstance(value, str) else value for name, value in values.items()}
    recordings = json.dumps([dict(each) for each in row.recordings])
    return {
        **values,
        "recordings": recordings,
        "stage": row.stage.value,
        "is_open": row.stage is not Stage.OVER,
    }


def call_row(values: Values) -> CallRow:
    """The row again."""
    known = {each.name: values[each.name] for each in fields(CallRow)}
    known["recordings"] = tuple(json.loads(values["recordings"]))
    known["stage"] = Stage(values["stage"])
    return CallRow(**known)


def writable(text: str) -> str:
    """The text without lone surrogates, which a line's garbage may hold and a database refuses."""
    return text.encode("utf-8", "backslashreplace").decode()


def add_events(db: SqliteDatabase, events: Iterable[Stamped]) -> None:
    """Append the events in their order; one that cannot be stored is a fault of ours, logged and left out."""
    rows = []
    for stamped in events:
        try:
            rows.append(event_values(stamped))
        except (TypeError, ValueError):
            log.exception("journal: %r cannot be stored and is left out, please report this", stamped)
    put_rows(db, EventTable, "", rows)


def put_calls(db: SqliteDatabase, rows: Iterable[CallRow]) -> None:
    """Write the rows, in the place of those with the same call id."""
    put_rows(db, CallTable, "call_id", [call_values(row) for row in rows])


def put_legs(db: SqliteDatabase, legs: Iterable[QueueLeg]) -> None:
    """Write the queue legs, in the place of those with the same call and number."""
    put_rows(db, LegTable, "leg_id", [_leg_values(leg) for leg in legs])


def _leg_values(leg: QueueLeg) -> Values:
    values: Values = {each.name: getattr(leg, each.name) for each in fields(leg)}
    text = {name: writable(value) for name, value in values.items() if isinstance(value, str)}
    return {**values, **text, "leg_id": writable(f"{leg.call_id}#{leg.number}"), "outcome": leg.outcome.value}


def leg_row(values: Values) -> QueueLeg:
    """The queue leg again."""
    known = {each.name: values[each.name] for each in fields(QueueLeg)}
    return QueueLeg(**{**known, "outcome": LegOutcome(values["outcome"])})


def put_agents(db: SqliteDatabase, events: Iterable[Stamped]) -> None:
    """Write the last state of each agent that the events tell of."""
    last = {}
    for stamped in events:
        if isinstance(stamped.event, AgentChanged):
            last[stamped.event.agent] = _agent_values(stamped, stamped.event)
    put_rows(db, AgentTable, "agent", list(last.values()))


def _agent_values(stamped: Stamped, changed: AgentChanged) -> Values:
    when = mark(stamped)
    return {
        "agent": writable(changed.agent),
        "state": changed.now,
        "reason": writable(changed.reason),
        "hindered": changed.hindered,
        "wall_ms": when.wall_ms,
        "mono_ms": when.mono_ms,
        "boot": stamped.boot,
    }


def put_rows(db: SqliteDatabase, table: type[Model], key: str, rows: list[Values]) -> None:
    """Write rows that name every column but a counted one; in the place of those with the same `key`."""
    columns, text = _insert(table, key)
    execute: Callable[[str, list[Any]], object] = db.execute_sql
    for row in rows:
        execute(text, [row[column] for column in columns])


@functools.cache
def _insert(table: type[Model], key: str) -> tuple[list[str], str]:
    """The columns, and peewee's statement for one row; made once, for making it takes longer than running it.

    With a `key` the row replaces the one that has the same.
    """
    columns = [column for column in table._meta.sorted_fields if not isinstance(column, AutoField)]
    insert = table.insert(dict.fromkeys(columns))
    if key:
        others = [column for column in columns if column.name != key]
        insert = insert.on_conflict(conflict_target=[table._meta.fields[key]], preserve=others)
    text, _ = SqliteDatabase(None).get_sql_context().sql(insert).query()
    return [column.name for column in columns], text


def events_of_call(db: SqliteDatabase, call_id: str) -> list[Stamped]:
    """The events of one call, oldest first."""
    query = EventTable.select().where(EventTable.call_id == call_id).order_by(EventTable.id).dicts()
    return list(readable(query.execute(db)))


def readable(rows: Iterable[Values]) -> Iterator[Stamped]:
    """The events of the rows; one that this version cannot read (a kind it does not know) is passed over."""
    for row in rows:
        try:
            yield stamped_of(row)
        except (KeyError, TypeError, ValueError) as error:
            log.warning("event %d (%s) cannot be read and is passed over: %r", row["id"], row["kind"], error)
