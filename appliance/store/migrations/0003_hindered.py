"""Whether an agent's pause was the agent's own wish."""

from __future__ import annotations

from peewee import BooleanField, SqliteDatabase
from playhouse.migrate import SchemaMigrator, migrate


def up(migrator: SchemaMigrator, db: SqliteDatabase) -> None:
    """Add the column; pauses of before were wished."""
    migrate(migrator.add_column("agent", "hindered", BooleanField(default=False)))  # type: ignore[no-untyped-call] # no stubs
