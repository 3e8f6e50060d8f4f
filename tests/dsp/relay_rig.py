"""A SIP worker's audio thread stepped by hand, its streams without a network, the real engine beside it."""

from __future__ import annotations

import ctypes
import functools
import subprocess
import sysconfig
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dsp._native.engine import Engine

ROOT = Path(__file__).parents[2]
SOURCES = [
    "tests/dsp/fake_streams.c",
    "dsp/_native/worker_page.c",
    "dsp/_native/relay.c",
    "dsp/_native/pj_abi.c",
]
FLAGS = ["-O1", "-std=gnu11", "-D_GNU_SOURCE", "-fno-math-errno", "-Wall", "-Werror", "-shared", "-fPIC"]
FRAME = 160
SLOTS = 64
FIRST = 1000


class Sent(ctypes.Structure):
    _fields_ = (("number", ctypes.c_uint16), ("time", ctypes.c_uint32), ("sound", ctypes.c_int16 * FRAME))


@functools.cache
def library() -> ctypes.CDLL:
    """fake_streams.c, compiled once a run."""
    compiler = (sysconfig.get_config_var("CC") or "gcc").split()[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fake_streams.so"
        command = [compiler, *FLAGS, "-o", path, *SOURCES, "-lpthread", "-lm"]
        subprocess.run(command, cwd=ROOT, check=True)
        loaded = ctypes.CDLL(str(path))
    for name in ("fake_worker", "fake_stream"):
        getattr(loaded, name).restype = ctypes.c_void_p
    loaded.fake_log.restype = ctypes.POINTER(Sent)
    loaded.fake_counter.restype = ctypes.c_uint64
    return loaded


@dataclass
class Packet:
    """What a leg's stream was given."""

    number: int
    time: int
    sound: np.ndarray


@dataclass
class Leg:
    """A phone's stream in a slot of the worker, and its port at the engine."""

    slot: int
    stream: ctypes.c_void_p
    port: int = 0
    numbers: int = 0
    read: int = 0
    heard: list[Packet] = field(default_factory=list)

    def say(self, sound, *, lost: bool = False, key: bool = False) -> None:
        """A packet arrives (of 20 ms, or as long as `sound`), or its number is used up, or it is a key."""
        self.numbers += 1
        size = np.size(sound) if np.ndim(sound) else FRAME
        frame = np.ascontiguousarray(np.broadcast_to(sound, size), "<i2")
        if key:
            library().fake_key(self.stream, self.numbers & 0xFFFF)
        elif not lost:
            pointer = frame.ctypes.data_as(ctypes.c_void_p)
            library().fake_packet(self.stream, self.numbers & 0xFFFF, pointer, size * 2 // FRAME)

    def take(self) -> list[Packet]:
        """What it was given since the last time."""
        new = []
        for index in range(self.read, library().fake_sent(self.stream)):
            sent = library().fake_log(self.stream, index)[0]
            new.append(Packet(sent.number, sent.time, np.array(sent.sound, "<i2")))
        self.read += len(new)
        self.heard += new
        return new


class RelayRig:
    """Legs 0.. of one worker, attached to an engine as its worker 0."""

    def __init__(self, legs: int) -> None:
        self.close = library().fake_close
        self.worker = ctypes.c_void_p(library().fake_worker())
        self.engine = Engine()
        self.tick = FIRST
        self.engine.step(self.tick)
        self.engine.worker_attach(0, library().fake_page(self.worker))
        self.placed = 0
        self.legs = [self.add(place) for place in range(legs)]

    def __del__(self):
        self.close(self.worker)

    def add(self, place: int) -> Leg:
        """A new leg in a place of the worker, with a port at the engine."""
        self.placed += 1
        slot = place + SLOTS * self.placed
        leg = Leg(slot=slot, stream=ctypes.c_void_p(library().fake_stream()))
        assert library().fake_attach(self.worker, slot, leg.stream) == 0
        leg.port = self.engine.slot_open(0, slot)
        return leg

    def detach(self, leg: Leg) -> None:
        """The worker lets go of the stream."""
        library().stream_audio_detach(self.worker, leg.slot)

    def bridge(self, a: Leg, b: Leg, *, on: bool = True) -> None:
        """Both hear each other, or no more."""
        for source, sink in ((a, b), (b, a)):
            if on:
                self.engine.connect(source.port, sink.port, 1.0)
            else:
                self.engine.disconnect(source.port, sink.port)

    def step(self, said=None, *, part: int = 1, engine: bool = True) -> None:
        """20 ms: `said` maps leg number -> its packet, which comes in quarter `part`; then a tick."""
        self.tick += 1
        for quarter in range(4):
            if quarter == part:
                for index, sound in (said or {}).items():
                    self.legs[index].say(sound)
            if quarter < 3:
                library().fake_pass(self.worker)
        library().stream_audio_up(self.worker, ctypes.c_uint64(self.tick))
        if engine:
            self.engine.step(self.tick)
        library().stream_audio_down(self.worker, ctypes.c_uint64(self.tick), int(engine))

    @property
    def direct(self) -> int:
        """Frames that went without the engine so far."""
        return library().fake_counter(self.worker, 0)

    @property
    def skipped(self) -> int:
        """Frames passed on as lost."""
        return library().fake_counter(self.worker, 1)
