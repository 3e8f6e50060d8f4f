"""Prints dtmf_table.h, the window and carriers of dtmf.c: `python make_dtmf_table.py > dtmf_table.h`.

A file of numbers, because C has no sine before it runs, and tables made at run time would be a global or 4 KB
in every channel. tests/dsp/test_dtmf.py compares the file with what this prints.
"""

import math
import sys
from collections.abc import Callable

BLOCK = 128  # samples; DTMF_BLOCK
RATE = 8000  # samples a second
TONES_HZ = (697, 770, 852, 941, 1209, 1336, 1477, 1633)  # ITU-T Q.23


def row(values: list[float]) -> str:
    """One line of a C array of floats."""
    return ", ".join(f"{value:.8f}f" for value in values)


def window() -> str:
    """The second half of a Hann window, from the middle outward; the first half is its mirror image."""
    half = [0.5 + 0.5 * math.cos(2 * math.pi * (k + 0.5) / BLOCK) for k in range(BLOCK // 2)]
    lines = [row(half[at : at + 8]) for at in range(0, len(half), 8)]
    return "    " + ",\n    ".join(lines) + "\n"


def carriers(wave: Callable[[float], float]) -> str:
    """Row k: the wave of every tone, k + 0.5 samples from the middle of the block."""
    rows = [[wave(2 * math.pi * hz * (k + 0.5) / RATE) for hz in TONES_HZ] for k in range(BLOCK // 2)]
    return "".join(f"    {{{row(values)}}},\n" for values in rows)


def table() -> str:
    """The whole header."""
    head = "/* Made by make_dtmf_table.py; row k is k + 0.5 samples from the middle of the block. */\n"
    arrays = (
        ("HANN[DTMF_BLOCK / 2]", window()),
        ("COSINE[DTMF_BLOCK / 2][DTMF_TONES]", carriers(math.cos)),
        ("SINE[DTMF_BLOCK / 2][DTMF_TONES]", carriers(math.sin)),
    )
    body = "".join(f"\nstatic const float {name} = {{\n{text}}};\n" for name, text in arrays)
    return head + "/* clang-format off */\n" + body


if __name__ == "__main__":
    sys.stdout.write(table())
