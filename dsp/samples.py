"""Bytes as samples: whole ones or a clear error; and bytes in pieces of any length cut at whole ones."""

import os
from collections.abc import Iterator

Bytes = bytes | bytearray | memoryview

PIECE_BYTES = 320  # 20 ms of s16 at 8 kHz


def whole(samples: Bytes) -> memoryview:
    """The s16 samples in these bytes, host order. Raises ValueError where the last one is only half there."""
    view = memoryview(samples).cast("B")
    if len(view) % 2:
        raise ValueError(
            f"samples: {len(view)} bytes, expected two for each sample. Keep the odd one for later."
        )
    return view.cast("h")


class Pieces:
    """Bytes in pieces of any length, given on as whole samples; half a sample waits for its other half."""

    def __init__(self) -> None:
        self._odd = b""

    def take(self, samples: Bytes) -> memoryview:
        """The s16 samples that are whole now, host order."""
        data = self._odd + bytes(samples)
        end = len(data) & ~1
        self._odd = data[end:]
        return memoryview(data)[:end].cast("h")

    def silence(self, count: int) -> bytes:
        """Bytes of at least so many samples of silence; half a sample that waits is completed."""
        return bytes(2 * count + len(self._odd))


def stream(descriptor: int) -> Iterator[bytes]:
    """Whole samples from a file descriptor, as soon as they come; half of one at the end is dropped."""
    pieces = Pieces()
    while data := os.read(descriptor, PIECE_BYTES):  # it does not wait for a full piece
        yield pieces.take(data).tobytes()
