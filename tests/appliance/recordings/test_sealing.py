"""Encryption at rest with Debian's `age`: the box cannot read what it keeps, no moment loses any."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.recordings import files, sealing
from appliance.recordings.keeper import NOT_SEALED
from appliance.recordings.sealing import SealError, seal, unseal
from tests.appliance.recordings.conftest import Shelf

pytestmark = [
    pytest.mark.slow,
    pytest.mark.realtime,
    pytest.mark.skipif(not shutil.which("age"), reason="age is not here; sudo apt-get install age"),
]


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    """The operator's key, which is nowhere on a box."""
    path = tmp_path / "key.txt"
    subprocess.run(["age-keygen", "-o", str(path)], check=True, capture_output=True)
    return path


@pytest.fixture
def recipient(identity: Path) -> str:
    done = subprocess.run(["age-keygen", "-y", str(identity)], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def sealing_shelf(tmp_path: Path, recipient: str) -> Iterator[Shelf]:
    made = Shelf(tmp_path, encrypt_to=[recipient])
    yield made
    made.journal.close()


def test_a_closed_recording_is_encrypted_and_read_with_the_operators_key(
    sealing_shelf: Shelf, identity: Path, tmp_path: Path
) -> None:
    path = sealing_shelf.record("a")
    whole = path.read_bytes()
    sealing_shelf.look()
    sealed = files.sealed(path)
    assert (path.exists(), sealed.exists(), files.stored(path)) == (False, True, sealed)
    assert b"RIFF" not in sealed.read_bytes()
    assert files.leftovers(sealing_shelf.folder) == []
    asyncio.run(unseal(sealed, identity, tmp_path / "out.wav"))
    assert (tmp_path / "out.wav").read_bytes() == whole
    assert asyncio.run(sealing_shelf.keeper.repair()).orphans == 0


def test_a_recording_that_is_being_written_is_not_encrypted(sealing_shelf: Shelf) -> None:
    path = sealing_shelf.record("a")
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        sealing_shelf.look()
        assert path.exists()
    sealing_shelf.look()
    assert not path.exists()


def test_encrypted_recordings_go_by_age_too(tmp_path: Path, recipient: str) -> None:
    shelf = Shelf(tmp_path, encrypt_to=[recipient], keep_days=1)
    path = shelf.record("a")
    shelf.look()
    assert files.sealed(path).exists()
    shelf.now_s += 2 * 86_400
    shelf.look()
    assert files.stored(path) is None
    shelf.journal.close()


def test_a_recipient_that_age_refuses_is_an_alarm_and_the_plain_file_stays(tmp_path: Path) -> None:
    nobody = "age1" + "q" * 58
    shelf = Shelf(tmp_path, encrypt_to=[nobody])
    path = shelf.record("a")
    shelf.look()
    assert path.exists()
    assert files.stored(path) == path
    assert "See to the disk and to age" in shelf.alarms[NOT_SEALED]
    shelf.journal.close()


def test_without_the_program_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "QUIETLY", ("/nowhere/nice",))
    with pytest.raises(SealError, match="apt-get install age"):
        asyncio.run(seal(tmp_path / "a.wav", ["age1"]))


def test_a_kill_at_any_moment_leaves_one_whole_file(tmp_path: Path, recipient: str, identity: Path) -> None:
    """want C2: a process that seals is killed with -9 at ten moments; plain or encrypted, one is whole."""
    whole = os.urandom(2_000_000)
    program = (
        "import asyncio, sys; from pathlib import Path; from appliance.recordings.sealing import seal; "
        "asyncio.run(seal(Path(sys.argv[1]), [sys.argv[2]]))"
    )
    seen = set()
    for n in range(10):
        path = tmp_path / f"{n}.wav"
        path.write_bytes(whole)
        command = [sys.executable, "-c", program, str(path), recipient]
        process = subprocess.Popen(command, start_new_session=True, cwd=Path(__file__).parents[3])
        time.sleep(0.04 * n)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        file = files.stored(path)
        assert file is not None
        seen.add(file.suffix)
        if file != path:
            asyncio.run(unseal(file, identity, tmp_path / f"{n}-out.wav"))
            file = tmp_path / f"{n}-out.wav"
        assert file.read_bytes() == whole
    assert ".wav" in seen
