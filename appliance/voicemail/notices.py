"""The ways to tell somebody of a new message: a program of the installer's, an e-mail. Each may fail."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import smtplib
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from appliance.config.voicemail import Mail

MAIL_SECONDS = 20.0
MOST_ATTACHED = 10 << 20  # bytes, as mail hosts usually take
SAID = 200  # characters of what a program said that the journal keeps


class NotTold(Exception):
    """Whoever was to be told was not; the message says why."""


async def run_hook(argv: Sequence[str], told: Mapping[str, Any], seconds: float) -> None:
    """Run the program with `told` as JSON on its input; raises NotTold unless it ends with 0 in time."""
    try:
        program = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            close_fds=True,
        )
    except OSError as error:
        raise NotTold(f"{argv[0]} cannot be run: {error.strerror}") from error
    try:
        async with asyncio.timeout(seconds):
            said = await _talk(program, json.dumps(told).encode())
    except TimeoutError:
        raise NotTold(f"{argv[0]} was ended after {seconds:g} s") from None
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(program.pid, signal.SIGKILL)  # its children too
        await program.wait()
    if program.returncode:
        raise NotTold(f"{argv[0]} ended with {program.returncode}: {said}".rstrip(": "))


async def _talk(program: asyncio.subprocess.Process, text: bytes) -> str:
    """Give it its input; what it said at the end of its error output."""
    assert program.stdin is not None
    assert program.stderr is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        program.stdin.write(text)
        await program.stdin.drain()
    program.stdin.close()
    last = b""
    while piece := await program.stderr.read(4096):
        last = (last + piece)[-SAID:]
    await program.wait()
    return last.decode(errors="replace").strip()


def send_mail(mail: Mail, to: str, subject: str, text: str, attached: Sequence[Path]) -> None:
    """Hand an e-mail to the mail host; blocks. Raises NotTold. Files that are too large are left out."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = mail.sender, to, subject
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834 5
    letter.set_content(text)
    try:
        for path in attached:
            if path.stat().st_size <= MOST_ATTACHED:
                sound = path.read_bytes()
                letter.add_attachment(sound, maintype="audio", subtype="x-wav", filename=path.name)
        with smtplib.SMTP(mail.host, mail.port, timeout=MAIL_SECONDS) as host:
            host.send_message(letter)
    except (OSError, smtplib.SMTPException) as error:
        raise NotTold(f"mail host {mail.host}:{mail.port}: {error}") from error
