"""A row for each queue a call waited in, with its own outcome; `callbox calls rebuild` fills in old calls."""

from __future__ import annotations

from peewee import BigIntegerField, CharField, IntegerField, Model, SqliteDatabase
from playhouse.migrate import SchemaMigrator


class QueueLeg(Model):
    """One wait in one queue."""

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


def up(migrator: SchemaMigrator, db: SqliteDatabase) -> None:
    """Make the table."""
    with db.bind_ctx([QueueLeg]):
        db.create_tables([QueueLeg], safe=False)
