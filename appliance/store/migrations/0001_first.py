"""The first tables: the events, and what is derived from them (a row a call, a row an agent)."""

from __future__ import annotations

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
from playhouse.migrate import SchemaMigrator


class Event(Model):
    """A frozen copy: what the table was at this step, whatever models.py says today."""

    id = AutoField()
    wall_ms = BigIntegerField()
    mono_ms = BigIntegerField()
    boot = CharField(max_length=64)
    kind = CharField(max_length=64)
    call_id = CharField(max_length=64, index=True)
    body = TextField()

    class Meta:
        table_name = "event"


class Call(Model):
    """A frozen copy, as above."""

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
    recordings = TextField()
    stage = CharField()
    is_open = BooleanField(index=True)

    class Meta:
        table_name = "call"


class Agent(Model):
    """A frozen copy, as above."""

    agent = CharField(primary_key=True)
    state = CharField()
    reason = CharField()
    wall_ms = BigIntegerField()
    mono_ms = BigIntegerField()
    boot = CharField(max_length=64)

    class Meta:
        table_name = "agent"


def up(migrator: SchemaMigrator, db: SqliteDatabase) -> None:
    """Create the three tables; fails where one of them is there already."""
    with db.bind_ctx([Event, Call, Agent]):
        db.create_tables([Event, Call, Agent], safe=False)
