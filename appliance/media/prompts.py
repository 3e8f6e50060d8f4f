"""Sound files in memory, read once and shared by all who play them; a changed file is read anew."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from dsp.wav import read_mono

CACHE_BYTES = 64 << 20  # over an hour of sound; what is playing is kept alive by its player besides


class PromptCache:
    """Bounded by `most_bytes`; what was played longest ago goes first."""

    def __init__(self, *, most_bytes: int = CACHE_BYTES) -> None:
        self._most_bytes = most_bytes
        self._held: OrderedDict[Path, tuple[tuple[int, int], bytes]] = OrderedDict()
        self.bytes = 0

    def sound(self, path: Path) -> bytes:
        """The file as s16le, 8 kHz, mono; raises dsp.wav.WavError or OSError."""
        status = path.stat()
        version = (status.st_mtime_ns, status.st_size)
        held = self._held.get(path)
        if held is None or held[0] != version:
            self._forget(path)
            held = (version, read_mono(path))
            self._held[path] = held
            self.bytes += len(held[1])
        self._held.move_to_end(path)
        while self.bytes > self._most_bytes:
            self._forget(next(iter(self._held)))
        return held[1]

    def _forget(self, path: Path) -> None:
        held = self._held.pop(path, None)
        if held is not None:
            self.bytes -= len(held[1])
