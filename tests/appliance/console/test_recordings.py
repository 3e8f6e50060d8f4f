"""`callbox recordings`: lists, one call, export, orphans; each in words and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.__main__ import main
from appliance.recording_events import RecordingRemoved
from tests.appliance.recordings.conftest import Shelf

pytestmark = pytest.mark.slow  # a database and its thread
FIRST, SECOND = "20261121-100000-abc123", "20261121-100001-abc124"
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path)
    made.record(FIRST, queue="sales")
    made.record(SECOND)
    assert made.journal.flush(5)
    yield made
    made.journal.close()


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    config = tmp_path / "box.toml"
    config.write_text("[agents.ana]\n")

    def callbox(*words: str) -> tuple[int, str]:
        code = main(["recordings", *words, "--state", str(tmp_path), "--config", str(config)])
        said = capsys.readouterr()
        return code, said.out + said.err

    return callbox


def test_the_list_has_a_line_for_each_file(shelf: Shelf, run: Run) -> None:
    code, text = run()
    assert code == 0
    assert len(text.splitlines()) == 3
    assert f"{FIRST}.wav" in text
    _, text = run("list", "--queue", "sales", "--json")
    [row] = json.loads(text)
    assert (row["call_id"], row["n"], row["left"], row["seconds"]) == (FIRST, 1, "+491701234567", 1.0)
    assert row["ended_ms"] - row["began_ms"] == 1000


def test_one_call_is_shown_by_the_beginning_of_its_id(shelf: Shelf, run: Run) -> None:
    code, text = run("show", FIRST[:-1])
    assert code == 0
    assert "queue          sales" in text
    code, text = run("show", "1999")
    assert (code, "List them with: callbox recordings" in text) == (1, True)
    code, text = run("show")
    assert (code, "name the call" in text) == (1, True)


def test_an_export_copies_and_never_overwrites(shelf: Shelf, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, text = run("export", FIRST, "--to", str(out), "--json")
    assert code == 0
    [file] = json.loads(text)["files"]
    assert Path(file).read_bytes() == (shelf.folder / "2026-11-22" / f"{FIRST}.wav").read_bytes()
    code, text = run("export", FIRST, "--to", str(out))
    assert (code, "never overwrites" in text) == (1, True)
    code, text = run("export", FIRST)
    assert (code, "--to DIR" in text) == (1, True)


def test_an_encrypted_one_asks_for_the_key(shelf: Shelf, run: Run, tmp_path: Path) -> None:
    plain = shelf.folder / "2026-11-22" / f"{FIRST}.wav"
    plain.rename(plain.with_name(plain.name + ".age"))
    code, text = run("export", FIRST, "--to", str(tmp_path / "out"))
    assert (code, "Give the key with --identity" in text) == (1, True)


def test_orphans_are_told_both_ways_and_by_the_exit_code(shelf: Shelf, run: Run) -> None:
    """want 9: an audit of files against rows, and rows against files."""
    assert run("orphans") == (0, "none\n")
    first = shelf.folder / "2026-11-22" / f"{FIRST}.wav"
    second = first.with_name(f"{SECOND}.wav")
    shelf.note(RecordingRemoved(call_id=SECOND, path=str(second), why="age"))
    assert shelf.journal.flush(5)
    first.rename(first.with_name("stranger.wav"))
    code, text = run("orphans")
    assert code == 1
    assert "stranger.wav: has no row" in text
    assert f"{FIRST}.wav: has no file" in text
    assert f"{SECOND}.wav: was to be deleted" in text
    assert json.loads(run("orphans", "--json")[1])["orphans"] == 3


def test_what_needs_the_box_says_so_when_there_is_none(shelf: Shelf, run: Run) -> None:
    for words in (("keep", FIRST), ("orphans", "--repair"), ("erase", "--number", "+491701234567", "--yes")):
        code, text = run(*words)
        assert (code, "no box answers" in text) == (1, True)
    code, text = run("erase")
    assert (code, "erase whom?" in text) == (1, True)
