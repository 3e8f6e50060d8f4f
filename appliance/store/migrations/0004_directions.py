"""Who began a call, and how often it was handed on."""

from __future__ import annotations

from peewee import CharField, IntegerField, SqliteDatabase
from playhouse.migrate import SchemaMigrator, migrate


def up(migrator: SchemaMigrator, db: SqliteDatabase) -> None:
    """Add the columns; until now all calls came from outside, and nobody could hand one on."""
    migrate(
        migrator.add_column("call", "direction", CharField(default="in")),  # type: ignore[no-untyped-call] # no stubs
        migrator.add_column("call", "transfers", IntegerField(default=0)),
    )
