"""A second third-party SIP phone on loopback, linphonec from Debian; it knows attended transfer (Replaces).

`async with Linphone(folder, user="ana", say=440) as phone:` then `await phone.told("call sip:...")` and
`await phone.says("connected")`; it speaks a tone and records what it hears, a file each call on request.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.peers.baresip import free_port, write_tone

INSTALL = "apt-get install linphone-cli"

needs_linphone = pytest.mark.skipif(
    shutil.which("linphonec") is None, reason=f"linphonec is missing: {INSTALL}"
)

CONFIG = """\
[sip]
sip_port={udp}
sip_tcp_port={tcp}
sip_tls_port={tls}
bind_address=127.0.0.1
use_ipv6=0
contact=sip:{user}@127.0.0.1
guess_hostname=0
verify_server_certs=0
verify_server_cn=0
media_encryption={encryption}
default_proxy=-1
inc_timeout=60
[rtp]
bind_address=127.0.0.1
audio_rtp_port={rtp}
audio_adaptive_jitt_comp_enabled=0
[sound]
echocancellation=0
[video]
enabled=0
capture=0
display=0
automatically_initiate=0
automatically_accept=0
[audio_codec_0]
mime=PCMA
rate=8000
enabled=1
[audio_codec_1]
mime=PCMU
rate=8000
enabled=1
"""


class Linphone:
    """One phone of `user`. `transport` is udp, tcp or tls; `srtp` offers SDES. `text` is all it printed."""

    def __init__(
        self, folder: Path, *, user: str, say: float = 440.0, transport: str = "udp", srtp: bool = False
    ) -> None:
        self.user = user
        self.port = free_port(socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM)
        self.uri = f"sip:{user}@127.0.0.1:{self.port}"
        self.text = ""
        self._folder = folder
        self._transport = transport
        self._srtp = srtp
        self._say = say
        self._read_to = 0
        self._printed = asyncio.Event()

    async def __aenter__(self) -> Linphone:
        for part in (".local/share/linphone", ".config/linphone"):  # without its database it does not start
            (self._folder / part).mkdir(parents=True, exist_ok=True)
        config = self._folder / "linphonerc"
        config.write_text(self._config())
        tone = self._folder / "tone.wav"
        write_tone(tone, self._say, seconds=60)
        self.process = await asyncio.create_subprocess_exec(
            "linphonec",
            *("-c", str(config)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "HOME": str(self._folder), "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": ""},
        )
        self._reading = asyncio.create_task(self._read())
        await self.says("linphonec>")
        await self.told("soundcard use files")
        await self.told(f"play {tone}")
        await self.told(f"record {self._folder / 'heard.wav'}")
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(ConnectionError):
            await self.told("quit")
        try:
            await asyncio.wait_for(self.process.wait(), 5)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        await self._reading

    async def told(self, command: str) -> None:
        """Give it a command: call, answer, pause, resume, transfer, terminate, register..."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n".encode())
        await self.process.stdin.drain()

    async def register(self, realm: str, registrar: str, password: str, user: str = "") -> None:
        """Register as `user` (its own name) at `registrar`, host:port; returns when it says so."""
        proxy = f"sip:{registrar};transport={self._transport}"
        await self.told(f"register sip:{user or self.user}@{realm} {proxy} {password}")
        for _ in range(50):  # it does not say so by itself
            await self.told("status register")
            if (await self.says("registered")).startswith("registered,"):
                return
            await asyncio.sleep(0.1)
        raise TimeoutError(f"linphone {self.user}: not registered: {self.text[-500:]}")

    async def says(self, *words: str, seconds: float = 10.0) -> str:
        """Wait until it prints a line with all these words, after the last one waited for; that line."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    for end, line in self._lines():
                        if all(word in line for word in words):
                            self._read_to = end
                            return line
                    self._printed.clear()
                    await self._printed.wait()
        except TimeoutError:
            fresh = self.text[self._read_to :]
            raise TimeoutError(f"linphone {self.user}: no {words} in {seconds} s, only {fresh}") from None

    def heard(self) -> npt.NDArray[np.int16]:
        """What it received: 8 kHz mono samples; complete once it has ended."""
        path = self._folder / "heard.wav"
        if not path.exists():
            return np.zeros(0, dtype=np.int16)
        with wave.open(str(path)) as file:
            step = file.getframerate() // 8000
            sound = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
            return sound[:: file.getnchannels()][::step]

    def _lines(self) -> list[tuple[int, str]]:
        """What was printed since, by line; the last one may be unfinished (a prompt)."""
        at, found = self._read_to, []
        for line in self.text[at:].splitlines(keepends=True):
            at += len(line)
            found.append((at, line))
        return found

    def _config(self) -> str:
        ports = {kind: self.port if kind == self._transport else 0 for kind in ("udp", "tcp", "tls")}
        encryption = "srtp" if self._srtp else "none"
        return CONFIG.format(user=self.user, rtp=free_port() & ~1, encryption=encryption, **ports)

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while piece := await self.process.stdout.read(4096):
            self.text += piece.decode(errors="replace")
            self._printed.set()
