"""Four ways for bytes to travel between a host and a modem, on the loop's clock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

Take = Callable[[bytes], None]


class Wire:
    """Whole: what was written arrives in one piece, soon."""

    def carry(self, data: bytes, take: Take) -> None:
        asyncio.get_running_loop().call_soon(take, data)


class ByteByByte(Wire):
    """Every byte arrives alone."""

    def carry(self, data: bytes, take: Take) -> None:
        for byte in data:
            super().carry(bytes((byte,)), take)


class Delayed(Wire):
    """Pieces of any size arrive up to 50 ms later, in order."""

    most_bytes, most_seconds = 12, 0.05

    def __init__(self, seed: int = 7) -> None:
        self._random = random.Random(seed)
        self._free_at: dict[Take, float] = {}

    def carry(self, data: bytes, take: Take) -> None:
        loop = asyncio.get_running_loop()
        while data:
            size = self._random.randint(1, self.most_bytes)
            at = max(self._free_at.get(take, 0.0), loop.time()) + self._random.random() * self.most_seconds
            self._free_at[take] = at
            loop.call_at(at, take, data[:size])
            data = data[size:]


class Lossy(Wire):
    """One byte in `every` is lost, another one is noise."""

    def __init__(self, seed: int = 7, every: int = 150) -> None:
        self._random = random.Random(seed)
        self._every = every

    def carry(self, data: bytes, take: Take) -> None:
        arriving = bytearray()
        for byte in data:
            luck = self._random.randrange(self._every)
            if luck == 0:
                continue
            arriving.append(self._random.randrange(256) if luck == 1 else byte)
        super().carry(bytes(arriving), take)


WIRES: dict[str, Callable[[], Wire]] = {
    "whole": Wire,
    "byte by byte": ByteByByte,
    "delayed": Delayed,
    "lossy": Lossy,
}
