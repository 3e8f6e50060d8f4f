"""Packaged speech in noise for voice-activity detectors, and what a detector should have said.

What is speech is told by the clean signal alone: 10 ms frames whose power, smoothed over three frames, is at
most 15.9 dB (the margin of ITU-T P.56) below its active speech level. Frames after speech, as long as a
hangover may last, and the frame before it are not judged: there a detector may say what it likes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.rig.corpus import RATE, Samples, music, speech

FRAME = 80  # samples, 10 ms
MARGIN_DB = 15.9  # ITU-T P.56 8.3
HANGOVER_FRAMES = 25  # 250 ms
MEAN_SQUARE_0DBM0 = 22826**2 / 2
NOISES = ("white", "pink", "babble", "car", "hum", "music")
SNRS = (20, 15, 10, 5)  # dB, active speech level to noise
LEVELS = (-10, -20, -30, -40)  # dBm0, active speech level, one package after the other

Signal = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Scene:
    """One talker in one noise; `active` and `judged` have one entry a frame of 10 ms."""

    package: str
    noise: str
    snr: int
    level_dbm0: int
    samples: Samples
    active: Flags
    judged: Flags


def scenes(half: str, seconds: int, seed: int = 1) -> Iterator[Scene]:
    """Every package in every noise at every SNR. Deterministic."""
    talkers = [(package, _piece(sound, seconds, seed + 7)) for package, sound in speech(half)]
    sources = _noises(talkers, seconds * RATE, seed)
    for n, (package, clean) in enumerate(talkers):
        level = LEVELS[n % len(LEVELS)]
        active, active_power = truth(clean)
        scale = (MEAN_SQUARE_0DBM0 * 10 ** (level / 10) / active_power) ** 0.5
        for noise in NOISES:
            source = np.roll(sources[noise], n * 7919)
            for snr in SNRS:
                loud = MEAN_SQUARE_0DBM0 * 10 ** ((level - snr) / 10)
                mixed = clean * scale + source * (loud / np.mean(source**2)) ** 0.5
                samples = np.clip(np.round(mixed), -32768, 32767).astype(np.int16)
                yield Scene(package, noise, snr, level, samples, active, _judged(active))


def truth(clean: Signal) -> tuple[Flags, float]:
    """(which frames are speech, mean square while they are)."""
    power = np.mean(clean[: len(clean) // FRAME * FRAME].reshape(-1, FRAME) ** 2, 1)
    smooth = np.convolve(power, np.ones(3) / 3, "same")
    active_power = float(power.mean())
    for _ in range(20):  # P.56 as a fixed point: the level over what is within the margin of it
        active_power = float(power[smooth > active_power * 10 ** (-MARGIN_DB / 10)].mean())
    return smooth > active_power * 10 ** (-MARGIN_DB / 10), active_power


def rates(said: Flags, scene: Scene) -> tuple[float, float]:
    """(share of speech frames missed, share of other judged frames called speech)."""
    said = said[: len(scene.active)]
    quiet = ~scene.active & scene.judged
    return float(np.mean(~said[scene.active])), float(np.mean(said[quiet]))


def _judged(active: Flags) -> Flags:
    free = np.zeros_like(active)
    for later in range(1, HANGOVER_FRAMES + 1):
        free[later:] |= active[:-later]
    free[:-1] |= active[1:]
    return active | ~free


def _piece(sound: Samples, seconds: int, seed: int) -> Signal:
    """A stretch of it, a different one for each seed."""
    start = seed * 100_003 % max(1, len(sound) - seconds * RATE)
    return sound[start : start + seconds * RATE].astype(float)


def _noises(talkers: list[tuple[str, Signal]], count: int, seed: int) -> dict[str, Signal]:
    t = np.arange(count) / RATE
    hum = sum(np.sin(2 * np.pi * 50 * k * t + k) / k for k in (1, 2, 3, 5, 7))
    return {
        "white": _shaped(count, seed, lambda hz: np.ones_like(hz)),
        "pink": _shaped(count, seed + 1, lambda hz: 1 / np.sqrt(np.maximum(hz, 20))),
        "babble": sum(
            (np.roll(sound, n * 31337) / np.sqrt(np.mean(sound**2)) for n, (_, sound) in enumerate(talkers)),
            np.zeros(count),
        ),
        "car": _shaped(count, seed + 2, lambda hz: 1 / (1 + (hz / 200) ** 2))
        * (1 + 0.3 * np.sin(2 * np.pi * 0.4 * t)),
        "hum": hum + 0.01 * np.random.default_rng(seed).normal(size=count),
        "music": next(sound for _, sound in music())[RATE * 60 : RATE * 60 + count].astype(float),
    }


def _shaped(count: int, seed: int, amplitude: Any) -> Signal:
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=count))
    made: Signal = np.fft.irfft(spectrum * amplitude(np.fft.rfftfreq(count, 1 / RATE)), count)
    return made
