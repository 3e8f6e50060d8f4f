"""vm and vgetty from Debian (mgetty-voice), pointed at a pty, with their files in a folder of their own.

`programs = Mgetty(folder, shim)`, then `await programs.vm(port, "record", "-t", "-L", "1", "heard.rmd")`, or
`async with programs.vgetty(port):`. `shim` is what `build_shim` made of modem_control.c.
"""

from __future__ import annotations

import asyncio
import contextlib
import grp
import os
import pwd
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

INSTALL = "apt-get install mgetty-voice"
SOURCE = Path(__file__).with_name("modem_control.c")
HEADER_BYTES = 32  # of a raw modem data file: "RMD1", whose, compression, rate, bits, nothing
LINEAR_U8 = 1  # vgetty's number for it

VGETTY = shutil.which("vgetty", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

needs_mgetty = pytest.mark.skipif(
    shutil.which("vm") is None or VGETTY is None, reason=f"vm or vgetty is missing: {INSTALL}"
)

VOICE_CONF = """\
part generic
voice_log_level 6
port_speed 115200
forceV253 {force}
command_delay 20
phone_owner {user}
phone_group {group}
voice_dir {folder}/var/spool/voice
program vgetty
rings 3
answer_mode voice
rec_compression 1
rec_max_len 20
beep_length 300
dtmf_program {folder}/dtmf.sh
program vm
"""
MGETTY_CONF = "debug 6\nspeed 115200\ntoggle-dtr no\n"
DTMF_SH = '#!/bin/sh\necho "$1" >> {folder}/dtmf.txt\n'


def build_shim(folder: Path) -> Path:
    """Compile modem_control.c."""
    shim = folder / "modem_control.so"
    flags = ("-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror")
    subprocess.run(["gcc", *flags, "-o", shim, SOURCE, "-ldl"], check=True, timeout=60)
    return shim


def rmd(sound: bytes) -> bytes:
    """A file for `vm play` of 8 bit unsigned samples at 8 kHz."""
    head = b"RMD1" + b"V253modem".ljust(16, b"\0") + LINEAR_U8.to_bytes(2, "big") + (8000).to_bytes(2, "big")
    return (head + b"\x08").ljust(HEADER_BYTES, b"\0") + sound


class Mgetty:
    """The two programs, with private files below `folder`."""

    def __init__(self, folder: Path, shim: Path, *, force: bool = True) -> None:
        self.folder = folder
        self.incoming = folder / "var/spool/voice/incoming"
        self.messages = folder / "var/spool/voice/messages"
        self._environment = {**os.environ, "LD_PRELOAD": str(shim), "PRIVATE_FILES": str(folder)}
        for path in (self.incoming, self.messages, *(folder / "var" / part for part in ("lock", "run"))):
            path.mkdir(parents=True, exist_ok=True)
        (folder / "var/log/mgetty").mkdir(parents=True, exist_ok=True)
        (folder / "etc/mgetty").mkdir(parents=True, exist_ok=True)
        values = {
            "force": "true" if force else "false",
            "user": pwd.getpwuid(os.getuid()).pw_name,
            "group": grp.getgrgid(os.getgid()).gr_name,
            "folder": folder,
        }
        (folder / "etc/mgetty/voice.conf").write_text(VOICE_CONF.format(**values))
        (folder / "etc/mgetty/mgetty.config").write_text(MGETTY_CONF)
        script = folder / "dtmf.sh"
        script.write_text(DTMF_SH.format(folder=folder))
        script.chmod(0o755)

    async def vm(self, port: Path, action: str, *words: str, may_fail: bool = False) -> str:
        """Run `vm ACTION -l PORT WORDS`, give what it prints; its log when it fails."""
        process = await asyncio.create_subprocess_exec(
            *("vm", action, "-l", _tty(port), *words),
            env=self._environment,
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(40):
                out, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            pytest.fail(f"vm {action} did not end\n{self.log()}")
        if process.returncode != 0 and not may_fail:
            pytest.fail(f"vm {action} ended with {process.returncode}: {out.decode()}\n{self.log()}")
        return out.decode()

    @contextlib.asynccontextmanager
    async def vgetty(self, port: Path) -> AsyncIterator[asyncio.subprocess.Process]:
        """A vgetty that waits for rings, as init would start it; it ends by itself after a call."""
        process = await asyncio.create_subprocess_exec(
            *(VGETTY or "vgetty", _tty(port)), env=self._environment, start_new_session=True
        )
        try:
            async with asyncio.timeout(20):
                while "waiting..." not in self.log():  # noqa: ASYNC110 - another program's log
                    await asyncio.sleep(0.1)
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()

    def log(self) -> str:
        """What both programs logged, all of it."""
        return "".join(
            path.read_text(errors="replace") for path in sorted((self.folder / "var/log/mgetty").iterdir())
        )


def _tty(port: Path) -> str:
    """A pty as these programs want it: pts/3."""
    return os.path.realpath(port).removeprefix("/dev/")
