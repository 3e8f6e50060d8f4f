"""Serial ports over real ptys: settings, exclusiveness, what an unplugged or missing port says."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import termios
import tty
from collections.abc import Iterator
from typing import Any

import pytest

from drivers.port import PortLost, PortRefused
from drivers.serialline import QUEUE_BYTES, SerialLine, is_alive, open_audio


class Pair:
    """A pty: `far` is the modem's side, `path` what the host opens."""

    def __init__(self) -> None:
        self.far, self._near = os.openpty()
        tty.setraw(self._near)
        self.path = os.ttyname(self._near)

    def unplug(self) -> None:
        for fd in (self.far, self._near):
            if fd >= 0:
                os.close(fd)
        self.far = self._near = -1


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.unplug()


class Ear:
    """Collects what a SerialLine reports."""

    def __init__(self, path: str, **more: Any) -> None:
        self.data = bytearray()
        self.lost: list[PortLost] = []
        self.news = asyncio.Event()
        self.line = SerialLine("gsm-1", path, on_bytes=self._bytes, on_lost=self._lost, **more)

    def _bytes(self, data: bytes) -> None:
        self.data += data
        self.news.set()

    def _lost(self, error: PortLost) -> None:
        self.lost.append(error)
        self.news.set()


@pytest.mark.realtime
async def test_bytes_go_both_ways_and_old_input_is_dropped(pair: Pair) -> None:
    os.write(pair.far, b"left by somebody else\r\n")
    await asyncio.sleep(0.02)
    ear = Ear(pair.path)
    os.write(pair.far, b"\r\nOK\r\n\x03\x04\x00\xff")
    async with asyncio.timeout(5):
        await ear.news.wait()
    assert ear.data == b"\r\nOK\r\n\x03\x04\x00\xff"
    ear.line.write(b"AT\r\x1a")
    assert os.read(pair.far, 100) == b"AT\r\x1a"
    ear.line.close()
    ear.line.close()


@pytest.mark.realtime
@pytest.mark.parametrize("rtscts", [False, True])
async def test_closing_never_hangs_up_and_nothing_is_echoed(pair: Pair, rtscts: bool) -> None:
    ear = Ear(pair.path, rtscts=rtscts)
    iflag, oflag, cflag, lflag, *_ = termios.tcgetattr(pair._near)
    assert not cflag & termios.HUPCL
    assert cflag & termios.CLOCAL
    assert bool(cflag & termios.CRTSCTS) is rtscts
    assert not lflag & (termios.ECHO | termios.ICANON | termios.ISIG)
    assert not oflag & termios.OPOST
    assert not iflag & (termios.ICRNL | termios.IXON)
    ear.line.close()


@pytest.mark.realtime
async def test_an_unplugged_port_is_told_once_with_what_to_do(pair: Pair) -> None:
    ear = Ear(pair.path)
    pair.unplug()
    async with asyncio.timeout(5):
        await ear.news.wait()
    await asyncio.sleep(0.02)
    (error,) = ear.lost
    assert "port gsm-1" in str(error)
    assert "Check the cable" in str(error)
    with pytest.raises(PortLost):
        ear.line.write(b"AT\r")


@pytest.mark.realtime
async def test_a_modem_that_takes_nothing_does_not_fill_the_memory(pair: Pair) -> None:
    ear = Ear(pair.path)
    said = ""
    for _ in range(1000):
        try:
            ear.line.write(b"x" * 1000)
        except PortLost as error:
            said = str(error)
        assert len(ear.line._outbox) <= QUEUE_BYTES
    assert "has taken none" in said
    ear.line.close()


def test_a_missing_port_is_named_with_what_to_do() -> None:
    with pytest.raises(PortRefused, match=r"port gsm-1: /dev/nowhere is missing\. Plug"):
        open_audio("gsm-1", "/dev/nowhere")


def test_what_is_no_serial_port_is_refused() -> None:
    with pytest.raises(PortRefused, match=r"port gsm-1: /dev/null cannot be opened"):
        open_audio("gsm-1", "/dev/null")


@pytest.mark.slow
def test_a_busy_port_names_who_holds_it(pair: Pair) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from drivers.serialline import open_audio\n"
            f"open_audio('x', {pair.path!r}); print('open', flush=True); sys.stdin.read()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == b"open\n"
    try:
        with pytest.raises(PortRefused) as refused:
            open_audio("gsm-1", pair.path)
        assert re.search(rf"is busy, held by process {holder.pid} \(python", str(refused.value))
    finally:
        holder.communicate(b"")
    os.close(open_audio("gsm-1", pair.path))


def test_an_audio_port_is_not_blocking_exclusive_and_alive_until_unplugged(pair: Pair) -> None:
    fd = open_audio("gsm-1", pair.path)
    with pytest.raises(BlockingIOError):
        os.read(fd, 320)
    with pytest.raises(PortRefused, match="busy"):
        open_audio("gsm-1", pair.path)
    assert is_alive(fd, pair.path)
    path = pair.path
    pair.unplug()
    assert not is_alive(fd, path)
    os.close(fd)
    assert not is_alive(fd, path)


def test_a_duplicate_keeps_the_lock(pair: Pair) -> None:
    """The media engine's duplicate holds the port while the brain is away."""
    fd = open_audio("gsm-1", pair.path)
    engines = os.dup(fd)
    os.close(fd)
    with pytest.raises(PortRefused, match="busy"):
        open_audio("gsm-1", pair.path)
    assert is_alive(engines, pair.path)
    os.close(engines)
    os.close(open_audio("gsm-1", pair.path))


@pytest.mark.realtime
async def test_a_lent_port_is_not_read_until_it_is_taken_back(pair: Pair) -> None:
    ear = Ear(pair.path)
    fd = ear.line.pause()
    os.write(pair.far, b"sound")
    await asyncio.sleep(0.02)
    assert ear.data == b""
    assert os.read(fd, 5) == b"sound"  # whoever has it reads it
    os.write(pair.far, b"OK")
    ear.line.resume()
    async with asyncio.timeout(5):
        await ear.news.wait()
    assert ear.data == b"OK"
    assert ear.line.alive
    ear.line.close()
    assert not ear.line.alive


@pytest.mark.realtime
async def test_an_open_descriptor_is_taken_over_as_lent(pair: Pair) -> None:
    before = Ear(pair.path)
    held = os.dup(before.line.pause())  # the media engine's
    before.line.close()
    after = Ear(pair.path, fd=held)
    os.write(pair.far, b"sound")
    await asyncio.sleep(0.02)
    assert after.data == b""
    after.line.resume()
    async with asyncio.timeout(5):
        await after.news.wait()
    assert after.data == b"sound"
    pair.unplug()
    assert not after.line.alive
    after.line.close()
