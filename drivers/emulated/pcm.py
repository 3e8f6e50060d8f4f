"""The audio port of an emulated modem: 320 bytes each way every 20 ms of the modem's own clock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from drivers.emulated.ptys import Pty

FRAME_BYTES = 320  # 20 ms of s16le at 8 kHz
FRAME_SECONDS = 0.02
SILENCE = bytes(FRAME_BYTES)
CUSHION_BYTES = 3 * FRAME_BYTES  # uplink kept at most; a host whose clock is faster loses what is over it
LATEST_SECONDS = 0.2  # a loop later than this skips, instead of sending a burst
STALE_FRAMES = 15  # F14b: 300 ms
NMEA = b"$GPGGA,094501.00,5231.2000,N,01324.6000,E,1,08,1.0,34.0,M,,M,,*5C\r\n"
NMEA_EVERY = 50  # frames, F14c: once a second


class Voice(Protocol):
    """What the far end says and hears, a frame at a time."""

    def say(self) -> bytes:
        """The next 320 bytes to the host."""

    def hear(self, frame: bytes) -> None:
        """The next 320 bytes from the host."""


@dataclass
class PcmCounters:
    """What went wrong on one port since it was made."""

    frames: int = 0
    uplink_underruns: int = 0  # the host had not written 320 bytes when the modem wanted them
    uplink_overruns: int = 0  # the host wrote more than the modem could keep
    skipped_frames: int = 0  # our own loop was too late


class PcmPump:
    """Moves frames between a pty and a voice while it runs, each frame due a period after the one before.

    Due times are added up, never taken from "now": a late loop does not slow the modem's clock.
    """

    def __init__(
        self,
        pty: Pty,
        *,
        drift_ppm: float = 0.0,
        jitter_ms: float = 0.0,
        faulty: Callable[[str], bool] = lambda name: False,
        seed: int = 1,
    ) -> None:
        self.counters = PcmCounters()
        self.first_frame_at = 0.0  # loop time of the first frame of this call
        self._pty = pty
        self._period = FRAME_SECONDS / (1 + drift_ppm * 1e-6)
        self._jitter = jitter_ms / 1000
        self._faulty = faulty
        self._random = random.Random(seed)
        self._timer: asyncio.TimerHandle | None = None
        self._voice: Voice | None = None
        self._uplink = bytearray()
        self._due = 0.0
        self._playing = False

    @property
    def running(self) -> bool:
        return self._timer is not None

    def start(self, voice: Voice) -> None:
        """Voice flows from now on."""
        self.stop()
        loop = asyncio.get_running_loop()
        while self._pty.read():  # what was written before the call is not heard
            pass
        self._voice, self._playing = voice, False
        self._due = self.first_frame_at = loop.time()
        if self._faulty("F14a"):
            self._pty.write(b"\x55")
        if self._faulty("F14b"):
            self._pty.write(self._random.randbytes(FRAME_BYTES) * STALE_FRAMES)
        self._timer = loop.call_at(self._due, self._tick)

    def stop(self) -> None:
        """No more voice."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._voice = None
        self._uplink.clear()

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now - self._due > LATEST_SECONDS:
            late = int((now - self._due) / self._period)
            self.counters.skipped_frames += late
            self._due += late * self._period
        while self._due <= now:
            self._frame()
            self._due += self._period
        jitter = self._random.random() * self._jitter if self._jitter else 0.0
        self._timer = loop.call_at(self._due + jitter, self._tick)

    def _frame(self) -> None:
        assert self._voice is not None
        self.counters.frames += 1
        frame = self._voice.say()
        if not self._faulty("F12"):
            self._pty.write(frame)
        if self._faulty("F14c") and self.counters.frames % NMEA_EVERY == 0:
            self._pty.write(NMEA)
        self._voice.hear(self._take())

    def _take(self) -> bytes:
        """The 320 bytes the modem's loudspeaker needs now, silence when the host is late."""
        uplink = self._uplink
        if not self._faulty("F12w"):
            uplink += self._pty.read()
        if len(uplink) > CUSHION_BYTES:
            over = (len(uplink) - CUSHION_BYTES + FRAME_BYTES - 1) // FRAME_BYTES
            self.counters.uplink_overruns += over
            del uplink[: over * FRAME_BYTES]
        if len(uplink) < FRAME_BYTES:
            self.counters.uplink_underruns += self._playing
            return SILENCE
        self._playing = True
        frame = bytes(uplink[:FRAME_BYTES])
        del uplink[:FRAME_BYTES]
        return frame
