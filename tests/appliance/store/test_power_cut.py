"""Want 10: a power cut at any moment costs nothing that was flushed; a thousand cuts at every kind of moment.

What a disk may do to what was written and not yet synced: each sector is there or is not, in any order.
SQLite syncs the -wal with each commit, its header before that when it begins anew, and the -wal before a
checkpoint writes to the database itself.
"""

from __future__ import annotations

import random
import sqlite3
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from appliance.store import opening
from appliance.store.journal import Journal
from tests.appliance.store.visits import answered_call

CUTS = 1000
FLUSHES = 40
SECTOR = 512  # bytes
WAL_HEADER = 32  # bytes, SQLite file format 4.1


@dataclass(frozen=True)
class Disk:
    """What is on the disk for sure once that many calls were flushed."""

    calls: int
    database: bytes
    wal: bytes


def flushed(path: Path) -> list[Disk]:
    """A journal that writes call after call, with a checkpoint now and then."""
    wal, journal, disks = path.with_name(path.name + "-wal"), Journal(path), []
    for number in range(FLUSHES):
        for each in answered_call(f"20261121-214501-{number:04x}", number * 200.0):
            journal.append(each)
        assert journal.flush(10.0)
        disks.append(Disk(number + 1, path.read_bytes(), wal.read_bytes()))
        if number % 5 == 4:
            with sqlite3.connect(path) as db:
                db.execute("PRAGMA wal_checkpoint(PASSIVE)")
            disks.append(Disk(number + 1, path.read_bytes(), wal.read_bytes()))
    assert journal.close()
    return disks


def torn(before: bytes, after: bytes, pick: random.Random, header: int = 0) -> bytes:
    """Some sectors of `after`, the others as they were, or zeros; `header` bytes of it are synced."""
    length = pick.randint(min(len(before), len(after)), len(after))
    found, share = bytearray(before.ljust(length, b"\0")), pick.random()
    for start in range(0, length, SECTOR):
        if pick.random() < share:
            found[start : start + SECTOR] = after[start : min(start + SECTOR, length)]
    found[:header] = after[:header]
    return bytes(found)


@pytest.mark.slow
def test_a_thousand_power_cuts_lose_nothing_that_was_flushed(tmp_path: Path) -> None:
    disks, pick = flushed(tmp_path / "written.db"), random.Random(10)
    path = tmp_path / "callbox.db"
    for cut in range(CUTS):
        before, after = pick.choice(list(pairwise(disks)))
        is_checkpoint = before.calls == after.calls
        path.write_bytes(torn(before.database, after.database, pick) if is_checkpoint else before.database)
        wal = before.wal if is_checkpoint else torn(before.wal, after.wal, pick, header=WAL_HEADER)
        path.with_name("callbox.db-wal").write_bytes(wal)
        path.with_name("callbox.db-shm").unlink(missing_ok=True)
        assert opening.prepare(path) is None, f"cut {cut}"
        with sqlite3.connect(path) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)], f"cut {cut}"
            (over,) = db.execute("SELECT count(*) FROM call WHERE stage = 'over'").fetchone()
        db.close()
        assert before.calls <= over <= after.calls, f"cut {cut}"


def test_the_writer_syncs_with_every_commit(tmp_path: Path) -> None:
    opening.prepare(tmp_path / "callbox.db")
    with opening.writing(tmp_path / "callbox.db") as db:
        asked = [db.execute_sql(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert asked == ["wal", 2], "2 is FULL"
