"""The one port of a V.253 modem, which carries commands or shielded sound, and who has it when.

Commands go through `channel`; `+VTR` and the way out of it are done here, because the border between lines
and sound must be found to the byte. While the media engine has the port nothing is read here.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from drivers import serialline
from drivers.at.channel import Channel, CommandFailed
from drivers.port import DriverError, PortLost, PortRefused, PortTimeout
from drivers.v253.dle import ETX, Code, Piece, Reader
from drivers.v253.facts import is_urc

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
LEAVE_SECONDS = 1.5  # the modem finishes its buffer first
AFTER_ETX_SECONDS = 0.5  # for the OK behind it
QUIET_SECONDS, MOST_QUIET_SECONDS = 0.15, 1.5  # after which a port says nothing more; longest wait for that
PACKET_SECONDS = 1.0  # a packet that has not ended by then was noise
TEXT_BYTES = 4096  # kept while a word is looked for
SYNC = ("AT+FCLASS?", "")  # always allowed, and its answer has a line of its own

#: NUL makes a DLE that the engine left half said harmless: DLE NUL only refreshes a timer of the modem.
WAYS_OUT = (b"\x10^", b"\x10\x03", b"\x10\x1b\x10!")
OUT_OF_VOICE = "\0\x10\x03\x10^"

_CONNECT = re.compile(rb"[\r\n]CONNECT[^\r\n]{0,30}\r+\n")
_REFUSED = re.compile(rb"[\r\n](ERROR|NO CARRIER|BUSY|NO ANSWER|NO DIAL ?TONE)[\r\n]")
_LEFT = re.compile(rb"[\r\n](OK|VCON|NO CARRIER|ERROR)\r")


class VoiceLine(serialline.Line, Protocol):
    """An open port that can be lent."""

    def pause(self) -> int:
        """Read no more; the descriptor, still ours to close."""

    def resume(self) -> None:
        """Read again."""

    @property
    def alive(self) -> bool:
        """Whether the device is still there; a paused port is not told."""


class Mode(enum.Enum):
    """What the bytes of the port are."""

    COMMAND = "commands"
    ENTERING = "waiting for CONNECT"
    VOICE = "sound, heard by us"
    LEAVING = "leaving voice"
    LENT = "sound, heard by the media engine"


@dataclass(frozen=True)
class Listener:
    """Who gets what the port brings."""

    on_line: Callable[[str], None]  # lines nobody asked for, and those of packets
    on_code: Callable[[str], None]
    on_sound: Callable[[bytes], None]


class Stream:
    """One session's port: from its opening to its loss."""

    def __init__(self, name: str, listener: Listener) -> None:
        self.name = name
        self.mode = Mode.COMMAND
        self.sure = False  # the modem is known to take commands
        self.line: VoiceLine | None = None
        self.channel = Channel(name, write=self.write, on_urc=self._urc, is_urc=is_urc, sync=SYNC)
        self._listener = listener
        self._reader = Reader()
        self._packet_at = 0.0  # the last moment without a packet begun
        self._text = bytearray()
        self._etx = False
        self._waiting: asyncio.Future[None] | None = None
        self._news = asyncio.Event()

    # --- bytes ----------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Bytes for the modem; raises PortLost."""
        if self.line is None:
            raise PortLost(f"port {self.name}: it is not open; it is tried again by itself")
        self.line.write(data)

    def feed(self, data: bytes) -> None:
        """Bytes from the modem."""
        self._news.set()
        if self.mode is Mode.LENT:
            return
        if not self._reader.in_packet:
            self._packet_at = self._now()
        elif self._now() - self._packet_at > PACKET_SECONDS:
            self._plain(self._reader.abandon())
        for piece in self._reader.feed(data):
            self._take(piece)

    def lost(self, error: DriverError) -> None:
        """The port is gone: whoever waits for the modem is told."""
        self.channel.lost(error)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)
            self._waiting.exception()  # nobody may be waiting

    def _take(self, piece: Piece) -> None:
        if isinstance(piece, bytes):
            self._plain(piece)
        elif isinstance(piece, Code):
            log.debug("port %s: < DLE %r", self.name, piece.char)
            if piece.char == ETX and self.mode is Mode.LEAVING:
                self._etx = True
            else:
                self._listener.on_code(piece.char)
        else:
            log.debug("port %s: < packet %r", self.name, piece.text)
            for line in piece.text.splitlines():
                self._listener.on_line(line.strip())

    def _plain(self, data: bytes) -> None:
        if self.mode is Mode.COMMAND:
            self.channel.feed(data)
        elif self.mode is Mode.VOICE:
            self._listener.on_sound(data)
        elif self.mode is Mode.ENTERING:
            self._entering(data)
        else:
            self._leaving(data)

    def _urc(self, text: str) -> None:
        if text == "VCON":  # what older chips say for OK in voice
            self.channel.feed(b"\r\nOK\r\n")
        else:
            self._listener.on_line(text)

    # --- into voice -------------------------------------------------------------------------------------

    async def enter_voice(self) -> None:
        """AT+VTR and its CONNECT; from the next byte on there is sound.

        Raises PortRefused, PortTimeout, PortLost.
        """
        self._begin(Mode.ENTERING)
        log.debug("port %s: > AT+VTR", self.name)
        try:
            self.write(b"AT+VTR\r")
            if not await self._wait(CONNECT_SECONDS):
                raise PortTimeout(
                    f"port {self.name}: no CONNECT to AT+VTR within {CONNECT_SECONDS:g} s. The modem may "
                    "hang; if it happens again, unplug it and plug it in"
                )
        finally:
            if self.mode is Mode.ENTERING:
                self.mode = Mode.COMMAND

    def _entering(self, data: bytes) -> None:
        self._text += data
        if found := _CONNECT.search(self._text):
            before, sound = bytes(self._text[: found.start()]), bytes(self._text[found.end() :])
            self._lines(before)
            self.mode = Mode.VOICE
            self._done()
            if sound:
                self._listener.on_sound(sound)
        elif refused := _REFUSED.search(self._text):
            self.mode, self.sure = Mode.COMMAND, True
            self._done(
                PortRefused(
                    f"port {self.name}: AT+VTR was refused (the modem said "
                    f'"{refused[1].decode()}"). It has no full duplex voice; use another modem'
                )
            )
        del self._text[:-TEXT_BYTES]

    def _lines(self, text: bytes) -> None:
        """What was said before CONNECT: the echo of ours, rings, caller ID."""
        for line in text.decode("latin-1").splitlines():
            if line.strip() and line.strip() != "AT+VTR":
                self._listener.on_line(line.strip())

    # --- out of voice -----------------------------------------------------------------------------------

    async def leave_voice(self, way_out: bytes) -> None:
        """Back to commands, from wherever the modem is; raises PortTimeout or PortLost.

        The chip's own way out first, then every other; a modem that was not in voice answers AT.
        """
        for way in (way_out, *(way for way in WAYS_OUT if way != way_out)):
            self._begin(Mode.LEAVING)
            self.write(b"\0" + way)
            if await self._left():
                self.mode, self.sure = Mode.COMMAND, True
                return
        await self.wake("ATE0")

    def _leaving(self, data: bytes) -> None:
        self._text += data
        if found := _LEFT.search(self._text):
            rest = bytes(self._text[found.end() :])
            self.mode = Mode.COMMAND
            self._done()
            self.channel.feed(rest)
        del self._text[:-TEXT_BYTES]

    async def _left(self) -> bool:
        if await self._wait(LEAVE_SECONDS):
            return True
        return self._etx and not await self._wait(AFTER_ETX_SECONDS)

    async def wake(self, command: str, tries: tuple[float, ...] = (1.0, 2.0, 3.0)) -> None:
        """Out of whatever a program before us left (V4), until the modem answers `command`.

        Raises PortTimeout or PortLost.
        """
        for seconds in tries:
            self._begin(Mode.LEAVING)
            self.write(OUT_OF_VOICE.encode("ascii") + b"\r")
            await self._quiet()
            self.mode = Mode.COMMAND
            try:
                async with asyncio.timeout(seconds):
                    await self.channel.command(command)
            except (TimeoutError, CommandFailed) as error:
                log.debug("port %s: no answer yet: %s", self.name, error)
            else:
                self.sure = True
                return
        raise PortTimeout(
            f"port {self.name}: the port is open but nobody answers AT. Check that it is the modem's port, "
            "and turn the modem off and on; it is tried again by itself"
        )

    async def _quiet(self) -> None:
        """Drop what comes until nothing does."""
        loop = asyncio.get_running_loop()
        end = loop.time() + MOST_QUIET_SECONDS
        while loop.time() < end:
            self._news.clear()
            try:
                async with asyncio.timeout(QUIET_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                return

    # --- lending ----------------------------------------------------------------------------------------

    def lend(self) -> int:
        """Stop reading, in voice; the descriptor for the engine."""
        assert self.line is not None
        self.mode, self.sure = Mode.LENT, False
        return self.line.pause()

    def take_back(self) -> None:
        """The engine has let go: read again. The modem is still in voice."""
        assert self.line is not None
        if self.mode is Mode.LENT:
            self._begin(Mode.LEAVING)
            self.line.resume()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    # --- waiting ----------------------------------------------------------------------------------------

    def _begin(self, mode: Mode) -> None:
        self.mode, self.sure = mode, False
        self._text = bytearray(b"\n")
        self._etx = False
        self._waiting = asyncio.get_running_loop().create_future()

    async def _wait(self, seconds: float) -> bool:
        """Whether what was begun came to its end in this time; raises what `_done` was given."""
        assert self._waiting is not None
        done, _ = await asyncio.wait({self._waiting}, timeout=seconds)
        if done:
            self._waiting.result()
        return bool(done)

    def _done(self, error: DriverError | None = None) -> None:
        if self._waiting is None or self._waiting.done():
            return
        if error is None:
            self._waiting.set_result(None)
        else:
            self._waiting.set_exception(error)
