"""The tables of text messages, and what each event changes in them; derived, so they can be made again."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

from peewee import (
    BigIntegerField,
    BooleanField,
    CharField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
)

from appliance.events import Event, Stamped
from appliance.line_events import MessageQueued, MessageReceived, PartArrived, PartChanged, PartForgotten
from appliance.store.mark import mark
from appliance.store.messages import (
    Direction,
    MessageRow,
    MessageState,
    OutPart,
    PartState,
    moved,
    queued,
    received,
)
from appliance.store.models import Values, put_rows, writable

log = logging.getLogger(__name__)


class MessageTable(Model):
    """`messages.MessageRow` as a row; `out_parts` is JSON, `is_open` finds what the outbox goes on with."""

    message = CharField(max_length=64, primary_key=True)
    direction = CharField(max_length=8)
    line = CharField()
    sim = CharField()
    number = CharField()
    text = TextField()
    at_ms = BigIntegerField(index=True)
    parts = IntegerField()
    state = CharField(max_length=16)
    sent_at = CharField()
    message_class = IntegerField()
    report = BooleanField()
    out_parts = TextField()
    is_open = BooleanField(index=True)

    class Meta:
        table_name = "message"


class PartTable(Model):
    """What a modem gave us. `message` is the message it became part of, or was about; "" = none (yet).

    `forgotten`: the modem has it no more. `body` is the rest of `PartArrived` as JSON.
    """

    arrival = CharField(max_length=64, primary_key=True)
    line = CharField()
    sim = CharField()
    slot = CharField()
    pdu = TextField()
    kind = CharField(max_length=16)
    arrived_ms = BigIntegerField(index=True)
    forgotten = BooleanField(index=True)
    message = CharField(max_length=64, index=True)
    body = TextField()

    class Meta:
        table_name = "part"


TABLES: tuple[type[Model], ...] = (MessageTable, PartTable)
OWN_COLUMNS = ("call_id", "arrival", "line", "sim", "slot", "pdu", "kind", "message")


def put(db: SqliteDatabase, events: Iterable[Stamped]) -> None:
    """Change the rows as the events say, in their order; events about other things change nothing."""
    for stamped in events:
        change = CHANGES.get(type(stamped.event))
        try:
            if change is not None:
                change(db, stamped.event, mark(stamped).wall_ms)
        except (KeyError, TypeError, ValueError):
            log.exception("journal: %r changes no row, please report this", stamped)


def message_row(values: Values) -> MessageRow:
    """The row again."""
    known = {each.name: values[each.name] for each in fields(MessageRow)}
    parts = (
        OutPart(**{**part, "state": PartState(part["state"])}) for part in json.loads(known["out_parts"])
    )
    return MessageRow(
        **{
            **known,
            "direction": Direction(known["direction"]),
            "state": MessageState(known["state"]),
            "out_parts": tuple(parts),
        }
    )


def part_event(values: Values) -> PartArrived:
    """The arrival again, with the message that it belongs to by now."""
    own = {name: values[name] for name in OWN_COLUMNS if name != "call_id"}
    return PartArrived(**{**json.loads(values["body"]), **own})


def _message_values(row: MessageRow) -> Values:
    values: Values = {each.name: getattr(row, each.name) for each in fields(row)}
    values = {name: writable(value) if isinstance(value, str) else value for name, value in values.items()}
    parts = [{**asdict(part), "state": part.state.value} for part in row.out_parts]
    return {
        **values,
        "direction": row.direction.value,
        "state": row.state.value,
        "out_parts": json.dumps(parts),
        "is_open": row.is_open,
    }


def _put_row(db: SqliteDatabase, row: MessageRow) -> None:
    put_rows(db, MessageTable, "message", [_message_values(row)])


def _arrived(db: SqliteDatabase, event: PartArrived, at_ms: int) -> None:
    body = {name: value for name, value in asdict(event).items() if name not in OWN_COLUMNS}
    own = {name: writable(getattr(event, name)) for name in OWN_COLUMNS if name != "call_id"}
    values = {**own, "arrived_ms": at_ms, "forgotten": False, "body": json.dumps(body)}
    put_rows(db, PartTable, "arrival", [values])


def _forgotten(db: SqliteDatabase, event: PartForgotten, at_ms: int) -> None:
    PartTable.update(forgotten=True).where(PartTable.arrival == event.arrival).execute(db)


def _received(db: SqliteDatabase, event: MessageReceived, at_ms: int) -> None:
    _put_row(db, received(event, at_ms))
    parts = PartTable.update(message=event.message)
    parts.where(PartTable.arrival.in_(event.arrivals)).execute(db)


def _queued(db: SqliteDatabase, event: MessageQueued, at_ms: int) -> None:
    _put_row(db, queued(event, at_ms))


def _changed(db: SqliteDatabase, event: PartChanged, at_ms: int) -> None:
    query = MessageTable.select().where(MessageTable.message == event.message).dicts()
    for values in query.execute(db):
        _put_row(db, moved(message_row(values), event, at_ms))


Change = Callable[[SqliteDatabase, Any, int], None]
CHANGES: Mapping[type[Event], Change] = {
    PartArrived: _arrived,
    PartForgotten: _forgotten,
    MessageReceived: _received,
    MessageQueued: _queued,
    PartChanged: _changed,
}
