"""Text messages, the parts that modems gave us, and events found by their kind (limits, history, alarms)."""

from __future__ import annotations

from peewee import (
    BigIntegerField,
    BooleanField,
    CharField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
)
from playhouse.migrate import SchemaMigrator, migrate


class Message(Model):
    """A frozen copy: what the table was at this step, whatever message_tables.py says today."""

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


class Part(Model):
    """A frozen copy, as above."""

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


def up(migrator: SchemaMigrator, db: SqliteDatabase) -> None:
    """Create the two tables, and the index by which a kind of event is found."""
    with db.bind_ctx([Message, Part]):
        db.create_tables([Message, Part], safe=False)
    migrate(migrator.add_index("event", ("kind", "wall_ms")))  # type: ignore[no-untyped-call] # no stubs
