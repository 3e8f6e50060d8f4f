"""The far end of an emulated call: what it says (speech, tones, keys pressed) and what it hears."""

from __future__ import annotations

import array
import math
import wave
from pathlib import Path

from drivers.emulated.pcm import FRAME_BYTES, FRAME_SECONDS, SILENCE
from dsp.wav import WavError, read_mono

RATE = 8000
FULL_SCALE_DBM0 = 3.14  # of a sine, ITU-T G.711 table 1
DTMF_DBM0 = -8.0  # each of the two tones
KEY_SECONDS = 0.1  # tone and pause; Q.24 asks for 40 ms at least
KEYS = {
    key: (low, high)
    for low, row in zip((697, 770, 852, 941), ("123A", "456B", "789C", "*0#D"), strict=True)
    for high, key in zip((1209, 1336, 1477, 1633), row, strict=True)
}


class BadSpeech(Exception):
    """A speech file that cannot be used; the message says what is wrong with it."""


class FarVoice:
    """Speech with keys pressed in between; what comes back is counted, and recorded if asked."""

    def __init__(self, speech: bytes = b"", *, loop: bool = False, record: Path | None = None) -> None:
        self.heard_frames = 0  # of 20 ms, from the box
        self.sounding_frames = 0  # those that were not digital silence
        self.said_frames = 0
        self._speech = speech + bytes(-len(speech) % FRAME_BYTES)
        self._loop = loop
        self._position = 0
        self._keys = bytearray()
        self._recorder = _open_recorder(record)

    @property
    def heard_seconds(self) -> float:
        return self.heard_frames * FRAME_SECONDS

    @property
    def sounding_seconds(self) -> float:
        return self.sounding_frames * FRAME_SECONDS

    def press(self, keys: str) -> None:
        """Press keys now: each 100 ms tone in the speech, 100 ms pause; raises ValueError for a bad key."""
        for key in keys:
            if key not in KEYS:
                raise ValueError(f"{key!r} is no key of a telephone; there are 0-9 A-D * #")
        for key in keys:
            self._keys += tone(*KEYS[key], seconds=KEY_SECONDS, level_dbm0=DTMF_DBM0)
            self._keys += bytes(int(RATE * KEY_SECONDS) * 2)

    def say(self) -> bytes:
        """The next frame."""
        self.said_frames += 1
        if self._keys:
            frame = bytes(self._keys[:FRAME_BYTES])
            del self._keys[:FRAME_BYTES]
            return frame
        frame = self._speech[self._position : self._position + FRAME_BYTES]
        self._position += len(frame)
        if self._loop and self._position >= len(self._speech):
            self._position = 0
        return frame or SILENCE

    def hear(self, frame: bytes) -> None:
        """A frame from the box."""
        self.heard_frames += 1
        if frame != SILENCE:
            self.sounding_frames += 1
        if self._recorder is not None:
            self._recorder.writeframesraw(frame)

    def close(self) -> None:
        """The call is over; the recording is complete."""
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None


def tone(*hertz: float, seconds: float, level_dbm0: float) -> bytes:
    """Sines of `level_dbm0` each, added up, as s16 bytes."""
    peak = 32767 * 10 ** ((level_dbm0 - FULL_SCALE_DBM0) / 20)
    steps = [2 * math.pi * f / RATE for f in hertz]
    return array.array(
        "h", (round(peak * sum(math.sin(step * n) for step in steps)) for n in range(round(RATE * seconds)))
    ).tobytes()


def read_speech(path: str) -> bytes:
    """The samples of a WAV file of telephone quality (8 kHz); raises BadSpeech."""
    try:
        return read_mono(path)
    except WavError as error:
        raise BadSpeech(str(error)) from error


def _open_recorder(path: Path | None) -> wave.Wave_write | None:
    if path is None:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    recorder = wave.open(str(path), "wb")  # noqa: SIM115 - closed by FarVoice.close
    recorder.setparams((1, 2, RATE, 0, "NONE", ""))
    return recorder
