"""The sound of a call whose SIP somebody else speaks: sends a tone to where packets come from, and listens.

A-law, 20 ms. It begins with the first packet that comes in, as its far end is known by then alone.
"""

from __future__ import annotations

import asyncio
import struct

import numpy as np
import numpy.typing as npt

from dsp.g711 import alaw_decode, alaw_encode
from tests.peers.raw_phone import udp_socket

FRAME = 160
EVENTS = 101  # the payload type of RFC 4733 in our SDP
DIGITS = "0123456789*#ABCD"


class RtpEnd(asyncio.DatagramProtocol):
    """`async with RtpEnd(hertz=440) as sound:`, `sound.port` goes into an SDP; `digits` are keys it heard."""

    def __init__(self, *, hertz: float = 440.0) -> None:
        self.digits = ""
        self._hertz = hertz
        self._sock = udp_socket()
        self.port: int = self._sock.getsockname()[1]
        self._far: tuple[str, int] | None = None
        self._pieces: list[npt.NDArray[np.int16]] = []
        self._last_event = -1
        self._talking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> RtpEnd:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=self._sock)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._talking is not None:
            self._talking.cancel()
        self._transport.close()

    def heard(self) -> npt.NDArray[np.int16]:
        """All that came in, 8 kHz."""
        return np.concatenate(self._pieces) if self._pieces else np.zeros(0, dtype=np.int16)

    def forget(self) -> None:
        """Begin to listen anew."""
        self._pieces.clear()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) < 12 or data[0] >> 6 != 2:
            return
        self._far = addr
        kind, stamp = data[1] & 0x7F, struct.unpack("!I", data[4:8])[0]
        if kind == EVENTS and len(data) >= 16:
            if stamp != self._last_event:
                self.digits += DIGITS[data[12] & 15]
            self._last_event = stamp
        elif kind == 8:
            self._pieces.append(np.frombuffer(alaw_decode(data[12:]), dtype=np.int16))
        if self._talking is None:
            self._talking = asyncio.get_running_loop().create_task(self._talk(), name="rtp end")

    async def _talk(self) -> None:
        loop = asyncio.get_running_loop()
        due, number = loop.time(), 0
        while True:
            at = (number * FRAME + np.arange(FRAME)) / 8000
            tone = (np.sin(2 * np.pi * self._hertz * at) * 32767 * 10 ** (-10 / 20)).astype(np.int16)
            head = struct.pack("!BBHII", 0x80, 8, number & 0xFFFF, number * FRAME, self.port)
            self._transport.sendto(head + alaw_encode(tone.tobytes()), self._far)
            number += 1
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))
