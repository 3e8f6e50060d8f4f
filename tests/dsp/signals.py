"""Signals for the DSP tests and benchmarks, made in numpy and not by our own generators.

Signals are float arrays in sample steps at 8 kHz; `s16` makes samples of them.
"""

from __future__ import annotations

import subprocess
from typing import Any

import numpy as np
import numpy.typing as npt

RATE = 8000
AMPLITUDE_0DBM0 = 32767 * 10 ** (-3.14 / 20)  # of a sine of 0 dBm0, ITU-T G.711 A-law
RAW = ["-t", "raw", "-r", "8000", "-e", "signed", "-b", "16", "-c", "1", "-"]

Signal = npt.NDArray[np.floating[Any]]


def sine(hz: float, count: int, dbm0: float, phase: float = 0.0) -> Signal:
    """A sine of this level."""
    return AMPLITUDE_0DBM0 * 10 ** (dbm0 / 20) * np.sin(2 * np.pi * hz * np.arange(count) / RATE + phase)


def noise(count: int, dbm0: float, seed: int, low_hz: float = 0, high_hz: float = 4000) -> Signal:
    """Gaussian noise in a band; its power is that of a sine of `dbm0`."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=count))
    hz = np.fft.rfftfreq(count, 1 / RATE)
    spectrum[(hz < low_hz) | (hz > high_hz)] = 0
    made = np.fft.irfft(spectrum, count)
    return made / made.std() * AMPLITUDE_0DBM0 / np.sqrt(2) * 10 ** (dbm0 / 20)


def silence(count: int) -> Signal:
    """Nothing."""
    return np.zeros(count)


def s16(signal: Signal) -> npt.NDArray[np.int16]:
    """Samples, clipped where the signal is beyond them."""
    return np.clip(np.round(signal), -32768, 32767).astype(np.int16)


def level_dbm0(signal: Signal) -> float:
    """The level of a piece of signal: that of the sine with the same power."""
    power = float(np.mean(np.square(np.asarray(signal, float))))
    return 10 * np.log10(max(power, 1e-9) / (AMPLITUDE_0DBM0**2 / 2))


def through_gsm(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """What a GSM full-rate codec leaves of it (sox's)."""
    coded = subprocess.run(
        ["sox", *RAW, "-t", "gsm", "-"], input=samples.tobytes(), capture_output=True, check=True
    ).stdout
    heard = subprocess.run(
        ["sox", "-t", "gsm", "-", *RAW], input=coded, capture_output=True, check=True
    ).stdout
    return np.frombuffer(heard, np.int16)


def cadence(
    text: str, seconds: float, dbm0: float = -13.0, *, off: float = 0.0, stretch: float = 1.0
) -> Signal:
    """A call-progress tone (config/tones/README.md), every burst from a phase of its own.

    `dbm0` is of each frequency; frequencies are `off` by this share, times `stretch` times as long.
    """
    phases = np.random.default_rng(len(text))
    pieces, held = [], 0
    turn, again = text.split(","), [part for part in text.split(",") if not part.startswith("!")]
    while held < seconds * RATE and turn:
        for part in turn:
            sound, _, ms = part.removeprefix("!").partition("/")
            count = round(float(ms) * stretch * RATE / 1000) if ms else int(seconds * RATE)
            pieces.append(_sounding(sound, count, dbm0, 1 + off, phases))
            held += count
        turn = again
    return np.concatenate([*pieces, silence(int(seconds * RATE))])[: int(seconds * RATE)]


def _sounding(sound: str, count: int, dbm0: float, factor: float, phases: np.random.Generator) -> Signal:
    carriers, _, modulation = sound.rstrip("@").partition("*")
    level = dbm0 - 10 * sound.endswith("@")
    made = silence(count)
    for hz in map(float, carriers.split("+")):
        if hz:
            made = made + sine(hz * factor, count, level, phases.uniform(0, 2 * np.pi))
    if modulation:
        made = (
            made * (1 + 0.9 * sine(float(modulation), count, 0) / AMPLITUDE_0DBM0) / np.sqrt(1 + 0.9**2 / 2)
        )
    return made
