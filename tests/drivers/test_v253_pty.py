"""The driver on a real pty: a call in, its sound read elsewhere, taken over by a second port, hung up."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.emulated.network import Network, Plan, Sound
from drivers.emulated.ptys import Pty
from drivers.emulated.v253.line import LineOptions, read_zone
from drivers.emulated.v253.modem import Hooks, VoiceModem
from drivers.port import AudioNews, EndCause, LegState, PortState, SerialAudio
from drivers.v253.dle import Code, Reader
from drivers.v253.port import V253Port
from drivers.v253.settings import Settings


class _Engine:
    """Reads the sound of a lent port; tells its codes."""

    def __init__(self) -> None:
        self.port: V253Port | None = None
        self.fd = -1
        self.sound_bytes = 0

    def take(self, audio: SerialAudio) -> None:
        self.audio, self.fd = audio, os.dup(audio.fd)
        self._reader = Reader()
        asyncio.get_running_loop().add_reader(self.fd, self._readable)

    async def held(self, port: str) -> SerialAudio | None:
        return replace(self.audio, fd=os.dup(self.fd)) if self.fd >= 0 else None

    async def release(self, port: str) -> None:
        if self.fd >= 0:
            asyncio.get_running_loop().remove_reader(self.fd)
            os.close(self.fd)
            self.fd = -1

    async def digits(self, port: str, digits: str) -> None:
        raise NotImplementedError

    def flow(self, port: str, on: bool) -> None:
        raise NotImplementedError

    def _readable(self) -> None:
        for piece in self._reader.feed(os.read(self.fd, 4096)):
            if isinstance(piece, bytes):
                self.sound_bytes += len(piece)
            elif isinstance(piece, Code) and self.port is not None:
                self.port.audio_news(AudioNews.CODE, piece.char)


@pytest.mark.slow
@pytest.mark.realtime
async def test_a_call_over_a_pty_with_a_restart_in_its_middle(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    network = Network(later=loop.call_later, clock=loop.time)
    pty = Pty(tmp_path / "modem", on_bytes=lambda data: modem.feed(data))
    modem = VoiceModem(
        "line-1",
        later=loop.call_later,
        clock=loop.time,
        hooks=Hooks(send=pty.write, hold=pty.hold),
        exchange=network,
        line=LineOptions(zone=read_zone("uk"), echo_loss_db=None),
    )
    pty.plug()
    engine = _Engine()

    def new_port() -> V253Port:
        port = V253Port("line-1", path=str(tmp_path / "modem"), settings=Settings(country="uk"))
        port.audio_holder = engine
        engine.port = port
        return port

    port = new_port()
    async with asyncio.timeout(40):
        await port.open()
        assert port.state is PortState.IDLE, port.reason
        call = network.place(modem, "01632960001", Plan(Sound(tone_hz=1000.0, loop=True)))
        leg = await port.next_ring()
        assert leg.peer == "01632960001"
        await leg.answer()
        assert isinstance(leg.audio, SerialAudio)
        assert leg.audio.coding == "alaw"
        engine.take(leg.audio)
        await asyncio.sleep(0.5)
        assert engine.sound_bytes > 2000
        await port.close()
        port = new_port()
        await port.open()
        found = await port.next_ring()
        assert (found.state, port.state) == (LegState.UP, PortState.BUSY)
        heard = engine.sound_bytes
        await asyncio.sleep(0.3)
        assert engine.sound_bytes > heard + 1000  # nothing was disturbed
        assert modem.talking
        await found.hangup()
        assert found.cause is EndCause.LOCAL
        await port.until_state(PortState.IDLE)
        assert not modem.is_off_hook
        assert call.id not in network.calls
        await port.close()
    pty.unplug()
