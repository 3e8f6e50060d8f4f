"""Prints progress_table.h for progress_burst.c: `python make_progress_table.py > progress_table.h`.

A file of numbers, because C has no sine before it runs, and tables made at run time would be a global or 2 KB
in every channel. tests/dsp/test_progress.py compares the file with what this prints.
"""

import math
import sys
from collections.abc import Callable

RATE = 8000  # samples a second
TAPS = 192  # PROGRESS_TAPS
STEP = 16  # PROGRESS_STEP
BANDS = 4  # PROGRESS_BANDS
WINDOW = 64  # PROGRESS_WINDOW
CUTOFF_HZ = 270.0  # half amplitude: what is further from the middle of a band folds over at 250 Hz
KAISER_BETA = 4.4  # -48 dB; with 192 taps the band is flat to 205 Hz and gone from 335 Hz


def bessel(x: float) -> float:
    """Modified Bessel function of the first kind, order zero, by its series."""
    term = total = 1.0
    for k in range(1, 40):
        term *= (x / (2 * k)) ** 2
        total += term
    return total


def low_pass() -> list[float]:
    """A Kaiser-windowed sinc, scaled so that a sine in the middle of a band gives its own amplitude."""
    taps = []
    for n in range(TAPS):
        t = n - (TAPS - 1) / 2
        window = bessel(KAISER_BETA * math.sqrt(1 - (2 * t / TAPS) ** 2)) / bessel(KAISER_BETA)
        taps.append(window * math.sin(2 * math.pi * CUTOFF_HZ * t / RATE) / (math.pi * t))
    total = sum(taps)
    return [2 * tap / total for tap in taps]


def carriers() -> list[list[float]]:
    """Row p: what turns sample p of 16 down to 0 Hz: cosine of every band, then minus sine of every band."""
    rows = []
    for p in range(STEP):
        turns = [2 * math.pi * band * p / STEP for band in range(1, BANDS + 1)]
        rows.append([math.cos(turn) for turn in turns] + [-math.sin(turn) for turn in turns])
    return rows


def hann() -> list[float]:
    """The window of the spectrum."""
    return [0.5 - 0.5 * math.cos(2 * math.pi * (k + 0.5) / WINDOW) for k in range(WINDOW)]


def turns(points: int, wave: Callable[[float], float]) -> list[list[float]]:
    """Row n, column k: the wave of n k turns of 1 / points."""
    return [[wave(-2 * math.pi * n * k / points) for k in range(8)] for n in range(8)]


def row(values: list[float]) -> str:
    """One line of a C array of floats."""
    return ", ".join(f"{value:.8f}f" for value in values)


def listed(values: list[float]) -> str:
    """A C array of floats, eight in a line."""
    return "".join(f"    {row(values[at : at + 8])},\n" for at in range(0, len(values), 8))


def rows(values: list[list[float]]) -> str:
    """A C array of arrays."""
    return "".join(f"    {{{row(one)}}},\n" for one in values)


def table() -> str:
    """The whole header."""
    arrays = (
        ("LOW_PASS[PROGRESS_TAPS]", listed(low_pass())),
        ("CARRIER[PROGRESS_STEP][2 * PROGRESS_BANDS]", rows(carriers())),
        ("HANN[PROGRESS_WINDOW]", listed(hann())),
        ("EIGHTH_RE[8][8]", rows(turns(8, math.cos))),
        ("EIGHTH_IM[8][8]", rows(turns(8, math.sin))),
        ("TURN_RE[8][8]", rows(turns(WINDOW, math.cos))),
        ("TURN_IM[8][8]", rows(turns(WINDOW, math.sin))),
    )
    head = "/* Made by make_progress_table.py. */\n/* clang-format off */\n"
    return head + "".join(f"\nstatic const float {name} = {{\n{text}}};\n" for name, text in arrays)


if __name__ == "__main__":
    sys.stdout.write(table())
