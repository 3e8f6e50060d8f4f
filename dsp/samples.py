"""Bytes as samples: whole ones or a clear error; and a stream of bytes cut at whole ones."""

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


def stream(descriptor: int) -> Iterator[bytes]:
    """Whole samples from a file descriptor, as soon as they come; half of one at the end is dropped."""
    kept = b""
    while data := os.read(descriptor, PIECE_BYTES):
        data = kept + data
        end = len(data) & ~1
        kept = data[end:]
        yield data[:end]
