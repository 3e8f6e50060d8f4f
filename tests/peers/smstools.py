"""smstools' smsd from Debian on one emulated modem: a spool of files, one a message."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.peers.daemon import Daemon

INSTALL = "apt-get install smstools"

needs_smstools = pytest.mark.skipif(shutil.which("smsd") is None, reason=f"smsd is missing: {INSTALL}")

FOLDERS = ("outgoing", "checked", "failed", "incoming", "sent", "report", "stats", "saved")
CONFIG = """\
devices = GSM1
loglevel = 7
logfile = {folder}/smstools.log
infofile = {folder}/infofile
delaytime = 1
errorsleeptime = 1
blocktime = 5
stats = {folder}/stats
{folders}

[GSM1]
device = {device}
baudrate = 115200
rtscts = no
incoming = yes
report = yes
memory_start = 1
init = AT+CNMI=2,0,0,2,0
primary_memory = SM
secondary_memory = SR
secondary_memory_max = 20
"""


class Smstools(Daemon):
    """`async with Smstools(folder, device) as smsd:`; `send` spools, `received` is what came."""

    def __init__(self, folder: Path, device: str) -> None:
        for name in FOLDERS:
            (folder / name).mkdir(parents=True)
        spools = "\n".join(f"{name} = {folder / name}" for name in FOLDERS if name != "stats")
        config = folder / "smsd.conf"
        config.write_text(CONFIG.format(folder=folder, device=device, folders=spools))
        super().__init__(folder, "smsd", f"-c{config}", f"-p{folder / 'pid'}", "-t")

    def send(
        self, name: str, number: str, text: str, *, alphabet: str = "UTF-8", report: bool = False
    ) -> None:
        """Spool a message; it is complete when it appears in the folder."""
        headers = f"To: {number.removeprefix('+')}\nAlphabet: {alphabet}\n" + (
            "Report: yes\n" if report else ""
        )
        made = self.folder / f"{name}.new"
        made.write_text(f"{headers}\n{text}", encoding="utf-8")
        made.rename(self.folder / "outgoing" / name)

    def sent(self) -> list[str]:
        """Names of the messages that went out."""
        return sorted(path.name for path in (self.folder / "sent").iterdir())

    def failed(self) -> list[str]:
        """Names of those that did not."""
        return sorted(path.name for path in (self.folder / "failed").iterdir())

    def received(self) -> list[tuple[str, str]]:
        """(sender, text) of what came in, in no order."""
        return [_message(path) for path in (self.folder / "incoming").iterdir()]

    def reports(self) -> list[str]:
        """The status reports, as they stand in their files."""
        return [path.read_text(errors="replace") for path in (self.folder / "report").iterdir()]


def _message(path: Path) -> tuple[str, str]:
    head, _, body = path.read_bytes().partition(b"\n\n")
    headers = dict(line.split(": ", 1) for line in head.decode("latin-1").splitlines() if ": " in line)
    coded = "utf-16-be" if headers.get("Alphabet", "").startswith("UCS") else "iso8859-15"
    return headers.get("From", ""), body.decode(coded)
