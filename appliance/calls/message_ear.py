"""Listens to a message while the engine writes it: is somebody speaking, does the file grow? Reads files."""

from __future__ import annotations

from array import array
from pathlib import Path

from dsp.vad import Detector
from dsp.wav import RATE
from dsp.wav_layout import WavError, layout_of

MOST_BYTES = 1 << 20  # a look; the rest is read at the next one


class Ear:
    """`look` at a 16-bit file now and then, away from the loop; the figures are of what was read so far."""

    def __init__(self) -> None:
        self._detector = Detector()
        self._path: Path | None = None
        self._at = 0  # bytes of samples read
        self.spoken = False  # something was heard at all
        self.silent_seconds = 0.0  # since the last of it, or from the beginning
        self.idle_looks = 0  # that found nothing new

    def look(self, path: Path | None) -> None:
        """Read what the file has more; one that is not there, or cannot be read, has nothing."""
        if path is None:
            self.idle_looks += 1
            return
        if path != self._path:
            self._path, self._at = path, 0
        samples = self._more(path)
        self.idle_looks = 0 if samples else self.idle_looks + 1
        step = 2 * RATE // 50
        for offset in range(0, len(samples), step):
            piece = samples[offset : offset + step]
            if self._detector.feed(piece).active:
                self.spoken, self.silent_seconds = True, 0.0
            else:
                self.silent_seconds += len(piece) / 2 / RATE

    def _more(self, path: Path) -> bytes:
        """The left side's samples that are new."""
        try:
            with path.open("rb") as file:
                layout = layout_of(str(path), file)
                file.seek(layout.data_at + self._at)
                data = file.read(min(MOST_BYTES, max(0, layout.data_bytes - self._at)))
        except (OSError, WavError):
            return b""
        data = data[: len(data) - len(data) % layout.frame_bytes]
        self._at += len(data)
        return array("h", data)[:: layout.channels].tobytes()
