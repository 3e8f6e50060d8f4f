"""`location.db`, where phones are: Kamailio's own file, in the shape its usrloc 5.6 reads and writes.

Only Kamailio uses it; the brain learns of registrations by news and by asking. A file it cannot use is no
loss: phones register again within minutes.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from pathlib import Path

log = logging.getLogger(__name__)

LOCATION_VERSION = 9  # of Kamailio 5.6's usrloc
# Times are seconds since 1970 (usrloc's expires_type 1), so that a change of the clock's zone moves nothing.
TABLES = f"""
CREATE TABLE IF NOT EXISTS version (
    id INTEGER PRIMARY KEY NOT NULL, table_name TEXT NOT NULL UNIQUE, table_version INTEGER NOT NULL
);
INSERT OR REPLACE INTO version (id, table_name, table_version) VALUES (1, 'location', {LOCATION_VERSION});
CREATE TABLE IF NOT EXISTS location (
    id INTEGER PRIMARY KEY NOT NULL,
    ruid TEXT NOT NULL UNIQUE, username TEXT NOT NULL, domain TEXT,
    contact TEXT NOT NULL, received TEXT, path TEXT,
    expires BIGINT NOT NULL, q REAL NOT NULL DEFAULT 1.0,
    callid TEXT NOT NULL, cseq INTEGER NOT NULL DEFAULT 1, last_modified BIGINT NOT NULL DEFAULT 0,
    flags INTEGER NOT NULL DEFAULT 0, cflags INTEGER NOT NULL DEFAULT 0, user_agent TEXT NOT NULL DEFAULT '',
    socket TEXT, methods INTEGER, instance TEXT,
    reg_id INTEGER NOT NULL DEFAULT 0, server_id INTEGER NOT NULL DEFAULT 0,
    connection_id INTEGER NOT NULL DEFAULT 0, keepalive INTEGER NOT NULL DEFAULT 0,
    partition INTEGER NOT NULL DEFAULT 0
);
"""


def prepare(path: Path) -> None:
    """Make the file, or leave a good one as it is; one that is damaged is put aside."""
    try:
        _make(path)
    except sqlite3.DatabaseError as error:
        log.error("%s cannot be used (%s) and is put aside; phones register again", path, error)
        for end in ("-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
        path.replace(path.with_name(path.name + ".damaged"))
        _make(path)


def _make(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        if db.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("quick_check found damage")
        db.executescript(TABLES)
