"""Sends caller ID: samples (s16, 8 kHz) of a message by Bell 202 or V.23, and of the alert tone before it."""

import math
from array import array
from collections.abc import Iterable, Sequence

RATE = 8000  # samples a second
BAUD = 1200
AMPLITUDE_0DBM0 = 32767 * 10 ** (-3.14 / 20)  # of a sine of 0 dBm0, ITU-T G.711 A-law
BELL202_HZ = (2200, 1200)  # space, mark
V23_HZ = (2100, 1300)
LEVEL_DBM0 = -13.5  # GR-30, at the exchange

SEIZURE_BITS = 300  # GR-30 and EN 300 659-1, on hook: space and mark in turn, space first; off hook none
ON_HOOK_MARK_BITS, OFF_HOOK_MARK_BITS = 180, 80
LAST_MARK_BITS = 4  # after the checksum; SIN 227 2-10
MOST_STUFFED_BITS = 10  # mark between bytes, GR-30

ALERT_HZ = (2130, 2750)
ALERT_DBM0 = -15.0  # a tone, GR-30
CAS_MS, DT_AS_MS = 80, 100  # off hook 75-85 (SR-TSV-002476, ETS 300 778-2); on hook 88-110 (SIN 227)


def fsk(
    message: bytes,
    tones_hz: tuple[int, int] = BELL202_HZ,
    *,
    off_hook: bool = False,
    stuffed_bits: int = 0,
    level_dbm0: float = LEVEL_DBM0,
) -> bytes:
    """Seizure (on hook), mark, the message's bytes as they are, and a last mark, in continuous phase.

    Raises ValueError for more stuffed bits between bytes than a receiver must take.
    """
    if not 0 <= stuffed_bits <= MOST_STUFFED_BITS:
        raise ValueError(f"stuffed_bits {stuffed_bits}: 0 to {MOST_STUFFED_BITS} are allowed between bytes.")
    bits = [1] * OFF_HOOK_MARK_BITS if off_hook else [0, 1] * (SEIZURE_BITS // 2) + [1] * ON_HOOK_MARK_BITS
    for byte in message:
        bits += [0, *(byte >> n & 1 for n in range(8)), 1, *[1] * stuffed_bits]
    return _modulated(bits + [1] * LAST_MARK_BITS, tones_hz, level_dbm0)


def alert(ms: float = CAS_MS, level_dbm0: float = ALERT_DBM0) -> bytes:
    """The dual tone; the level is of each of the two."""
    amplitude = AMPLITUDE_0DBM0 * 10 ** (level_dbm0 / 20)
    turns = [2 * math.pi * hz / RATE for hz in ALERT_HZ]
    return _samples(sum(amplitude * math.sin(turn * n) for turn in turns) for n in range(round(ms * 8)))


def silence(ms: float) -> bytes:
    """Nothing, that long."""
    return bytes(2 * round(ms * RATE / 1000))


def _modulated(bits: Sequence[int], tones_hz: tuple[int, int], level_dbm0: float) -> bytes:
    amplitude = AMPLITUDE_0DBM0 * 10 ** (level_dbm0 / 20)
    phases = [0.0]  # turns at the start of each bit
    for bit in bits:
        phases.append((phases[-1] + tones_hz[bit] / BAUD) % 1.0)

    def value(n: int) -> float:
        number, part = divmod(n * BAUD, RATE)
        turns = phases[number] + tones_hz[bits[number]] * part / (BAUD * RATE)
        return amplitude * math.sin(2 * math.pi * turns)

    return _samples(value(n) for n in range(len(bits) * RATE // BAUD))


def _samples(values: Iterable[float]) -> bytes:
    return array("h", (max(-32768, min(32767, round(value))) for value in values)).tobytes()
