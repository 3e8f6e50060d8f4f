"""A real third-party SIP phone on loopback, baresip from Debian: told what to do, recording what it hears.

`async with Baresip(folder, user="ana", say="sine:440") as phone:` then `await phone.command("accept")`,
`await phone.event("CALL_ESTABLISHED")`; after the block `phone.heard()` is the sound it received.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import shutil
import socket
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

OURS = range(10_000, 19_900)  # ports below the RTP of our workers and net.ipv4.ip_local_port_range
MODULES = Path("/usr/lib/baresip/modules")
INSTALL = "apt-get install baresip-core"

needs_baresip = pytest.mark.skipif(
    shutil.which("baresip") is None or not (MODULES / "sndfile.so").exists(),
    reason=f"baresip is missing: {INSTALL}",
)

CONFIG = """\
sip_listen 127.0.0.1:{port}

audio_player aubridge,nobody-{port}
audio_source aufile,{source}
audio_alert aubridge,nobody-{port}
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
audio_buffer 20-160
jitter_buffer_delay 1-4
rtp_ports {rtp}-{rtp_last}
rtcp_mux no
call_max_calls 8
snd_path {folder}/sound
module_path {modules}
module stdio.so
module g711.so
module srtp.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
"""


def free_port(kind: int = socket.SOCK_DGRAM) -> int:
    """A port of loopback that was free a moment ago, and that the kernel gives to nobody by itself."""
    while True:
        port = secrets.choice(OURS)
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, kind) as sock:
            sock.bind(("127.0.0.1", port))
            return port


class Baresip:
    """One phone of `user` at sip:user@127.0.0.1:port.

    `say` is what it says: "sine:440" (a minute of a tone, in Hz) or the path of a WAV file (8 kHz mono s16).
    `answer` is "manual" or "auto". `codecs` in its order, "pcma,pcmu". `encryption` "srtp" offers it and
    takes it, "srtp-mand" insists on it. With `registrar` ("127.0.0.1:5061;transport=tls") it registers there
    as `user` with `password`, and calls go by it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        user: str = "ana",
        port: int = 0,
        say: str = "sine:440",
        answer: str = "manual",
        codecs: str = "pcma,pcmu",
        encryption: str = "",
        registrar: str = "",
        password: str = "",
    ) -> None:
        self.user = user
        self.port = port or free_port()
        self.uri = f"sip:{user}@127.0.0.1:{self.port}"
        self.folder = folder
        self.events: list[dict[str, Any]] = []
        self._control = free_port(socket.SOCK_STREAM)
        self._settings = (say, answer, codecs)
        self._account = f";mediaenc={encryption}" if encryption else ""
        self._registration = f"<{self.uri};transport=udp>;regint=0"
        if registrar:
            self._registration = f"<sip:{user}@{registrar}>;auth_pass={password};regint=60"
        self._arrived = asyncio.Event()
        self._replies: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Baresip:
        self._write_config()
        with (self.folder / "baresip.log").open("wb") as output:
            self.process = await asyncio.create_subprocess_exec(
                "baresip", "-f", str(self.folder), stdin=asyncio.subprocess.PIPE, stdout=output, stderr=output
            )
        reader, self._writer = await self._connect()
        self._reading = asyncio.create_task(self._read(reader))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """End it politely, then for certain."""
        with contextlib.suppress(ConnectionError):
            self._send({"command": "quit"})
        try:
            await asyncio.wait_for(self.process.wait(), 3)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        self._writer.close()
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading

    async def command(self, command: str, params: str = "") -> str:
        """Run one of baresip's commands (dial, accept, hangup, hold, resume, sndcode); its answer's text."""
        while not self._replies.empty():
            self._replies.get_nowait()
        self._send({"command": command, "params": params})
        reply = await asyncio.wait_for(self._replies.get(), 5)
        return str(reply.get("data", ""))

    async def event(self, kind: str, *, seconds: float = 10.0) -> dict[str, Any]:
        """Wait for an event of this kind (CALL_INCOMING, CALL_RINGING, CALL_ESTABLISHED, CALL_CLOSED...).

        Each event is given once; raises TimeoutError with what came instead.
        """
        try:
            async with asyncio.timeout(seconds):
                while True:
                    for event in self.events:
                        if event.get("type") == kind:
                            self.events.remove(event)
                            return event
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            seen = [event.get("type") for event in self.events]
            raise TimeoutError(f"baresip {self.user}: no {kind} in {seconds} s, only {seen}") from None

    async def incoming(self) -> AsyncIterator[dict[str, Any]]:
        """Every call that comes in."""
        while True:
            yield await self.event("CALL_INCOMING", seconds=3600)

    def heard(self) -> npt.NDArray[np.int16]:
        """What it received in the calls that are over, one after another: 8 kHz mono samples."""
        return self._sound("dec")

    def said(self) -> npt.NDArray[np.int16]:
        """What it sent in the calls that are over."""
        return self._sound("enc")

    def _sound(self, side: str) -> npt.NDArray[np.int16]:
        pieces = []
        for path in sorted((self.folder / "sound").glob(f"*-{side}.wav")):
            with wave.open(str(path)) as file:
                pieces.append(np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16))
        return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int16)

    def _write_config(self) -> None:
        say, answer, codecs = self._settings
        (self.folder / "sound").mkdir(parents=True, exist_ok=True)
        kind, _, value = say.partition(":")
        source = Path(say)
        if kind == "sine":
            source = self.folder / "tone.wav"
            write_tone(source, float(value), seconds=60)
        rtp = 30000 + self.port % 1000 * 30
        (self.folder / "config").write_text(
            CONFIG.format(
                port=self.port,
                source=source,
                rtp=rtp,
                rtp_last=rtp + 29,
                folder=self.folder,
                modules=MODULES,
                control=self._control,
            )
        )
        (self.folder / "accounts").write_text(
            f"{self._registration};answermode={answer};audio_codecs={codecs}{self._account}\n"
        )
        (self.folder / "contacts").write_text("")

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        for _ in range(100):
            try:
                return await asyncio.open_connection("127.0.0.1", self._control)
            except ConnectionError:
                if self.process.returncode is not None:
                    break
                await asyncio.sleep(0.05)
        raise RuntimeError(f"baresip did not start: {(self.folder / 'baresip.log').read_text()[-2000:]}")

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode()
        self._writer.write(b"%d:%s," % (len(data), data))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Netstrings of JSON: replies and events."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                size = int((await reader.readuntil(b":"))[:-1])
                message = json.loads(await reader.readexactly(size))
                await reader.readexactly(1)
                if message.get("response"):
                    self._replies.put_nowait(message)
                else:
                    self.events.append(message)
                    self._arrived.set()


def write_tone(path: Path, hertz: float, *, seconds: float, dbfs: float = -10.0) -> None:
    """A WAV file with one tone, 8 kHz mono; baresip's own generator knows 48 kHz only."""
    time = np.arange(int(seconds * 8000)) / 8000
    sound = np.sin(2 * np.pi * hertz * time) * 32767 * 10 ** (dbfs / 20)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(sound.astype("<i2").tobytes())


def tone_level_dbfs(sound: npt.NDArray[np.int16], hertz: float) -> float:
    """Level of one tone in `sound` (8 kHz), dB below a full-scale sine; -120 for silence."""
    if not len(sound):
        return -120.0
    turn = np.exp(-2j * np.pi * hertz * np.arange(len(sound)) / 8000)
    amplitude = 2 * abs(np.dot(sound.astype(np.float64), turn)) / len(sound) / 32767
    return float(20 * np.log10(max(amplitude, 1e-6)))
