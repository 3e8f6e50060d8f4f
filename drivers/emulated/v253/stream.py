"""The voice streams of a modem, play (+VTX), record (+VRX), duplex (+VTR): host's bytes, line's frames."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from drivers.emulated.pcm import FRAME_BYTES, FRAME_SECONDS, SILENCE
from drivers.emulated.v253.chips import Codec
from drivers.emulated.v253.dle import CAN, DC4, ESC, ETX, Unshielder, code, shield

FRAME_SAMPLES = FRAME_BYTES // 2
MOST_SECONDS = 0.8  # of sound kept for the line; PX: 6400 bytes of G.711
CUSHION_FRAMES = 2  # before it begins to sound, and after it ran dry
STORM_BYTES = 16  # an underrun for so many bytes played: 5921 for 96 kB, measured on a CX93001
OVERRUN_EVERY = 6  # underruns; 1476 for 9611, the same


class Kind(enum.Enum):
    """The three streams."""

    PLAY = "+VTX"
    RECORD = "+VRX"
    DUPLEX = "+VTR"


class Order(enum.Enum):
    """What the host wants, beyond sound."""

    LEAVE = "leave"  # at once
    FINISH = "finish"  # when what it sent has sounded
    DTMF_OFF = "report no DTMF"
    DTMF_ON = "report DTMF"


@dataclass
class StreamCounters:
    """Since the modem was made."""

    frames: int = 0
    underruns: int = 0
    overruns: int = 0
    lost_bytes: int = 0  # the host sent them faster than they sound, without flow control


class Stream:
    """One stream from CONNECT to its end."""

    def __init__(
        self,
        kind: Kind,
        codec: Codec,
        counters: StreamCounters,
        *,
        leaves: frozenset[str] = frozenset("^"),
        bytes_per_second: int = 0,
    ) -> None:
        self.kind = kind
        self.ending = False  # the host has said its last
        self._codec = codec
        self._counters = counters
        self._leaves = leaves
        self._unshielder = Unshielder()
        self._buffer = bytearray()
        self._sounding = False
        self._paused = False
        both = 2 * codec.sample_bytes * FRAME_SAMPLES / FRAME_SECONDS
        self.storms = kind is Kind.DUPLEX and 0 < bytes_per_second < both
        self._budget = round(bytes_per_second * FRAME_SECONDS) // 2 * 2

    @property
    def hears(self) -> bool:
        """Whether the line's sound goes to the host."""
        return self.kind is not Kind.PLAY

    @property
    def full(self) -> bool:
        return len(self._buffer) > MOST_SECONDS * 8000 * self._codec.sample_bytes

    @property
    def played(self) -> bool:
        """Whether all that the host sent has sounded."""
        return not self._buffer

    def host(self, data: bytes) -> tuple[Order | None, bytes]:
        """Bytes of the host; returns an order in them, and what stands behind it."""
        while data:
            sound, command, data = self._unshielder.feed(data)
            if self.kind is not Kind.RECORD and not self.ending:
                self._keep(sound)
            if command is not None:
                order = self._order(command)
                if order is not None:
                    return order, data
        return None, b""

    def speak(self) -> tuple[bytes, str]:
        """The next frame for the line, and the codes its making gives."""
        need = FRAME_SAMPLES * self._codec.sample_bytes
        if self._paused:
            return SILENCE, ""
        if not self._sounding:
            self._sounding = len(self._buffer) >= need * CUSHION_FRAMES or (self.ending and not self.played)
            if not self._sounding:
                return SILENCE, ""
        data = bytes(self._buffer[:need])
        del self._buffer[:need]
        if len(data) == need:
            return self._codec.decode(data), ""
        self._sounding = False
        whole = data[: len(data) // self._codec.sample_bytes * self._codec.sample_bytes]
        sound = self._codec.decode(whole).ljust(FRAME_BYTES, b"\0")
        if self.ending:
            return sound, ""
        self._counters.underruns += 1
        return sound, "u"

    def hear(self, heard: bytes, *, storm: bool, pairs: bool) -> bytes:
        """A frame of the line as the host reads it."""
        self._counters.frames += 1
        data = self._codec.encode(heard)
        if storm:
            return self._storm(data, pairs)
        return shield(data, pairs=pairs)

    def _storm(self, data: bytes, pairs: bool) -> bytes:
        """Sound with holes, and an underrun in every few bytes of it."""
        if not self._sounding:
            return shield(data, pairs=pairs)
        codes = len(data) // STORM_BYTES
        if self.storms:
            data = data[: self._budget - len(data)]
        step = max(2, len(data) // codes // 2 * 2)
        out = bytearray()
        for n, at in enumerate(range(0, len(data), step)):
            self._counters.underruns += 1
            out += shield(data[at : at + step], pairs=pairs) + code("u")
            if n % OVERRUN_EVERY == 0:
                self._counters.overruns += 1
                out += code("o")
        return bytes(out)

    def _keep(self, sound: bytes) -> None:
        room = int(2 * MOST_SECONDS * 8000) * self._codec.sample_bytes - len(self._buffer)
        self._counters.lost_bytes += max(0, len(sound) - room)
        self._buffer += sound[: max(0, room)]

    def _order(self, command: int) -> Order | None:
        """What to do with a code of the host, V.253 9.1; volume, marks and +VIT's refresh do nothing here."""
        character = chr(command)
        if character in "/~":
            return Order.DTMF_ON if character == "~" else Order.DTMF_OFF
        if character in "pr":
            self._paused = character == "p"
            return None
        if command in (CAN, DC4):
            self._buffer.clear()
            return Order.LEAVE if command == DC4 and self.kind is Kind.PLAY else None
        if self.kind is Kind.DUPLEX and character in self._leaves:
            return Order.LEAVE
        if self.kind is Kind.RECORD and (character == "!" or command == ESC):
            return Order.LEAVE
        if command == ETX and self.kind is Kind.PLAY:
            self.ending, self._paused = True, False
            return Order.FINISH
        return None
