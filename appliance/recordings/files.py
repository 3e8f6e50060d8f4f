"""The files of recordings: plain while they are written, encrypted after that where the box is told to.

A recording keeps one name, that of the plain file; an encrypted one has SEALED after it, one that is being
encrypted PART after that.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

SEALED = ".age"
PART = ".part"


def sealed(path: Path) -> Path:
    """The encrypted file of a recording."""
    return path.with_name(path.name + SEALED)


def stored(path: Path) -> Path | None:
    """The file there is: the plain one before the encrypted one; None when both are gone."""
    return next((each for each in (path, sealed(path)) if each.exists()), None)


def names(folder: Path) -> set[Path]:
    """Every recording below the folder that has a file, by its name."""
    return {path for path in _walk(folder) if path.suffix == ".wav"} | {
        path.with_suffix("") for path in _walk(folder) if path.name.endswith(".wav" + SEALED)
    }


def leftovers(folder: Path) -> list[Path]:
    """What an encryption that was cut off has left."""
    return [path for path in _walk(folder) if path.suffix == PART]


def used_bytes(folder: Path) -> int:
    """All files below the folder together."""
    return sum(size(path) for path in _walk(folder))


def size(path: Path) -> int:
    """Bytes of a file, 0 where it has gone meanwhile."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def is_written(path: Path) -> bool:
    """Whether the engine still writes it."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def remove(path: Path) -> None:
    """Delete every file of a recording; harmless when there is none. Raises OSError."""
    for each in (path, sealed(path), sealed(path).with_name(sealed(path).name + PART)):
        each.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """A file, or the names in a folder, on the disk. Raises OSError."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _walk(folder: Path) -> Iterator[Path]:
    for at, _, found in os.walk(folder):
        yield from (Path(at, name) for name in found)
