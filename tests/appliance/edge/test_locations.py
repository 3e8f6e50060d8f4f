"""The file of registrations is made, kept, and given up when it is damaged."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from appliance.edge.locations import prepare


def rows(path: Path, ask: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute(ask).fetchall()


async def test_it_is_made_once_and_registrations_stay(tmp_path: Path) -> None:
    path = tmp_path / "location.db"
    prepare(path)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT INTO location (ruid, username, contact, expires, callid) "
            "VALUES ('r', 'ana', 'sip:a@b', 1, 'c')"
        )
    prepare(path)
    assert rows(path, "SELECT username FROM location") == [("ana",)]
    assert rows(path, "SELECT table_version FROM version WHERE table_name = 'location'") == [(9,)]
    assert rows(path, "PRAGMA journal_mode") == [("wal",)]


async def test_a_damaged_one_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "location.db"
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    prepare(path)
    assert rows(path, "SELECT * FROM location") == []
    assert (tmp_path / "location.db.damaged").exists()
