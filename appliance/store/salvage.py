"""What can still be read of a damaged database goes into the new one: the events, and the rows made of them.

A damaged page costs the events in it; those before and after it are found by their numbers.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import peewee

from appliance.store import models, opening
from appliance.store.derived_rows import rebuild_rows

log = logging.getLogger(__name__)

COLUMNS = {"id": int, "wall_ms": int, "mono_ms": int, "boot": str, "kind": str, "call_id": str, "body": str}
SELECT = f"SELECT {', '.join(COLUMNS)} FROM event WHERE id BETWEEN ? AND ? ORDER BY id"
MOST_ID = 2**40  # more events than a box will ever have
MOST_FAILURES = 20_000  # questions that found damage, some 40 for each damaged page: a second at most
PART = 1000  # events written at a time, so that memory stays small


def open_or_salvage(path: Path, damaged: Path | None = None) -> None:
    """As `opening.prepare`; then what can be read of what that set aside, or of `damaged`, is put in."""
    kept = opening.prepare(path) or damaged
    if kept is None:
        return
    began = time.monotonic()
    try:
        saved = _copy(kept, path)
    except (peewee.PeeweeException, sqlite3.Error, OSError) as error:
        log.error("database %s: nothing could be taken over from %s: %s", path, kept.name, error)
    else:
        seconds = time.monotonic() - began
        log.warning("database %s: %d events taken over from %s in %.1f s", path, saved, kept.name, seconds)


def _copy(kept: Path, path: Path) -> int:
    """The number of events put into `path`, all or none of them, with the rows they make."""
    saved, events = 0, models.readable(_rows(kept))
    with opening.writing(path) as db, db.atomic("IMMEDIATE"):
        while part := list(islice(events, PART)):
            models.add_events(db, part)
            saved += len(part)
        rebuild_rows(db)
    return saved


def _rows(kept: Path) -> Iterator[models.Values]:
    """The rows of events of a damaged file in their order, without those that cannot be read."""
    ranges, failures = [(1, MOST_ID)], 0
    with closing(_reading(kept)) as db:
        while ranges and failures < MOST_FAILURES:
            low, high = ranges.pop()
            try:
                for row in db.execute(SELECT, (low, high)):
                    if row[0] >= low and all(map(isinstance, row, COLUMNS.values())):
                        low = row[0] + 1
                        yield dict(zip(COLUMNS, row, strict=True))
            except (sqlite3.DatabaseError, UnicodeDecodeError):  # or its words name what is no text
                failures += 1
                middle = (low + high) // 2
                ranges += [(middle + 1, high), (low, middle)] if low < high else []


def _reading(kept: Path) -> sqlite3.Connection:
    """Leaves the file as it is, and nothing beside it where it has no -wal."""
    how = "mode=ro" if kept.with_name(f"{kept.name}-wal").exists() else "immutable=1"
    db = sqlite3.connect(f"file:{quote(str(kept.absolute()))}?{how}", uri=True)
    db.text_factory = lambda raw: raw.decode("utf-8", "replace")
    db.execute("PRAGMA writable_schema=ON")  # a file that is shorter than it says is read all the same
    return db
