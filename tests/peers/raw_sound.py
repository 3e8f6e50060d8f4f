"""The sound of a telephone made of sockets: a tone by RTP, a packet each 20 ms; what comes is kept."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from types import TracebackType

import numpy as np
import numpy.typing as npt

from dsp.g711 import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode
from tests.peers.raw_phone import RawPhone

ENCODE = {8: alaw_encode, 0: ulaw_encode}
DECODE = {8: alaw_decode, 0: ulaw_decode}
FRAME = 160


class RawSound:
    """`async with RawSound(phone, hertz=500):` speaks to wherever `phone` was told, and listens.

    `lose` is the share of packets that never leave, by `dice`; `sock` another socket to speak from.
    `payload_type`, `hertz` and `mute` may be changed while it speaks.
    """

    def __init__(
        self,
        phone: RawPhone,
        *,
        hertz: float = 500.0,
        payload_type: int = 8,
        lose: float = 0.0,
        sock: socket.socket | None = None,
        dice: random.Random | None = None,
    ) -> None:
        self.hertz = hertz
        self.payload_type = payload_type
        self.mute = False
        self.sent = 0
        self._phone = phone
        self._sock = sock or phone.rtp
        self._lose = lose
        self._dice = dice or random.Random(1)
        self._packets: list[bytes] = []

    async def __aenter__(self) -> RawSound:
        self._task = asyncio.create_task(self._run(), name="raw sound")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def packets(self) -> list[bytes]:
        """What has come since the last call, whole."""
        while True:
            try:
                self._packets.append(self._sock.recv(2048))
            except BlockingIOError:
                taken, self._packets = self._packets, []
                return taken

    def heard(self) -> npt.NDArray[np.int16]:
        """The G.711 that has come since the last call, packet after packet: 8 kHz samples."""
        frames = [
            np.frombuffer(DECODE[packet[1] & 0x7F](packet[12:]), dtype=np.int16)
            for packet in self.packets()
            if packet[1] & 0x7F in DECODE
        ]
        return np.concatenate(frames) if frames else np.zeros(0, dtype=np.int16)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        for number in range(1_000_000):
            await asyncio.sleep(max(0.0, begin + number * 0.02 - loop.time()))
            self._drain()
            if not self.mute and self._phone.far_rtp and self._dice.random() >= self._lose:
                self._send(number)

    def _send(self, number: int) -> None:
        at = (number * FRAME + np.arange(FRAME)) / 8000
        tone = (np.sin(2 * np.pi * self.hertz * at) * 32767 * 10 ** (-10 / 20)).astype("<i2").tobytes()
        ssrc = self._sock.getsockname()[1]
        head = struct.pack("!BBHII", 0x80, self.payload_type, number & 0xFFFF, number * FRAME, ssrc)
        self._sock.sendto(head + ENCODE[self.payload_type](tone), ("127.0.0.1", self._phone.far_rtp))
        self.sent += 1

    def _drain(self) -> None:
        while len(self._packets) < 100_000:
            try:
                self._packets.append(self._sock.recv(2048))
            except BlockingIOError:
                return
