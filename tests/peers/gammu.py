"""gammu and gammu-smsd from Debian on one emulated modem."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.peers.daemon import Daemon

needs_gammu = pytest.mark.skipif(
    shutil.which("gammu") is None, reason="gammu is missing: apt-get install gammu"
)
needs_gammu_smsd = pytest.mark.skipif(
    shutil.which("gammu-smsd") is None, reason="gammu-smsd is missing: apt-get install gammu-smsd"
)

GAMMU = """\
[gammu]
device = {device}
connection = at115200
logfile = {folder}/gammu.log
logformat = textalldate
"""
SMSD = """
[smsd]
service = files
logfile = {folder}/smsd.log
debuglevel = 255
deliveryreport = log
commtimeout = 1
receivefrequency = 1
inboxpath = {folder}/inbox/
outboxpath = {folder}/outbox/
sentsmspath = {folder}/sent/
errorsmspath = {folder}/error/
inboxformat = unicode
"""
COMMAND_SECONDS = 60.0


async def gammu(folder: Path, device: str, *arguments: str) -> str:
    """What `gammu ARGUMENTS` prints; raises AssertionError with it when it fails."""
    config = folder / "gammurc"
    config.write_text(GAMMU.format(device=device, folder=folder))
    return await _run("gammu", "--config", str(config), *arguments)


class GammuSmsd(Daemon):
    """`async with GammuSmsd(folder, device) as smsd:`."""

    def __init__(self, folder: Path, device: str) -> None:
        for name in ("inbox", "outbox", "sent", "error"):
            (folder / name).mkdir(parents=True)
        self._config = folder / "gammu-smsdrc"
        self._config.write_text((GAMMU + SMSD).format(device=device, folder=folder))
        super().__init__(folder, "gammu-smsd", "--config", str(self._config))

    async def send(self, number: str, text: str) -> None:
        """Put a message into its outbox."""
        kind = ("-unicode",) if not text.isascii() else ()
        length = ("-len", str(len(text)))
        inject = ("gammu-smsd-inject", "--config", str(self._config), "TEXT", number)
        await _run(*inject, *length, *kind, "-text", text)

    def sent(self) -> list[str]:
        """Names of the messages that went out."""
        return sorted(path.name for path in (self.folder / "sent").iterdir())

    def failed(self) -> list[str]:
        """Names of those that did not."""
        return sorted(path.name for path in (self.folder / "error").iterdir())

    def received(self) -> list[str]:
        """The texts that came in (a file a part), in their order."""
        files = sorted((self.folder / "inbox").iterdir())
        return [path.read_bytes().decode("utf-16").split("\0")[0] for path in files]


async def _run(*command: str) -> str:
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(COMMAND_SECONDS):
        said = (await child.communicate())[0].decode(errors="replace")
    assert child.returncode == 0, f"{command}: {said}"
    return said
