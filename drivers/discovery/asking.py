"""A few words with whoever is at a serial port: open it, find out whether it talks AT, let go of it.

Nothing is sent that changes a modem: no echo off, no settings, no PIN. A port that is somebody else's is
never opened.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from drivers import serialline
from drivers.at.channel import Channel
from drivers.at.parser import Parser, Result
from drivers.discovery.holders import Holder, holder
from drivers.discovery.known import Layout
from drivers.discovery.sysfs import UsbDevice
from drivers.port import DriverError, PortTimeout

WAKE_SECONDS = (0.5, 1.0, 1.5)  # for each AT: a modem may sleep, and swallow what wakes it
KEPT_BYTES = 8192
SHOWN_BYTES = 24
NMEA = re.compile(rb"\$G[A-Z]{4},")
IMEI = re.compile(r"(?<![0-9])[0-9]{15}(?![0-9])")
#: Leaves what a V.253 modem may still be in: end of data, out of duplex, end of line (V4).
OUT_OF_DUPLEX = b"\x10\x03\x10^\r"
OUT_OF_PROMPT = b"\x1b"  # F20
BAUD = serialline.BAUD
OUR_PROGRAMS = ("callboxd", "callbox-media")

#: Opens an AT port, as `serialline.SerialLine` does.
OpenLine = Callable[..., serialline.Line]


class NoAnswer(PortTimeout):
    """Nobody at the port answers AT."""


@dataclass(frozen=True)
class Access:
    """How ports are looked at and opened; tests put their own here."""

    open_line: OpenLine = serialline.SerialLine
    open_audio: Callable[[str, str], int] = serialline.open_audio
    held_by: Callable[[str], Holder | None] = holder


SERIAL = Access()


class Ear:
    """Keeps the beginning of what is heard, and passes all of it to a channel once there is one."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.channel: Channel | None = None
        self.lost: DriverError | None = None
        self._parser = Parser()
        self._said_ok = False
        self._news = asyncio.Event()

    def take(self, data: bytes) -> None:
        """Bytes from the port."""
        self.heard += data[: KEPT_BYTES - len(self.heard)]
        if self.channel is not None:
            self.channel.feed(data)
        else:
            self._said_ok = self._said_ok or Result("OK") in self._parser.feed(data)
        self._news.set()

    def lose(self, error: DriverError) -> None:
        """The port is gone."""
        self.lost = error
        if self.channel is not None:
            self.channel.lost(error)
        self._news.set()

    async def hears_ok(self, seconds: float) -> bool:
        """Whether an OK comes in time; raises PortLost."""
        try:
            async with asyncio.timeout(seconds):
                while not self._said_ok:
                    if self.lost is not None:
                        raise self.lost
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True


@asynccontextmanager
async def conversation(
    name: str, path: str, *, access: Access = SERIAL, voice_modem: bool = False
) -> AsyncIterator[Channel]:
    """A channel to the modem at `path`, awake; closed afterwards, whatever happens.

    Raises PortBusy (the port is another's), PortRefused (missing, not allowed), NoAnswer, PortLost.
    """
    held = access.held_by(path)
    if held is not None:
        todo = "Stop that program if the modem is to be ours"
        if held.program in OUR_PROGRAMS:
            todo = "It is a line of the box that runs: callbox show lines"
        raise serialline.PortBusy(f"port {name}: {path} is held by process {held}. {todo}")
    ear = Ear()
    line = access.open_line(name, path, on_bytes=ear.take, on_lost=ear.lose, baud=BAUD)
    try:
        line.write((OUT_OF_DUPLEX if voice_modem else b"") + OUT_OF_PROMPT)
        for seconds in WAKE_SECONDS:
            line.write(b"AT\r")
            if await ear.hears_ok(seconds):
                break
        else:
            raise NoAnswer(f"port {name}: {path} {what_it_says(bytes(ear.heard))}")
        ear.channel = Channel(name, write=line.write, on_urc=lambda text: None, is_urc=_is_urc)
        yield ear.channel
    finally:
        line.close()


def what_it_says(heard: bytes) -> str:
    """In words, what came from a port at which nobody answers AT, and what to do."""
    if not heard:
        return (
            "answers nothing. Check that the modem has power and that this is its command port; one that "
            "hangs comes back when it is plugged in again"
        )
    if NMEA.search(heard):
        return "answers no AT and sends GPS sentences: it is the modem's NMEA port"
    if b"AT" in heard and heard.translate(None, b"AT\r\n\x1b\x03\x10^ ") == b"":
        return "only echoes what is sent: the modem hangs, or nobody is behind the cable. Plug it in again"
    shown = "".join(chr(byte) if 0x20 < byte < 0x7F else "." for byte in heard[:SHOWN_BYTES])
    return (
        f'answers no AT but sends something else ({len(heard)} bytes, "{shown}"): another kind of device, '
        "another speed, or the modem's port for sound or diagnostics"
    )


async def answering(
    name: str, device: UsbDevice, fitting: Sequence[Layout], *, access: Access = SERIAL
) -> Layout:
    """The first layout that is sure, or whose command port answers; all are asked at a time.

    Raises what the first of them raised when none answers.
    """
    if fitting[0].sure:
        return fitting[0]

    async def try_one(layout: Layout) -> DriverError | None:
        try:
            async with conversation(name, device.ports[layout.at], access=access):
                return None
        except DriverError as error:
            return error

    said = await asyncio.gather(*(try_one(layout) for layout in fitting))
    for layout, error in zip(fitting, said, strict=True):
        if error is None:
            return layout
    raise next(error for error in said if error is not None)


async def ask_imei(name: str, path: str, *, access: Access = SERIAL) -> str:
    """The IMEI of the modem at `path`, "" when it tells none; raises as `conversation`, and PortTimeout."""
    async with conversation(name, path, access=access) as channel:
        found = IMEI.search(" ".join(await channel.command("AT+CGSN", "", may_be_empty=True)))
        return found[0] if found else ""


def _is_urc(text: str) -> bool:
    """What no question of ours is answered with; families are not known yet."""
    return text.startswith(("^", "*", "$", "RING")) or bool(re.match(r"\+(?!CG[MS]|[FGV])[A-Z]+:", text))
