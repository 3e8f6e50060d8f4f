"""Voice modems of `python -m drivers.emulated`: ports, remote control, cable, load."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.serialline import SerialLine
from drivers.wire import Message, Peer, WireError, connect
from tests.drivers.v253_desk import apart

pytestmark = [pytest.mark.slow, pytest.mark.realtime]


class Host:
    """A program at a voice modem's port."""

    def __init__(self, folder: Path, number: int = 1) -> None:
        self.out = b""
        self._line = SerialLine(
            "t", str(folder / f"fxo-{number}"), on_bytes=self._took, on_lost=lambda error: None
        )
        self.close = self._line.close
        self.write = self._line.write

    def _took(self, data: bytes) -> None:
        self.out += data

    async def until(self, text: bytes) -> None:
        async with asyncio.timeout(10):
            while text not in self.out:  # noqa: ASYNC110 - another process's port
                await asyncio.sleep(0.01)

    async def ask(self, command: str, answer: bytes = b"OK\r\n") -> bytes:
        self.out = b""
        self.write(command.encode() + b"\r")
        await self.until(answer)
        return self.out

    async def answer(self) -> None:
        for command in ("ATE0", "AT+FCLASS=8;+VSM=131;+VSD=128,0;+VIT=0", "AT+VLS=1"):
            await self.ask(command)
        await self.ask("AT+VTR", b"CONNECT\r\n")


@asynccontextmanager
async def emulator(folder: Path, *more: str) -> AsyncIterator[Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "drivers.emulated", "--dir", str(folder), "--modems", "0"),
        *("--control", str(folder / "control"), *more),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    peer: Peer | None = None
    try:
        async with asyncio.timeout(20):
            while (line := await process.stdout.readline()) != b"ready\n":
                assert line, "the emulator did not start"
        news: asyncio.Queue[Message] = asyncio.Queue()
        peer = Peer(connect(folder / "control"), on_event=lambda message, fds: news.put_nowait(message))
        peer.news = news  # type: ignore[attr-defined]
        yield peer
    finally:
        if peer is not None:
            peer.close()
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        process._transport.close()  # type: ignore[attr-defined]
    assert not [name for name in os.listdir(folder) if name.startswith("fxo-")]


async def until(peer: Any, event: str) -> Message:
    async with asyncio.timeout(10):
        while (message := await peer.news.get())["event"] != event:
            pass
    return message  # type: ignore[no-any-return]


async def test_a_call_by_remote_control(tmp_path: Path) -> None:
    async with emulator(tmp_path, "--v253", "1", "--country", "de") as peer:
        host = Host(tmp_path)
        await host.ask("ATE0;+VCID=1")
        placed = await peer.request(
            "call", modem="fxo-1", number="0301234", tone_hz=1000, loop=True, digits=[[0.5, "7"]]
        )
        await host.until(b"NMBR = 0301234")
        await host.answer()
        assert (await until(peer, "answered"))["call"] == placed["call"]
        (status,) = (await peer.request("status"))["modems"]
        assert (status["line"], status["stream"], status["talking"]) == ("talking", "+VTR", True)
        host.out = b""
        await asyncio.sleep(1)
        sound, codes = apart(host.out)
        assert 7000 < len(sound) < 9500
        assert codes == "/7~"
        await peer.request("set", modem="fxo-1", far_end="loop break")
        await peer.request("set", modem="fxo-1", code="c")  # as if a fax called
        await host.until(b"\x10c")
        host.out = b""
        await peer.request("hangup", call=placed["call"])
        await host.until(b"\x10l")
        host.write(b"\x10^")
        await host.until(b"OK")
        await host.ask("ATH")
        host.close()


async def test_dialling_a_busy_party_and_a_fault(tmp_path: Path) -> None:
    async with emulator(tmp_path, "--v253", "1", "--chip", "usr5637") as peer:
        host = Host(tmp_path)
        await peer.request("callee", number="12", outcome="busy")
        await host.ask("ATE0;+FCLASS=8")
        await host.ask("ATDT12", b"BUSY\r\n")
        await peer.request("fault", modem="fxo-1", fault="silent")
        host.out = b""
        host.write(b"AT\r")
        await asyncio.sleep(0.3)
        assert host.out == b""
        for fields, words in [
            ({"fault": "F28"}, "F28 is no fault of a voice modem"),
            ({"far_end": "explosion"}, "explosion"),
            ({"rssi": 3}, "a voice modem has far_end"),
        ]:
            with pytest.raises(WireError, match=words):
                await peer.request("fault" if "fault" in fields else "set", modem="fxo-1", **fields)
        host.close()


async def test_chips_are_used_in_turn(tmp_path: Path) -> None:
    async with emulator(tmp_path, "--v253", "3", "--chip", "si2494,usr5637") as peer:
        modems = (await peer.request("status"))["modems"]
        chips = [modem["chip"] for modem in modems if modem["modem"].startswith("fxo")]
        assert chips == ["Silicon Labs Si2494", "USR 5637", "Silicon Labs Si2494"]


async def test_the_cable_is_pulled_and_put_back(tmp_path: Path) -> None:
    async with emulator(tmp_path, "--v253", "1") as peer:
        host = Host(tmp_path)
        await peer.request("call", modem="fxo-1", number="1")
        await host.answer()
        await peer.request("unplug", modem="fxo-1")
        assert (await until(peer, "ended"))["by"] == "box"
        assert not (tmp_path / "fxo-1").exists()
        await peer.request("fault", modem="fxo-1", fault="F15", on=False)
        again = Host(tmp_path)
        assert b"OK" in await again.ask("AT")
        again.close()
        host.close()


async def test_a_host_that_dies_leaves_the_modem_in_duplex(tmp_path: Path) -> None:
    async with emulator(tmp_path, "--v253", "1") as peer:
        host = Host(tmp_path)
        await peer.request("call", modem="fxo-1", number="1", tone_hz=1000, loop=True)
        await host.answer()
        host.close()
        await asyncio.sleep(0.5)
        again = Host(tmp_path)
        again.write(b"\x10\x03\x10^\r")
        await again.until(b"\x10\x03\r\nOK\r\n")
        assert b"OK" in await again.ask("AT")
        again.close()
