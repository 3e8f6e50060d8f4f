"""An engine stepped by hand, a SIP worker's mailbox page as numpy, and modems on socket pairs."""

from __future__ import annotations

import fcntl
import mmap
import os
import socket

import numpy as np

from dsp._native.engine import Engine, EventKind

TICK_NS = 20_000_000
FIRST = 1000  # the tick before the first
BOX = np.dtype([("number", "<u8", 2), ("source", "<u4", 2), ("frame", "<i2", (2, 160))])
SLOT = np.dtype([("in_use", "<u4"), ("reserved", "<u4"), ("up", BOX), ("down", BOX)])
PAGE = np.dtype(
    [(name, "<u4") for name in ("magic", "slots", "frame_samples", "reserved", "done", "mixed")]
    + [("slot", SLOT, 64)]
)


class Page:
    """A worker's mailbox page, written and read as the worker would."""

    def __init__(self) -> None:
        self.fd = os.memfd_create("test-worker", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.fd, PAGE.itemsize)
        self.map = np.frombuffer(mmap.mmap(self.fd, PAGE.itemsize), PAGE)[0:1]
        self.map["magic"], self.map["slots"], self.map["frame_samples"] = 0x43425032, 64, 160

    def __del__(self):
        os.close(self.fd)

    def say(self, slot, tick, frame):
        up = self.map["slot"][0][slot]["up"]
        self.map["slot"][0]["in_use"][slot] = 1
        up["frame"][tick & 1] = frame
        up["number"][tick & 1] = tick

    def heard(self, slot, tick):
        """What the slot heard at the tick, None when nothing was written for it."""
        down = self.map["slot"][0][slot]["down"]
        return down["frame"][tick & 1].copy() if down["number"][tick & 1] == tick else None


class Rig:
    """Slot ports 0.. of one worker, and a step that feeds and reads them all."""

    def __init__(self, slots: int = 0) -> None:
        self.engine = Engine()
        self.tick = FIRST
        self.engine.step(self.tick)
        self.page = Page()
        self.engine.worker_attach(0, self.page.fd)
        self.ports = [self.engine.slot_open(0, i) for i in range(slots)]

    def step(self, said=None):
        """One tick: `said` maps slot -> frame; every other slot in use says silence."""
        self.tick += 1
        for slot in range(len(self.ports)):
            frame = (said or {}).get(slot, 0)
            if frame is not None:
                self.page.say(slot, self.tick, frame)
        self.page.map["done"] = self.tick & 0xFFFFFFFF
        self.engine.step(self.tick)
        return [self.page.heard(slot, self.tick) for slot in range(len(self.ports))]

    def events(self, kind: EventKind):
        return [event[1:] for event in self.engine.events() if event[0] == kind]


def pair():
    """Two joined descriptors that never wait."""
    ends = socket.socketpair()
    for end in ends:
        end.setblocking(False)
    return ends[0].detach(), ends[1].detach()


class Modem:
    """The far end of a serial port: sends `wave(first, count)` in chunks by its own clock.

    `form` is what the port is declared to be, as `Engine.serial_open` takes it.
    """

    def __init__(
        self, rig: Rig, wave=None, *, ppm=0.0, chunk=160, jitter_ms=(0.0, 0.0), seed=1, form=None
    ) -> None:
        self.rig = rig
        self.far, near = pair()
        self.port = rig.engine.serial_open(near, **(form or {}))
        self.wave = wave
        self.chunk = chunk
        self.period_ns = chunk / (8000 * (1 + ppm * 1e-6)) * 1e9
        self.start_ns = (rig.tick + 2) * TICK_NS + 7_000_000
        self.jitter_ms = jitter_ms
        self.random = np.random.default_rng(seed)
        self.sent = 0
        self.arrived_ns = 0
        self.next_ns = self._due()
        self.got = b""

    def _due(self):
        jitter = self.random.uniform(*self.jitter_ms) * 1e6
        ideal = self.start_ns + self.sent // self.chunk * self.period_ns + jitter
        return max(self.arrived_ns, int(ideal))

    def send(self, data: bytes, at_ns: int):
        os.write(self.far, data)
        self.rig.engine.poll(at_ns)

    def until(self, ns: int):
        """Send every chunk due until then, each at its time."""
        while self.wave is not None and self.next_ns <= ns:
            samples = np.asarray(self.wave(self.sent, self.chunk)).round().astype("<i2")
            self.arrived_ns = self.next_ns
            self.send(samples.tobytes(), self.arrived_ns)
            self.sent += self.chunk
            self.next_ns = self._due()

    def take(self):
        """What the engine wrote since the last time, in samples."""
        self.read()
        whole = len(self.got) & ~1
        data, self.got = self.got[:whole], self.got[whole:]
        return np.frombuffer(data, "<i2")

    def read(self):
        """Take what the engine wrote, and keep it for `take`."""
        while self.far >= 0:
            try:
                self.got += os.read(self.far, 1 << 16)
            except BlockingIOError:
                break

    def hang_up(self):
        """Close the far end of the descriptor."""
        self.wave = None
        os.close(self.far)
        self.far = -1
        self.rig.engine.poll(self.rig.tick * TICK_NS)

    def __del__(self):
        if self.far >= 0:
            os.close(self.far)

    def status(self):
        return self.rig.engine.port_status(self.port)


def run(rig: Rig, modems, ticks: int, each=None):
    """Step `ticks` ticks with the modems sending in between; `each(tick)` is called after every tick."""
    for _ in range(ticks):
        for modem in modems:
            modem.until((rig.tick + 1) * TICK_NS)
        rig.step()
        for modem in modems:
            modem.read()
            modem.got = modem.got[-(1 << 16) :]
        if each is not None:
            each(rig.tick)


def sealed(fd: int) -> bool:
    return bool(fcntl.fcntl(fd, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SHRINK)
