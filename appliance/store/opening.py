"""How the database file is opened: checked, brought to this version, and set aside when it is damaged."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import peewee
from peewee import SqliteDatabase
from playhouse.migrations import Runner

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
HISTORY = "schema_migration"  # the table that lists the migrations a database has had
BUSY_SECONDS = 5.0  # how long a statement waits for another process that writes
# synchronous=FULL: in WAL mode a commit is then safe against a power cut.
# journal_size_limit: the -wal file shrinks again after a long reader made it grow.
PRAGMAS = {"journal_mode": "wal", "synchronous": "full", "journal_size_limit": 16 * 1024 * 1024}
WAL_MAGIC = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")  # SQLite file format, 4.1
CORRUPT = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


class StoreError(Exception):
    """The database cannot be used; the message says why and what to do."""


def prepare(path: Path) -> Path | None:
    """Make `path` a sound database of this version, by creating, migrating or setting aside.

    Gives where a damaged one is kept. Raises StoreError when it belongs to a newer version or another
    program (nothing is changed then), peewee.PeeweeException or OSError when the disk does not let us.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _set_aside_bad_wal(path)
    damage = _damage(path) if path.exists() else ""
    kept = set_aside(path, damage) if damage else None
    with writing(path) as db:
        runner = Runner(db, str(MIGRATIONS), table_name=HISTORY)  # type: ignore[no-untyped-call] # no stubs
        runner.up()  # type: ignore[no-untyped-call] # no stubs
    return kept


@contextmanager
def writing(path: Path) -> Iterator[SqliteDatabase]:
    """A connection for the one who writes, for the calling thread."""
    db = connect(path)
    try:
        yield db
    finally:
        db.close()


def connect(path: Path) -> SqliteDatabase:
    """An open connection for the calling thread; raises peewee.PeeweeException."""
    db = SqliteDatabase(str(path), pragmas=PRAGMAS, timeout=BUSY_SECONDS)
    db.connect()
    return db


@contextmanager
def reading(path: Path) -> Iterator[SqliteDatabase | None]:
    """A read-only connection of its own, in one consistent moment; None when there is no database yet.

    Works while the brain writes and while it is down. Raises StoreError for what cannot be read.
    """
    if not path.exists():
        yield None
        return
    db = SqliteDatabase(_read_only(path), uri=True, timeout=BUSY_SECONDS)
    try:
        with db.connection_context(), db.atomic():
            yield db if _has_our_tables(db, path) else None
    except peewee.PeeweeException as error:
        raise StoreError(
            f"{path} cannot be read: {error}. Is it damaged? Starting the box sets it aside."
        ) from error


def _has_our_tables(db: SqliteDatabase, path: Path) -> bool:
    """False for a database just begun. Raises StoreError unless it is of this version."""
    pending = _pending(db, path)
    if pending and db.get_tables():
        raise StoreError(
            f"{path} is of an older Callbox. Start the box once: that brings it to this version."
        )
    return not pending


def _pending(db: SqliteDatabase, path: Path) -> set[str]:
    """The migrations it still needs. Raises StoreError for a newer version, or a database not of ours."""
    known = {file.stem for file in MIGRATIONS.glob("[0-9]*.py")}
    tables = set(db.get_tables())
    if HISTORY not in tables:
        if tables:
            raise StoreError(
                f"{path} is a database of another program. Move it away, or use another --state."
            )
        return known
    have = {str(name) for (name,) in _ask(db, f"SELECT name FROM {HISTORY}")}
    unknown = have - known
    if unknown:
        raise StoreError(
            f"{path} was written by a newer Callbox (change {max(unknown)} is not known here). "
            "Install that version again, or move the file away to begin a new one."
        )
    return known - have


def _ask(db: SqliteDatabase, sql: str) -> list[tuple[Any, ...]]:
    return list(db.execute_sql(sql))  # type: ignore[no-untyped-call] # the stubs leave it untyped


def is_corruption(error: peewee.PeeweeException) -> bool:
    """True when the file itself is damaged, so that trying again does not help."""
    return str(getattr(root(error), "sqlite_errorname", "")).startswith(CORRUPT)


def root(error: BaseException) -> BaseException:
    """The error that began it: a failed commit is often hidden behind a rollback that fails after it."""
    first: BaseException | None = error
    while first is not None:
        error = first if isinstance(first, sqlite3.Error) else error
        first = first.__cause__ or first.__context__
    return error


def set_aside(path: Path, damage: str) -> Path:
    """Rename a damaged database with its -wal and -shm, say so, and give its new name."""
    kept = _free_name(path)
    for suffix in ("-wal", "-shm", ""):
        source = path.with_name(path.name + suffix)
        if source.exists():
            source.rename(kept.with_name(kept.name + suffix))
    log.error("database %s is damaged (%s). It is kept as %s, a new one is begun.", path, damage, kept.name)
    return kept


def _damage(path: Path) -> str:
    """What is wrong with the file, "" when it is sound. Raises as `prepare`."""
    db = SqliteDatabase(str(path), timeout=BUSY_SECONDS)
    try:
        with db.connection_context():
            _pending(db, path)
            found = str(_ask(db, "PRAGMA quick_check(1)")[0][0])
    except peewee.DatabaseError as error:
        if is_corruption(error):
            return str(error)
        raise
    except UnicodeDecodeError as error:  # SQLite hands out a name that is none
        return str(error)
    return "" if found == "ok" else found.replace("\n", " ")


def _set_aside_bad_wal(path: Path) -> None:
    """SQLite empties a -wal whose header it cannot read; keep such a file for whoever wants to look."""
    wal = path.with_name(path.name + "-wal")
    if not path.exists() or not wal.exists():
        return
    with wal.open("rb") as file:
        start = file.read(4)
    if start in (b"", b"\0\0\0\0", *WAL_MAGIC):  # zeros: a power cut before anything was committed
        return
    kept = _free_name(wal)
    wal.rename(kept)
    log.error(
        "%s is damaged. It is kept as %s; the last calls may be missing from the database.", wal, kept.name
    )


def _free_name(path: Path) -> Path:
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    kept = path.with_name(f"{path.name}.corrupt-{stamp}")
    count = 1
    while kept.exists():
        count += 1
        kept = path.with_name(f"{path.name}.corrupt-{stamp}.{count}")
    return kept


def _read_only(path: Path) -> str:
    return f"file:{quote(str(path.absolute()))}?mode=ro"
