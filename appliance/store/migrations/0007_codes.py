"""What a call was about, as its agent coded it."""

from __future__ import annotations

from peewee import CharField, SqliteDatabase
from playhouse.migrate import SchemaMigrator, migrate


def up(migrator: SchemaMigrator, db: SqliteDatabase) -> None:
    """Add the column; calls of before have no code."""
    migrate(migrator.add_column("call", "code", CharField(default="")))  # type: ignore[no-untyped-call] # no stubs
