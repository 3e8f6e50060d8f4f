"""In the media engine's place at a worker's audio page: hears every slot, says a tone to every slot."""

from __future__ import annotations

import mmap
import os
import threading
import time

import numpy as np
import numpy.typing as npt

TICK_SECONDS = 0.02
FRAME = 160
SLOTS = 64
TICK_BITS = 40  # of a frame's number; the rest is the leg's
MAGIC = 0x43425032

_BOX = np.dtype([("number", "<u8", 2), ("source", "<u4", 2), ("frame", "<i2", (2, FRAME))])
_PAGE = np.dtype(
    [
        ("magic", "<u4"),
        ("slots", "<u4"),
        ("frame_samples", "<u4"),
        ("reserved", "<u4"),
        ("done", "<u4"),
        ("mixed", "<u4"),
        ("slot", [("in_use", "<u4"), ("reserved", "<u4"), ("up", _BOX), ("down", _BOX)], SLOTS),
    ]
)  # dsp/_native/mailbox.h


class StandIn:
    """A thread that serves the page behind `memfd`: `say_hertz` to every slot in use, -10 dBFS.

    Python is too slow to be an engine but quick enough for a few legs: a frame that comes late is missed.
    """

    def __init__(self, memfd: int, *, say_hertz: float = 700.0) -> None:
        self._map = mmap.mmap(os.dup(memfd), _PAGE.itemsize)
        self.page = np.frombuffer(self._map, dtype=_PAGE)[0]
        self._heard: dict[int, list[npt.NDArray[np.int16]]] = {}
        self._hertz = say_hertz
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stand-in engine")

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def heard(self, slot: int) -> npt.NDArray[np.int16]:
        """All that came from this slot."""
        return np.concatenate(self._heard.get(slot % SLOTS) or [np.zeros(0, dtype=np.int16)])

    def forget(self) -> None:
        """Begin to listen anew."""
        self._heard = {}

    def _run(self) -> None:
        tick = int(time.monotonic() / TICK_SECONDS)
        while not self._stop.is_set():
            tick += 1
            time.sleep(max(0.0, tick * TICK_SECONDS + 0.001 - time.monotonic()))
            self._one(tick)

    def _one(self, tick: int) -> None:
        at = (tick * FRAME + np.arange(FRAME)) / 8000
        tone = (np.sin(2 * np.pi * self._hertz * at) * 32767 * 10 ** (-10 / 20)).astype(np.int16)
        side = tick & 1
        for index in np.flatnonzero(self.page["slot"]["in_use"]):
            slot = self.page["slot"][index]
            legs = slot["up"]["number"] >> TICK_BITS
            if slot["up"]["number"][side] & ((1 << TICK_BITS) - 1) == tick:
                self._heard.setdefault(int(index), []).append(slot["up"]["frame"][side].copy())
            slot["down"]["frame"][side] = tone
            slot["down"]["number"][side] = tick | int(legs.max()) << TICK_BITS
        self.page["mixed"] = tick & 0xFFFFFFFF
