"""A V.253 modem in duplex voice at the far end of a port: plays blocks by its own clock, and makes an echo.

The shield is put on and taken off here by other code than ours.
"""

from __future__ import annotations

import re

import numpy as np

from dsp import g711
from dsp._native.engine import EventKind
from tests.dsp.engine_rig import TICK_NS, Modem, Rig

TO_BYTES = {
    "s16le": lambda samples: samples.astype("<i2").tobytes(),
    "ulaw": lambda samples: g711.ulaw_encode(samples.astype(np.int16).tobytes()),
    "alaw": lambda samples: g711.alaw_encode(samples.astype(np.int16).tobytes()),
    "u8": lambda samples: (np.clip(np.round(samples / 256), -128, 127) + 128).astype(np.uint8).tobytes(),
    "s8": lambda samples: np.clip(np.round(samples / 256), -128, 127).astype(np.int8).tobytes(),
}
FROM_BYTES = {
    "s16le": lambda data: np.frombuffer(data, "<i2").astype(float),
    "ulaw": lambda data: np.frombuffer(g711.ulaw_decode(data), np.int16).astype(float),
    "alaw": lambda data: np.frombuffer(g711.alaw_decode(data), np.int16).astype(float),
    "u8": lambda data: (np.frombuffer(data, np.uint8).astype(float) - 128) * 256,
    "s8": lambda data: np.frombuffer(data, np.int8).astype(float) * 256,
}
LINE = {"coding": "ulaw", "shielded": True}  # the form of such a port
PAIR = re.compile(rb"\x10(.)", re.DOTALL)


def wave_of(sound):
    """A wave that says the samples once, then silence."""
    return lambda first, count: np.concatenate([sound[first : first + count], np.zeros(count)])[:count]


def codes(rig):
    """What codes were told since the last time."""
    return bytes(event[1] for event in rig.events(EventKind.MODEM_CODE))


def shielded(sound: bytes) -> bytes:
    """0x10 doubled."""
    return sound.replace(b"\x10", b"\x10\x10")


def unshielded(data: bytes) -> tuple[bytes, bytes, bytes]:
    """(sound, codes, what is there of a pair whose second byte has not come)."""
    rest = b"" if PAIR.sub(b"", data)[-1:] != b"\x10" else b"\x10"
    codes = [code for code in PAIR.findall(data) if code not in (b"\x10", b"\x1a")]
    sounds = {b"\x10": b"\x10", b"\x1a": b"\x10\x10"}
    sound = PAIR.sub(lambda pair: sounds.get(pair.group(1), b""), data[: len(data) - len(rest)])
    return sound, b"".join(codes), rest


class VoiceModem(Modem):
    """Plays `chunk` samples a period of what it was given before the period, and sends what came meanwhile.

    What comes is `wave`, and the echo of what was played through `taps`, `trip_ms` later. `heard` is all it
    was given, `codes` what codes were among it, `dry` the periods in which it ran out; it tells if `tells`.
    It begins to play when it has more than `prebuffer` samples.
    """

    def __init__(
        self,
        rig: Rig,
        wave=lambda first, count: np.zeros(count),
        *,
        coding="ulaw",
        taps=(),
        trip_ms=0.0,
        prebuffer=0,
        tells=True,
        form=None,
        **clock,
    ) -> None:
        super().__init__(rig, wave, form={"coding": coding, "shielded": True} | (form or {}), **clock)
        self.coding = coding
        self.taps = np.concatenate([np.zeros(round(trip_ms * 8)), np.asarray(taps, float)])
        self.played = np.zeros(len(self.taps) + self.chunk)
        self.queue, self.heard = np.zeros(0), np.zeros(0)
        self.prebuffer, self.playing = prebuffer, False
        self.codes, self.left = b"", b""
        self.dry, self.tells = 0, tells

    def until(self, ns: int):
        while self.next_ns <= ns:
            self.listen()
            came = np.asarray(self.wave(self.sent, self.chunk), float) + self._echo()
            said = shielded(TO_BYTES[self.coding](np.clip(np.round(came), -32768, 32767)))
            dry = self._play()
            self.arrived_ns = self.next_ns
            self.send(said + (b"\x10u" if dry and self.tells else b""), self.arrived_ns)
            self.sent += self.chunk
            self.next_ns = self._due()

    def listen(self):
        """Take what was written."""
        self.read()
        sound, codes, self.left = unshielded(self.left + self.got)
        self.got = b""
        given = FROM_BYTES[self.coding](sound)
        self.heard = np.concatenate([self.heard, given])
        self.queue = np.concatenate([self.queue, given])
        self.codes += codes

    def _echo(self):
        if not len(self.taps):
            return np.zeros(self.chunk)
        return np.convolve(self.played, self.taps)[len(self.played) - self.chunk : len(self.played)]

    def _play(self) -> bool:
        """Play the next period; whether it ran dry."""
        self.playing = self.playing or len(self.queue) > self.prebuffer
        ready = self.queue[: self.chunk] if self.playing else self.queue[:0]
        self.queue = self.queue[len(ready) :]
        block = np.concatenate([ready, np.zeros(self.chunk - len(ready))])
        self.played = np.concatenate([self.played, block])[-len(self.taps) - self.chunk :]
        dry = self.playing and len(ready) < self.chunk
        self.dry += dry
        return dry


def talk(rig: Rig, modem: VoiceModem, said) -> np.ndarray:
    """What slot 0 hears while it says `said`, both bridged to the modem."""
    rig.engine.connect(modem.port, rig.ports[0], 1.0)
    rig.engine.connect(rig.ports[0], modem.port, 1.0)
    heard = []
    for frame in np.asarray(said).reshape(-1, 160):
        modem.until((rig.tick + 1) * TICK_NS)
        heard.append(rig.step({0: frame})[0])
    return np.concatenate([np.zeros(160) if frame is None else frame for frame in heard]).astype(float)
