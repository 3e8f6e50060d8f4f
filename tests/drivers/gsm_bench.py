"""A GsmPort and an emulated modem joined by a wire in memory, on a clock that jumps."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from drivers.emulated.modem import Hooks, Identity, Modem
from drivers.emulated.network import NetCall, Network, Plan
from drivers.gsm.port import GsmPort, Transport
from drivers.health import Alarm, AlarmKind
from drivers.port import AudioHolder, Leg, PortLost, PortRefused, PortState, SerialAudio
from drivers.power import PowerError
from tests.drivers.gsm_families import SIM7600, Pair
from tests.drivers.wires import Wire

BOOT_SECONDS = 3.0
CALLER = "+4917012345678"
OFF_SECONDS = 3.0


class MemoryLine:
    """Stands for `serialline.SerialLine`."""

    def __init__(self, bench: Bench, on_bytes: Callable[[bytes], None], on_lost: Callable[[PortLost], None]):
        self._bench = bench
        self._on_bytes = on_bytes
        self.on_lost = on_lost
        self.is_open = True

    def write(self, data: bytes) -> None:
        if not self.is_open:
            raise PortLost("the line is closed")
        self._bench.wire.carry(data, self._bench.modem.feed)

    def close(self) -> None:
        self.is_open = False

    def deliver(self, data: bytes) -> None:
        if self.is_open:
            self._on_bytes(data)


class Holder:
    """Stands for the media engine: gives `fd` away, for once and for all."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.asked: list[str] = []
        self.flowing: list[tuple[str, bool]] = []

    async def held(self, port: str) -> SerialAudio | None:
        self.asked.append(port)
        fd, self.fd = self.fd, -1
        return SerialAudio(fd) if fd >= 0 else None

    async def release(self, port: str) -> None:
        raise NotImplementedError

    async def digits(self, port: str, digits: str) -> None:
        raise NotImplementedError

    def flow(self, port: str, on: bool) -> None:
        self.flowing.append((port, on))


class Switch:
    """Stands for the power of the modem: `drivers.power.Power`."""

    def __init__(self, bench: Bench) -> None:
        self.cycles = 0
        self.error: PowerError | None = None
        self._bench = bench

    async def cycle(self, place: str) -> None:
        if self.error is not None:
            raise self.error
        self.cycles += 1
        self._bench.unplug()
        await asyncio.sleep(OFF_SECONDS)
        asyncio.get_running_loop().call_later(self._bench.boot_seconds, self._bench.plug)


class Bench:
    """One modem on a wire. `port` is ours; `new_port` makes another one, as after a restart of the brain."""

    def __init__(
        self, wire: Wire | None = None, identity: Identity | None = None, *, pair: Pair = SIM7600
    ) -> None:
        loop = asyncio.get_running_loop()
        self.pair = pair
        self.wire = wire or Wire()
        self.plugged = True
        self.line: MemoryLine | None = None
        self.audio_opened = 0
        self.audio_error: PortRefused | None = None
        self.line_error: PortRefused | None = None
        self.boot_seconds = BOOT_SECONDS
        self.switch = Switch(self)
        self.news: list[tuple[str, dict[str, Any]]] = []
        self.network = Network(
            later=loop.call_later,
            clock=loop.time,
            news=lambda name, values: self.news.append((name, values)),
        )
        self.modem = Modem(
            "gsm-1",
            later=loop.call_later,
            clock=loop.time,
            hooks=Hooks(send=self._send, reset=self._reset),
            exchange=self.network,
            identity=identity,
            family=pair.family,
        )
        self.port = self.new_port()

    def new_port(
        self, holder: AudioHolder | None = None, pin: str = "", power: Switch | None = None
    ) -> GsmPort:
        port = GsmPort(
            "gsm-1",
            path="/dev/gsm-1-at",
            audio_path="/dev/null",
            dialect=self.pair.dialect,
            pin=pin,
            power=power,
            transport=Transport(self._open_line, self._open_audio),
        )
        port.audio_holder = holder
        return port

    def call(self, number: str = "+4917012345678", plan: Plan | None = None) -> NetCall:
        return self.network.place(self.modem, number, plan or Plan())

    def unplug(self) -> None:
        self.plugged = self.modem.powered = False
        self.modem.boot()
        if self.line is not None and self.line.is_open:
            self.line.close()
            self.line.on_lost(PortLost("port gsm-1: unplugged"))

    def plug(self) -> None:
        if not self.plugged:
            self.plugged = self.modem.powered = True
            self.modem.restarted()

    def _open_line(self, name: str, path: str, *, on_bytes: Any, on_lost: Any, **serial: Any) -> MemoryLine:
        if not self.plugged:
            raise PortRefused(f"port {name}: {path} is missing")
        if self.line_error is not None:
            raise self.line_error
        self.line = MemoryLine(self, on_bytes, on_lost)
        return self.line

    def _open_audio(self, name: str, path: str) -> int:
        self.audio_opened += 1
        if self.audio_error is not None:
            raise self.audio_error
        return os.open(path, os.O_RDWR)

    def _send(self, data: bytes) -> None:
        if self.line is not None:
            self.wire.carry(data, self.line.deliver)

    def _reset(self) -> None:
        self.unplug()
        asyncio.get_running_loop().call_later(self.boot_seconds, self.plug)


@asynccontextmanager
async def bench(
    wire: Wire | None = None,
    *,
    identity: Identity | None = None,
    power: bool = False,
    pair: Pair = SIM7600,
) -> AsyncIterator[Bench]:
    """A bench with its port open and idle; `power`: its power can be switched."""
    bench = Bench(wire, identity, pair=pair)
    if power:
        bench.port = bench.new_port(power=bench.switch)
    await bench.port.open()
    assert bench.port.state is PortState.IDLE, bench.port.reason
    async with asyncio.timeout(30):
        await bench.port.text_messages.until_looked()
    try:
        yield bench
    finally:
        await bench.port.close()


def now() -> float:
    return asyncio.get_running_loop().time()


def alarms_of(b: Bench) -> dict[AlarmKind, Alarm]:
    alarms = b.port.alarms()
    assert len({alarm.kind for alarm in alarms}) == len(alarms)
    return {alarm.kind: alarm for alarm in alarms}


async def up(b: Bench) -> Leg:
    b.call(CALLER)
    leg = await b.port.next_ring()
    await leg.answer()
    return leg


async def healed(b: Bench, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await b.port.until_state(PortState.FAULT)
        await b.port.until_state(PortState.IDLE)
