"""Caller ID transmissions for tests and benchmarks, made in numpy and not by our sender."""

from __future__ import annotations

import numpy as np

from tests.dsp.signals import AMPLITUDE_0DBM0, RATE, Signal, noise, silence, sine

BELL202, ETSI = (1200, 2200), (1300, 2100)  # mark, space
CARRIER_DBM0 = -13.5
OVER = 24  # samples made for each of 8 kHz


def framed(kind: int, content: bytes) -> bytes:
    """Type, length, content, checksum."""
    message = bytes([kind, len(content)]) + content
    return message + bytes([256 - sum(message) % 256 & 0xFF])


def with_parameters(*parameters: tuple[int, bytes], kind: int = 0x80) -> bytes:
    """A message of parameters."""
    return framed(kind, b"".join(bytes([code, len(value)]) + value for code, value in parameters))


def random_call(rng: np.random.Generator) -> bytes:
    """Time, a number of ten digits and a name of fifteen letters."""
    time = f"{rng.integers(1, 13):02}{rng.integers(1, 29):02}{rng.integers(24):02}{rng.integers(60):02}"
    number = rng.integers(48, 58, 10).astype(np.uint8).tobytes()
    name = rng.integers(65, 91, 15).astype(np.uint8).tobytes()
    return with_parameters((1, time.encode()), (2, number), (7, name))


def bits_of(
    message: bytes, seizure: int = 300, mark: int = 180, stuffed: int = 0, last: int = 4
) -> list[int]:
    """Seizure, mark, the bytes with start and stop bit, lowest bit first, and a last mark."""
    bits = [n % 2 for n in range(seizure)] + [1] * mark
    for byte in message:
        bits += [0] + [byte >> n & 1 for n in range(8)] + [1] + [1] * stuffed
    return bits + [1] * last


def modulated(
    bits: list[int],
    tones: tuple[float, float] = BELL202,
    dbm0: float = CARRIER_DBM0,
    *,
    baud: float = 1200,
    twist_db: float = 0.0,
    off: float = 0.0,
) -> Signal:
    """Continuous-phase FSK; `twist_db` is mark over space, `off` the share that both tones are off."""
    fine = RATE * OVER
    at = (np.arange(int(len(bits) * fine / baud)) * (baud / fine)).astype(int)
    is_mark = np.asarray(bits, bool)[np.minimum(at, len(bits) - 1)]
    hz = np.where(is_mark, tones[0], tones[1]) * (1 + off)
    phase = 2 * np.pi * np.cumsum(hz)[::OVER] / fine
    level = dbm0 + np.where(is_mark[::OVER], twist_db, -twist_db) / 2
    return AMPLITUDE_0DBM0 * 10 ** (level / 20) * np.sin(phase)


def sent(
    message: bytes,
    tones: tuple[float, float] = BELL202,
    dbm0: float = CARRIER_DBM0,
    *,
    seizure: int = 300,
    mark: int = 180,
    stuffed: int = 0,
    pause: int = 800,
    **how: float,
) -> Signal:
    """A whole transmission with silence before and after, `pause` samples each."""
    carrier = modulated(bits_of(message, seizure, mark, stuffed), tones, dbm0, **how)
    return np.concatenate([silence(pause), carrier, silence(pause)])


def in_noise(signal: Signal, snr_db: float, seed: int, dbm0: float = CARRIER_DBM0) -> Signal:
    """With white noise, 0-4 kHz, this far below the carrier of `dbm0`."""
    return signal + noise(len(signal), dbm0 - snr_db, seed)


def alert(
    ms: float = 80, dbm0: float = -15.0, twist_db: float = 0.0, off: tuple[float, float] = (0, 0)
) -> Signal:
    """CAS or DT-AS: 2130 and 2750 Hz, each at `dbm0`; `twist_db` is low over high."""
    count = round(ms * 8)
    low = sine(2130 * (1 + off[0]), count, dbm0 + twist_db / 2, 0.7)
    return low + sine(2750 * (1 + off[1]), count, dbm0 - twist_db / 2, 2.1)
