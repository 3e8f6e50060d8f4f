"""Measuring what somebody heard: levels of tones, and where a known sound is found again. numpy, 8 kHz."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

FULL_DBM0 = 3.14  # dBm0 of a sine at digital clip (A-law), G.711


def read(path: Path) -> npt.NDArray[np.int16]:
    """A 16-bit WAV file as samples x channels."""
    with wave.open(str(path)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
        return data.reshape(-1, file.getnchannels())


def tone_dbm0(samples: Samples, hz: float) -> float:
    """Level of one tone in the loudest second of the samples, in dBm0; -99 when there is none."""
    best = -99.0
    for start in range(0, max(1, len(samples) - 4000), 4000):
        part = samples[start : start + 4000].astype(float)
        if len(part) < 4000:
            break
        phase = np.exp(-2j * np.pi * hz / 8000 * np.arange(len(part)))
        amplitude = 2 * abs(np.dot(part * np.hanning(len(part)), phase)) / (len(part) / 2)
        best = max(best, 20 * np.log10(max(amplitude, 1e-3) / 32768) + FULL_DBM0)
    return best


PIECE = 1000  # samples, 125 ms: 300 ppm of a clock's difference move it by less than half a sample


def likeness(sound: Samples, heard: Samples, slack: int = 40) -> float:
    """How much of `sound` is found again in `heard`, 0 to 1.

    The normalised cross-correlation of each 125 ms, where it is highest, weighted by energy: piece by piece,
    because the clock of a modem is not that of a phone. A piece may lie `slack` samples beside its place: of
    sound that comes by RTP, frames of 20 ms more, for a jitter buffer slips by them.
    """
    at = _found(sound, heard)
    alike = energy = 0.0
    for begin in range(0, len(sound) - PIECE + 1, PIECE):
        piece = sound[begin : begin + PIECE].astype(float)
        around = heard[max(0, at + begin - slack) :][: PIECE + 2 * slack].astype(float)
        if len(around) < PIECE + 2 * slack:
            break
        product = np.correlate(around, piece, "valid")
        norms = np.sqrt(np.convolve(around**2, np.ones(PIECE), "valid") * np.dot(piece, piece))
        alike += float((product / np.maximum(norms, 1.0)).max()) * np.dot(piece, piece)
        energy += np.dot(piece, piece)
    return alike / energy if energy else 0.0


def _found(sound: Samples, heard: Samples) -> int:
    """Where `sound` begins in `heard`: the highest cross-correlation."""
    one = sound.astype(float) - sound.mean()
    other = heard.astype(float) - heard.mean()
    size = 1 << (len(one) + len(other)).bit_length()
    product = np.fft.irfft(np.fft.rfft(other, size) * np.conj(np.fft.rfft(one, size)), size)
    return int(np.argmax(product[: len(other)]))
