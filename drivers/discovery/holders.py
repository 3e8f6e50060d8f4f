"""Who else has a serial port: processes that hold it open, and owners of UUCP lock files."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
LOCKS = Path("/run/lock")  # /var/lock of Debian: minicom, mgetty, gammu, wvdial (FHS 5.9)
PTMX = ("/dev/ptmx", "/dev/pts/ptmx")


@dataclass(frozen=True)
class Holder:
    """A process of somebody's."""

    pid: int
    program: str

    def __str__(self) -> str:
        return f"{self.pid} ({self.program})" if self.program else f"{self.pid}"


def holder(path: str, *, proc: Path = PROC, locks: Path = LOCKS) -> Holder | None:
    """Who holds the port, except ourselves; None when nobody can be seen.

    Processes of other users are seen by root alone. Takes milliseconds: every open file is looked at.
    """
    device = os.path.realpath(path)
    for process in proc.glob("[0-9]*"):
        if int(process.name) != os.getpid() and _has_open(process, device):
            return Holder(int(process.name), program(process))
    return _lock_file(device, proc, locks)


def program(process: Path) -> str:
    """What runs there ("ModemManager"); for a Python program its module or script, not "python3"."""
    name = _read(process / "comm")
    if name.startswith("python"):
        words = _read(process / "cmdline").split("\0")
        if "-m" in words[:-1]:
            return words[words.index("-m") + 1]
        if "-c" in words:
            return name
        return next((Path(word).name for word in words[1:] if word and not word.startswith("-")), name)
    return name


def _has_open(process: Path, device: str) -> bool:
    """Open, and not as the far end: who emulates a modem on a pty holds both of its ends."""
    try:
        links = {fd.name: os.readlink(fd) for fd in (process / "fd").iterdir()}
    except OSError:  # it ended, or is not ours to look at
        return False
    if device not in links.values():
        return False
    masters = [name for name, target in links.items() if target in PTMX]
    return not any(_pty_of(process / "fdinfo" / name) == device for name in masters)


def _pty_of(fdinfo: Path) -> str:
    found = re.search(r"^tty-index:\s*([0-9]+)", _read(fdinfo), re.MULTILINE)
    return f"/dev/pts/{found[1]}" if found else ""


def _lock_file(device: str, proc: Path, locks: Path) -> Holder | None:
    """`LCK..ttyUSB2` holds a process id; one that no longer runs locks nothing (FHS 5.9)."""
    owner = _read(locks / f"LCK..{Path(device).name}").split()
    if not owner or not owner[0].isdigit() or int(owner[0]) == os.getpid():
        return None
    process = proc / str(int(owner[0]))
    return Holder(int(owner[0]), program(process)) if process.is_dir() else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\n ")
    except OSError:
        return ""
