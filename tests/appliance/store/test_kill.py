"""Want 10: a writer killed with -9 at any moment leaves what was flushed, a sound file, rows that fit."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from appliance.store import opening
from appliance.store.rebuild import rebuild

ROUNDS = 20
MOST_SECONDS = 0.15  # of writing before the kill

WRITER = """
import sys
from pathlib import Path
from appliance.store.journal import Journal
from tests.appliance.store.visits import answered_call

path, round = Path(sys.argv[1]), int(sys.argv[2])
journal = Journal(path)
number = 0
while True:
    for each in answered_call(f"20261121-{round:06}-{number:06x}", number * 200.0):
        journal.append(each)
    number += 1
    if number % 3 == 0:
        assert journal.flush(30.0)
        print(number, flush=True)
"""


def write_and_kill(path: Path, number: int, seconds: float) -> int:
    """How many calls the writer had flushed when it was killed."""
    command = [sys.executable, "-c", WRITER, str(path), str(number)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        killer = threading.Timer(seconds, writer.kill)
        killer.start()
        said = [first, *writer.stdout]  # until the kill closes the pipe
        killer.join()
    assert writer.returncode == -9
    return int([line for line in said if line.endswith("\n")][-1])


@pytest.mark.slow
def test_whatever_was_flushed_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    path, pick = tmp_path / "callbox.db", random.Random(7)
    for number in range(ROUNDS):
        flushed = write_and_kill(path, number, pick.uniform(0.0, MOST_SECONDS))
        opening.prepare(path)
        with sqlite3.connect(path) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            beginning = f"20261121-{number:06}-%"
            sql = "SELECT count(*), sum(stage = 'over') FROM call WHERE call_id LIKE ?"
            begun, over = db.execute(sql, (beginning,)).fetchone()
            stored = db.execute("SELECT * FROM call ORDER BY call_id").fetchall()
        assert begun >= over >= flushed, f"round {number}"
        rebuild(path)
        assert db.execute("SELECT * FROM call ORDER BY call_id").fetchall() == stored
        db.close()
    assert [file.name for file in tmp_path.iterdir() if ".corrupt" in file.name] == []
