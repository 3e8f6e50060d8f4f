"""A V253Port and an emulated voice modem joined by a wire in memory, with a stand-in for the media engine.

The stand-in hears what the engine would: codes, tones of the country, keys, silence, a port that is dead.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from drivers.emulated.network import Callee, NetCall, Network, Plan, Sound
from drivers.emulated.v253.chips import CX93001, Chip
from drivers.emulated.v253.line import LineOptions, read_zone
from drivers.emulated.v253.modem import Hooks, VoiceModem
from drivers.port import AudioHolder, AudioNews, DriverError, PortLost, PortRefused, PortState, SerialAudio
from drivers.v253.coding import Coding
from drivers.v253.dle import Code, Reader, shield
from drivers.v253.port import V253Port
from drivers.v253.settings import Settings
from dsp import progress
from dsp.dtmf import Receiver
from tests.drivers.wires import Wire

PATH = "/dev/full"  # a device that is there, and nobody has it open
DEAD_SECONDS = 2.0
SILENCE = {Coding.ULAW: 0xFF, Coding.ALAW: 0xD5, Coding.U8: 0x80, Coding.S8: 0x00}


class MemoryLine:
    """Stands for `serialline.SerialLine`."""

    def __init__(self, bench: Bench, on_bytes: Any, on_lost: Any, fd: int) -> None:
        self._bench = bench
        self._on_bytes = on_bytes
        self.on_lost = on_lost
        self.fd = fd if fd >= 0 else os.open(PATH, os.O_RDWR)
        self.is_open = True
        self.reading = fd < 0

    def write(self, data: bytes) -> None:
        if not self.is_open:
            raise PortLost("port line-1: the line is closed")
        self._bench.to_modem(data)

    def close(self) -> None:
        if self.is_open:
            os.close(self.fd)
        self.is_open = self.reading = False

    def pause(self) -> int:
        self.reading = False
        self._bench.engine.takes()
        return self.fd

    def resume(self) -> None:
        self.reading = True
        self._bench.pump()

    @property
    def alive(self) -> bool:
        return self.is_open and self._bench.plugged

    def deliver(self, data: bytes) -> None:
        self._on_bytes(data)


class Engine:
    """Stands for the media engine: has the port of a call that is up, hears and speaks there."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.has_port = False
        self.speaks = True
        self.released = 0
        self.digits_sent = ""
        self.heard_codes = ""
        self.heard_keys = ""
        self._dead: asyncio.TimerHandle | None = None
        self._told: list[tuple[float, AudioNews, str]] = []
        self._since = 0.0

    def takes(self) -> None:
        """The graph has been told of the leg's audio."""
        self.has_port = True
        self._told, self._since = [], asyncio.get_running_loop().time()
        self._reader = Reader()
        self._keys = Receiver()
        self._tones = progress.Detector(self._bench.settings.country)
        self._quiet_seconds = 0.0
        self._watch_dead()

    async def held(self, port: str) -> SerialAudio | None:
        audio, now = self._bench.audio, asyncio.get_running_loop().time()
        if not self.has_port or audio is None:
            return None
        heard = tuple((now - at, news, value) for at, news, value in self._told)
        return replace(audio, fd=os.open(PATH, os.O_RDWR), up_seconds=now - self._since, heard=heard)

    async def release(self, port: str) -> None:
        self.released += 1
        self.has_port = False
        if self._dead is not None:
            self._dead.cancel()

    async def digits(self, port: str, digits: str) -> None:
        self.digits_sent += digits

    def flow(self, port: str, on: bool) -> None:
        self.speaks = on

    def feed(self, data: bytes) -> None:
        self._watch_dead()
        for piece in self._reader.feed(data):
            if isinstance(piece, Code):
                self.heard_codes += piece.char
                self.tell(AudioNews.CODE, piece.char)
            elif isinstance(piece, bytes):
                self._hear(piece)

    def tell(self, news: AudioNews, value: str = "") -> None:
        self._told.append((asyncio.get_running_loop().time(), news, value))
        self._bench.port.audio_news(news, value)

    def _hear(self, sound: bytes) -> None:
        coding = self._bench.coding
        samples = coding.samples(sound)
        if self.speaks and self._bench.modem.stream is not None:
            self._bench.to_modem(shield(bytes([SILENCE[coding]]) * len(sound)))
        for found in self._tones.feed(samples):
            over = found.end_sample is not None
            self.tell(AudioNews.TONE_OVER if over else AudioNews.TONE, found.tone)
        for key in self._keys.feed(samples):
            self.heard_keys += key.digit
            leg = self._bench.port._calls.leg
            if leg is not None and leg.digits_in_audio:
                leg.heard(key.digit)
        self._silence(samples)

    def _silence(self, samples: bytes) -> None:
        view = memoryview(samples).cast("h")
        if max(map(abs, view), default=0) > 300:
            if self._quiet_seconds >= self._bench.settings.rules.silence_seconds > 0:
                self.tell(AudioNews.SILENCE_OVER)
            self._quiet_seconds = 0.0
            return
        before, self._quiet_seconds = self._quiet_seconds, self._quiet_seconds + len(view) / 8000
        limit = self._bench.settings.rules.silence_seconds
        if limit and before < limit <= self._quiet_seconds:
            self.tell(AudioNews.SILENCE, f"{self._quiet_seconds:.1f}")

    def _watch_dead(self) -> None:
        if self._dead is not None:
            self._dead.cancel()
        loop = asyncio.get_running_loop()
        self._dead = loop.call_later(DEAD_SECONDS, self.tell, AudioNews.DEAD, "2.0")


class Bench:
    """One modem on a wire. `port` is ours; `new_port` makes another one, as after a restart of the brain."""

    def __init__(
        self, wire: Wire | None = None, *, chip: Chip = CX93001, settings: Settings | None = None
    ) -> None:
        loop = asyncio.get_running_loop()
        self.wire = wire or Wire()
        self.settings = settings or Settings()
        self.plugged = True
        self.line: MemoryLine | None = None
        self.backlog = bytearray()  # what the kernel keeps while nobody reads
        self.engine = Engine(self)
        self._audio: SerialAudio | None = None
        self.cut_after: int | None = None  # bytes to the modem until the cable is pulled
        self.network = Network(later=loop.call_later, clock=loop.time)
        self.options = LineOptions(zone=read_zone(self.settings.country), echo_loss_db=None)
        self.modem = VoiceModem(
            "line-1",
            later=loop.call_later,
            clock=loop.time,
            hooks=Hooks(send=self._from_modem),
            exchange=self.network,
            chip=chip,
            line=self.options,
        )
        self.port = self.new_port()

    def new_port(self, holder: AudioHolder | None = None) -> V253Port:
        """A port; the old one must be closed."""
        _ = self.audio if hasattr(self, "port") else None
        self.port = V253Port("line-1", path=PATH, settings=self.settings, open_line=self._open)
        self.port.audio_holder = holder or self.engine
        return self.port

    @property
    def audio(self) -> SerialAudio | None:
        """The sound of the call that is up, also after the brain that had it is gone."""
        leg = self.port._calls.leg
        if leg is not None and isinstance(leg.audio, SerialAudio):
            self._audio = leg.audio
        return self._audio

    @property
    def coding(self) -> Coding:
        return Coding(self.audio.coding) if self.audio is not None else Coding.ULAW

    def call(self, number: str = "5551234567", plan: Plan | None = None) -> NetCall:
        return self.network.place(self.modem, number, plan or Plan())

    def party(self, number: str, callee: Callee) -> None:
        """Somebody who can be dialled; a call to them speaks once it is answered, for that is how we know."""
        if callee.plan == Plan():
            callee = replace(callee, plan=Plan(Sound(tone_hz=1000.0, loop=True)))
        self.network.callees[number.replace("+", self.settings.plus)] = callee

    def unplug(self) -> None:
        self.plugged = self.modem.powered = False
        self.modem.boot()
        self.backlog.clear()
        line = self.line
        if self.engine.has_port:
            self.engine.has_port = False
            self.engine.tell(AudioNews.LOST, "Input/output error")
        if line is not None and line.is_open and line.reading:
            line.close()
            line.on_lost(PortLost("port line-1: unplugged"))

    def plug(self) -> None:
        self.plugged = self.modem.powered = True
        self.modem.restarted()

    def to_modem(self, data: bytes) -> None:
        if self.cut_after is not None:
            self.cut_after -= len(data)
            if self.cut_after < 0:
                self.cut_after = None
                self.unplug()
                return
        self.wire.carry(data, self.modem.feed)

    def pump(self) -> None:
        """Give what has come to whoever reads."""
        while self.backlog:
            data = bytes(self.backlog)
            if self.engine.has_port:
                self.backlog.clear()
                self.engine.feed(data)
            elif self.line is not None and self.line.is_open and self.line.reading:
                self.backlog.clear()
                self.line.deliver(data)
            else:
                del self.backlog[:-4096]
                return

    def _from_modem(self, data: bytes) -> None:
        self.wire.carry(data, self._arrived)

    def _arrived(self, data: bytes) -> None:
        if self.plugged:
            self.backlog += data
            self.pump()

    def _open(
        self,
        name: str,
        path: str,
        *,
        on_bytes: Callable[[bytes], None],
        on_lost: Callable[[DriverError], None],
        fd: int = -1,
        **serial: Any,
    ) -> MemoryLine:
        if not self.plugged:
            raise PortRefused(f"port {name}: {path} is missing")
        self.line = MemoryLine(self, on_bytes, on_lost, fd)
        return self.line


@asynccontextmanager
async def bench(
    wire: Wire | None = None, *, chip: Chip = CX93001, settings: Settings | None = None
) -> AsyncIterator[Bench]:
    """A bench with its port open and idle."""
    bench = Bench(wire, chip=chip, settings=settings)
    await bench.port.open()
    assert bench.port.state is PortState.IDLE, bench.port.reason
    try:
        yield bench
    finally:
        await bench.port.close()
