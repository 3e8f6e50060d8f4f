"""Who has a serial port besides us."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.discovery.holders import Holder, holder, program

NOBODY = 4194304  # above the largest process id there can be (proc(5), pid_max)
WAIT = "import sys; f = open(sys.argv[1]); print(flush=True); sys.stdin.read()"


@pytest.fixture
def pty() -> Iterator[str]:
    """A pty whose far end we hold ourselves."""
    far, near = os.openpty()
    yield os.ttyname(near)
    os.close(far)
    os.close(near)


def made_up(
    proc: Path, pid: int, *, comm: str, cmdline: str = "", files: dict[str, str] | None = None
) -> Path:
    """A process as /proc shows it; `files` are its descriptors."""
    process = proc / str(pid)
    (process / "fd").mkdir(parents=True)
    (process / "fdinfo").mkdir()
    (process / "comm").write_text(comm + "\n")
    (process / "cmdline").write_text(cmdline)
    for number, target in (files or {}).items():
        (process / "fd" / number).symlink_to(target)
        (process / "fdinfo" / number).write_text("pos:\t0\n" + "tty-index:\t7\n" * ("ptmx" in target))
    return process


@pytest.mark.slow
def test_a_process_that_has_the_port_open_is_named(pty: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAIT, pty], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = holder(pty)
        assert found is not None
        assert (found.pid, found.program[:6]) == (process.pid, "python")
        process.communicate()
    assert holder(pty) is None


def test_what_we_have_open_ourselves_is_nobody_elses(pty: str) -> None:
    assert holder(pty) is None


def test_modemmanager_is_named(tmp_path: Path) -> None:
    made_up(tmp_path, NOBODY, comm="ModemManager", files={"0": "/dev/null", "9": "/dev/ttyUSB2"})
    assert holder("/dev/ttyUSB2", proc=tmp_path, locks=tmp_path) == Holder(NOBODY, "ModemManager")
    assert str(holder("/dev/ttyUSB2", proc=tmp_path, locks=tmp_path)) == f"{NOBODY} (ModemManager)"
    assert holder("/dev/ttyUSB3", proc=tmp_path, locks=tmp_path) is None


def test_the_far_end_of_a_pty_is_no_holder(tmp_path: Path) -> None:
    """An emulator has both ends of its ptys open."""
    made_up(tmp_path, NOBODY, comm="emulator", files={"4": "/dev/ptmx", "5": "/dev/pts/7", "6": "/dev/pts/8"})
    assert holder("/dev/pts/7", proc=tmp_path, locks=tmp_path) is None
    assert holder("/dev/pts/8", proc=tmp_path, locks=tmp_path) == Holder(NOBODY, "emulator")


@pytest.mark.parametrize(
    ("comm", "cmdline", "name"),
    [
        ("gammu-smsd", "gammu-smsd\0-c\0x", "gammu-smsd"),
        ("python3", "python3\0-m\0appliance.app\0--config\0x", "appliance.app"),
        ("python3.11", "/usr/bin/python3.11\0-u\0/opt/check_signal.py\0/dev/ttyUSB2", "check_signal.py"),
        ("python3", "python3\0-c\0import time", "python3"),
        ("python3", "", "python3"),
    ],
)
def test_a_program_is_called_as_people_know_it(tmp_path: Path, comm: str, cmdline: str, name: str) -> None:
    assert program(made_up(tmp_path, 1, comm=comm, cmdline=cmdline)) == name


def test_an_owner_of_a_lock_file_holds_the_port_while_it_lives(tmp_path: Path) -> None:
    proc, locks = tmp_path / "proc", tmp_path / "lock"
    locks.mkdir()
    made_up(proc, NOBODY, comm="minicom")
    (locks / "LCK..ttyUSB2").write_text(f"{NOBODY:10d}\n")
    (locks / "LCK..ttyUSB3").write_text(f"{NOBODY + 1:10d}\n")
    (locks / "LCK..ttyUSB4").write_bytes(b"\xff\x00\x01")
    (locks / "LCK..ttyUSB5").write_text(f"{os.getpid():10d}\n")
    assert holder("/dev/ttyUSB2", proc=proc, locks=locks) == Holder(NOBODY, "minicom")
    assert [holder(f"/dev/ttyUSB{n}", proc=proc, locks=locks) for n in (3, 4, 5, 6)] == [None] * 4
