"""Prints dtmf_table.h, the windowed carriers of dtmf_bank.h: `python make_dtmf_table.py > dtmf_table.h`.

A file of numbers, because C has no sine before it runs, and tables made at run time would be a global or 4 KB
in every group. tests/dsp/test_dtmf.py compares the file with what this prints.
"""

import math
import sys
from collections.abc import Callable

FOLDED = 32  # rows, half a block; DTMF_BLOCK / 4
RATE = 4000  # rows a second
TONES_HZ = (697, 770, 852, 941, 1209, 1336, 1477, 1633)  # ITU-T Q.23
HOP = 20  # rows from one block to the next; DTMF_HOP / 2


def row(values: list[float]) -> str:
    """One line of a C array of floats."""
    return ", ".join(f"{value:.8f}f" for value in values)


def hann(k: int) -> float:
    """The window, k + 0.5 rows from its middle."""
    return 0.5 + 0.5 * math.cos(math.pi * (k + 0.5) / FOLDED)


def squares() -> str:
    """The squared window, its sum over the whole block 1."""
    total = 2 * sum(hann(k) ** 2 for k in range(FOLDED))
    values = [hann(k) ** 2 / total for k in range(FOLDED)]
    return "    " + ",\n    ".join(row(values[at : at + 8]) for at in range(0, FOLDED, 8)) + "\n"


def carriers(wave: Callable[[float], float]) -> str:
    """Row k: the windowed wave of the four tones of a group; the square of a sum is then a sine's power."""
    scale = math.sqrt(2) / (2 * sum(hann(k) for k in range(FOLDED)))
    lines = []
    for group in (TONES_HZ[:4], TONES_HZ[4:]):
        rows = [
            [scale * hann(k) * wave(2 * math.pi * hz * (k + 0.5) / RATE) for hz in group]
            for k in range(FOLDED)
        ]
        lines.append("    {\n" + "".join(f"        {{{row(values)}}},\n" for values in rows) + "    },\n")
    return "".join(lines)


def turns() -> str:
    """For each tone: cosine and sine of what its phase turns in a hop; relative offset a radian of error."""
    lines = []
    for hz in TONES_HZ:
        angle = 2 * math.pi * hz * HOP / RATE
        lines.append(f"    {{{row([math.cos(angle), math.sin(angle), 1 / angle])}}},\n")
    return "".join(lines)


def table() -> str:
    """The whole header."""
    head = "/* Made by make_dtmf_table.py; row k is k + 0.5 rows from the middle of the block. */\n"
    arrays = (
        ("WINDOW_SQUARE[DTMF_FOLDED]", squares()),
        ("COSINE[2][DTMF_FOLDED][4]", carriers(math.cos)),
        ("SINE[2][DTMF_FOLDED][4]", carriers(math.sin)),
        ("TURN[DTMF_TONES][3]", turns()),
    )
    body = "".join(f"\nstatic const float {name} = {{\n{text}}};\n" for name, text in arrays)
    return head + "/* clang-format off */\n" + body


if __name__ == "__main__":
    sys.stdout.write(table())
