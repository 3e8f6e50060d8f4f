"""The index of recordings."""

from __future__ import annotations

import json
from typing import Any

from peewee import (
    BigIntegerField,
    BooleanField,
    CharField,
    FloatField,
    IntegerField,
    Model,
    SqliteDatabase,
)
from playhouse.migrate import SchemaMigrator


class Recording(Model):
    """A frozen copy: what the table was at this step, whatever recording_tables.py says today."""

    path = CharField(primary_key=True)
    call_id = CharField(max_length=64, index=True)
    n = IntegerField()
    began_ms = BigIntegerField(index=True)
    seconds = FloatField(null=True)
    dropped_frames = IntegerField()
    left = CharField()
    right = CharField()
    queue = CharField()
    agent = CharField()
    why = CharField()
    ended_why = CharField()
    kept = BooleanField()
    removed = CharField(max_length=16)

    class Meta:
        table_name = "recording"


EVENTS = (
    "SELECT call_id, wall_ms, kind, body FROM event WHERE kind IN ('RecordingStarted', 'RecordingEnded') "
    "ORDER BY id"
)
EMPTY = {"n": 0, "left": "", "right": "", "queue": "", "agent": "", "why": "", "ended_why": ""}


def up(migrator: SchemaMigrator, db: SqliteDatabase) -> None:
    """Create the table, with a row for each file that the events so far tell of."""
    with db.bind_ctx([Recording]):
        db.create_tables([Recording], safe=False)
        rows: dict[str, dict[str, Any]] = {}
        for call_id, wall_ms, kind, body in db.execute_sql(EVENTS):  # type: ignore[no-untyped-call] # no stubs
            try:
                told = json.loads(body)
            except ValueError:  # a damaged event, left alone by everybody
                continue
            row = rows.setdefault(told["path"], {"call_id": call_id, "began_ms": wall_ms, "seconds": None})
            if kind == "RecordingEnded":
                row["seconds"], row["dropped_frames"] = told["seconds"], told.get("dropped_frames", 0)
        for path, row in rows.items():
            Recording.create(**{**EMPTY, "kept": False, "removed": "", "dropped_frames": 0, **row}, path=path)
