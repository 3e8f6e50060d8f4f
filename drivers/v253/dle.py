"""The shielded stream of a V.253 modem: sound with codes of the modem in between, in any pieces.

Pure: no I/O, no clock, never raises. DLE (0x10) begins a pair: DLE DLE is one byte 0x10 of sound, DLE SUB
two, any other second byte a code of the modem (V.253 table 18; Silicon Labs AN93 table 112). `X` begins a
packet of text (caller ID, cadence) that `.` ends.
"""

from __future__ import annotations

from dataclasses import dataclass

DLE = 0x10
SUB = 0x1A
ETX = "\x03"  # the modem has left voice
PACKET_BYTES = 512  # more is no packet: 512 bytes of sound (64 ms) are all that a false X may cost


@dataclass(frozen=True)
class Code:
    """What the modem saw on the line, as one character ("b" busy, "l" loop break, ...)."""

    char: str


@dataclass(frozen=True)
class Packet:
    """A complex event: lines of text."""

    text: str


Piece = bytes | Code | Packet


class Reader:
    """Feed it bytes in any pieces; it gives sound, codes and packets in their order."""

    def __init__(self) -> None:
        self._half = False  # a DLE was the last byte
        self._packet: bytearray | None = None

    def feed(self, data: bytes) -> list[Piece]:
        """What `data` completes; neighbouring bytes of sound come as one piece."""
        pieces: list[Piece] = []
        at = 0
        if self._half and data:
            self._half, at = False, 1
            self._pair(data[0], pieces)
        while (dle := data.find(DLE, at)) >= 0:
            self._plain(data[at:dle], pieces)
            at = dle + 2
            if at > len(data):
                self._half = True
                return pieces
            self._pair(data[dle + 1], pieces)
        self._plain(data[at:], pieces)
        return pieces

    @property
    def in_packet(self) -> bool:
        """Whether a packet has begun and not ended."""
        return self._packet is not None

    def abandon(self) -> bytes:
        """A packet that does not end was none: what was kept of it."""
        kept, self._packet = self._packet or b"", None
        return bytes(kept)

    def _pair(self, second: int, pieces: list[Piece]) -> None:
        """DLE and `second`."""
        if second == DLE:
            self._plain(bytes((DLE,)), pieces)
        elif second == SUB:
            self._plain(bytes((DLE, DLE)), pieces)
        elif second == ord("X"):
            self._packet = bytearray()
        elif second == ord(".") and self._packet is not None:
            pieces.append(Packet(self._packet.decode("latin-1")))
            self._packet = None
        else:
            if second == ord(ETX):
                self._packet = None
            pieces.append(Code(chr(second)))

    def _plain(self, data: bytes, pieces: list[Piece]) -> None:
        if not data:
            return
        if self._packet is not None:
            room = PACKET_BYTES - len(self._packet)
            self._packet += data[:room]
            if len(data) <= room:
                return
            self._packet, data = None, data[room:]
        if pieces and isinstance(pieces[-1], bytes):
            pieces[-1] += data
        else:
            pieces.append(data)


def shield(sound: bytes) -> bytes:
    """Sound as it is written to the modem."""
    return sound.replace(bytes((DLE,)), bytes((DLE, DLE)))
