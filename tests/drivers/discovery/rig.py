"""Modems plugged into a made-up USB, on wires in memory and a clock that jumps."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers.discovery.asking import Access
from drivers.discovery.holders import Holder
from drivers.emulated.modem import Hooks, Identity, Modem
from drivers.emulated.network import Network
from drivers.emulated.sysfs import LOOKS, UsbLook, UsbTree
from drivers.port import PortLost, PortRefused
from drivers.serialline import PortBusy
from tests.drivers.wires import Wire

IMEI = "8675840300000{:02d}"
Take = Callable[[bytes], None]


@dataclass
class Behind:
    """Who is at the far end of a port: `feed` takes what the host writes, `send` is the host's ear."""

    feed: Take = lambda data: None
    send: Take = lambda data: None
    lost: Callable[[PortLost], None] = lambda error: None
    heard: bytearray = field(default_factory=bytearray)
    opened: int = 0
    open_now: int = 0


class Line:
    """Stands for `serialline.SerialLine`."""

    def __init__(self, behind: Behind, wire: Wire) -> None:
        self._behind = behind
        self._wire = wire
        self._open = True
        behind.opened += 1
        behind.open_now += 1

    def write(self, data: bytes) -> None:
        self._behind.heard += data
        self._wire.carry(data, self._behind.feed)

    def close(self) -> None:
        self._behind.open_now -= self._open
        self._open = False
        self._behind.send = lambda data: None


class Rig:
    """A machine with USB; `access` is how our code looks at its ports."""

    def __init__(self, folder: Path, wire: Callable[[], Wire] = Wire) -> None:
        loop = asyncio.get_running_loop()
        self.sysfs = folder
        self.tree = UsbTree(folder)
        self.behind: dict[str, Behind] = {}
        self.busy: set[str] = set()  # locked: opening is refused
        self.held: dict[str, Holder] = {}
        self.sound: dict[str, bytes] = {}
        self.access = Access(self._open, self._open_audio, self.held.get)
        self._wire = wire
        self._network = Network(later=loop.call_later, clock=loop.time, news=lambda name, values: None)
        self._numbers = iter(range(1000))

    def modem(self, identity: Identity | None = None) -> tuple[Modem, Behind]:
        """A SIM7600 on a desk, with nothing plugged in yet."""
        loop = asyncio.get_running_loop()
        behind, wire = Behind(), self._wire()

        def deliver(data: bytes) -> None:
            behind.send(data)

        modem = Modem(
            "m",
            later=loop.call_later,
            clock=loop.time,
            hooks=Hooks(send=lambda data: wire.carry(data, deliver)),
            exchange=self._network,
            identity=identity,
        )
        behind.feed = modem.feed
        return modem, behind

    def plug(self, place: str, at: Behind, look: UsbLook = LOOKS["sim7600"]) -> str:
        """Plug it in; the path of its command port."""
        ports: dict[int, Path | None] = {}
        for number in sorted({look.at, *([] if look.audio is None else [look.audio]), *look.others}):
            path = f"/dev/ttyR{next(self._numbers)}"
            self.behind[path] = at if number == look.at else Behind()
            ports[number] = Path(path)
        self.tree.plug(place, look, ports)
        return str(ports[look.at])

    def plug_modem(self, place: str, number: int, look: UsbLook = LOOKS["sim7600"]) -> Modem:
        """A SIM7600 with IMEI ...`number`."""
        modem, behind = self.modem(Identity(imei=IMEI.format(number)))
        self.plug(place, behind, look)
        return modem

    @property
    def opened(self) -> int:
        """How often any command port was opened."""
        return sum(each.opened for each in self.behind.values())

    @property
    def open_now(self) -> int:
        return sum(each.open_now for each in self.behind.values())

    def _open(self, name: str, path: str, *, on_bytes: Take, on_lost: Any, **serial: Any) -> Line:
        if path in self.busy:
            raise PortBusy(f"port {name}: {path} is busy, held by another process")
        if path not in self.behind:
            raise PortRefused(f"port {name}: {path} is missing")
        behind = self.behind[path]
        behind.send, behind.lost = on_bytes, on_lost
        return Line(behind, self._wire())

    def _open_audio(self, name: str, path: str) -> int:
        ours, theirs = os.pipe()
        os.set_blocking(ours, False)
        os.write(theirs, self.sound.get(path, b""))
        os.close(theirs) if path in self.sound else asyncio.get_running_loop().call_later(5, os.close, theirs)
        return ours
