"""An emulated voice modem on a table, its line plugged into a network, on a clock that jumps."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from drivers.emulated.network import NetCall, Network, Plan
from drivers.emulated.v253.chips import CHIPS
from drivers.emulated.v253.dle import DLE, Unshielder
from drivers.emulated.v253.line import LineOptions, read_zone
from drivers.emulated.v253.modem import Hooks, VoiceModem

INIT = ("ATE0V1", "AT+FCLASS=8;+VIT=0;+VSD=128,0")


class Desk:
    """`ask` types a command and gives what was said at once; `out` is everything since the last `ask`."""

    def __init__(
        self, chip: str = "cx93001", zone: str = "us", seed: int = 1, drift_ppm: float = 0.0, **line: Any
    ) -> None:
        loop = asyncio.get_running_loop()
        self.out = b""
        self.pieces: list[bytes] = []  # as they came
        self.held: list[bool] = []
        self.news: list[tuple[str, dict[str, object]]] = []
        self.network = Network(
            later=loop.call_later, clock=loop.time, news=lambda name, values: self.news.append((name, values))
        )
        self.modem = VoiceModem(
            "m",
            later=loop.call_later,
            clock=loop.time,
            hooks=Hooks(send=self._said, hold=self.held.append),
            exchange=self.network,
            chip=CHIPS[chip],
            line=LineOptions(zone=read_zone(zone), now=lambda: datetime(2026, 11, 21, 19, 30), **line),
            drift_ppm=drift_ppm,
            seed=seed,
        )

    def _said(self, data: bytes) -> None:
        self.out += data
        self.pieces.append(data)

    def ask(self, command: str) -> str:
        self.out = b""
        self.modem.feed(command.encode("latin-1") + b"\r")
        return self.out.decode("latin-1")

    def told(self, name: str) -> dict[str, object] | None:
        """The last news of this name."""
        return next((values for known, values in reversed(self.news) if known == name), None)

    async def call(
        self, plan: Plan | None = None, *, codec: int | None = None, stream: str = "+VTR"
    ) -> NetCall:
        """A caller is answered and voice flows; `out` is empty."""
        call = self.network.place(self.modem, "0301234", plan or Plan())
        for command in INIT:
            self.ask(command)
        if codec is not None:
            assert "OK" in self.ask(f"AT+VSM={codec}")
        assert "OK" in self.ask("AT+VLS=1")
        assert "CONNECT" in self.ask(f"AT{stream}")
        self.out = b""
        return call

    async def speak(self, data: bytes, *, sample_bytes: int = 1) -> None:
        """The host's bytes, 20 ms of them every 20 ms, the first two frames at once."""
        step = 160 * sample_bytes
        for at in range(0, len(data), step):
            self.modem.feed(data[at : at + step].replace(b"\x10", b"\x10\x10"))
            if at:
                await asyncio.sleep(0.02)

    def heard(self) -> tuple[bytes, str]:
        """`out` as sound and codes."""
        return apart(self.out)


def apart(data: bytes) -> tuple[bytes, str]:
    """A shielded stream as sound and codes."""
    unshielder, sound, codes = Unshielder(), b"", ""
    while data:
        piece, found, data = unshielder.feed(data)
        sound += piece
        codes += chr(found) if found is not None else ""
    return sound, codes


def shielded(data: bytes) -> bytes:
    """By the standard's words, not by the emulator's code."""
    return b"".join(bytes([byte, byte]) if byte == DLE else bytes([byte]) for byte in data)
