"""Encryption at rest: a closed recording is encrypted to the recipients of the configuration, by `age`.

The program runs beside us, at the lowest priority; the box has no key to read what it wrote. The plain file
goes when the encrypted one is on the disk: whenever it is cut off, one of the two is whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from appliance.recordings.files import PART, sealed, sync

LONGEST_SECONDS = 3600.0  # for one file
QUIETLY = ("nice", "-n", "19")


class SealError(Exception):
    """A recording could not be encrypted, or decrypted; the message says why."""


async def seal(path: Path, recipients: Sequence[str]) -> None:
    """Put the encrypted file in the place of the plain one. Raises SealError, and leaves the plain one."""
    to = sealed(path)
    part = to.with_name(to.name + PART)
    words = [word for recipient in recipients for word in ("-r", recipient)]
    await _age("--encrypt", *words, "-o", str(part), str(path))
    try:
        await asyncio.to_thread(_put, path, part, to)
    except OSError as error:
        raise SealError(f"{path}: {error.strerror}. See to the disk") from error


def _put(path: Path, part: Path, to: Path) -> None:
    sync(part)
    part.chmod(0o640)
    part.replace(to)
    sync(to.parent)
    path.unlink()


async def unseal(path: Path, identity: Path, to: Path) -> None:
    """Write the plain recording of an encrypted file, by the key in `identity`. Raises SealError."""
    await _age("--decrypt", "-i", str(identity), "-o", str(to), str(path))


async def _age(*words: str) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            *QUIETLY,
            "age",
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise SealError(f"age: {error.strerror}. sudo apt-get install age") from error
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            _, said = await process.communicate()
    except BaseException:  # cancelled, or too slow: nobody waits for it any more
        if process.returncode is None:
            process.kill()
        raise
    if process.returncode != 0:
        why = said.decode(errors="replace").strip().splitlines()
        raise SealError(f"{words[-1]}: {why[0] if why else 'age failed'}. See to the disk and to age")
