"""Five-bit text telephones as signals, made in numpy from ITU-T V.18 Annex A and not by our own sender."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.dsp import signals

# V.18 Table A.1 but for the shifts: code elements 1 to 5 in their order on the line, letter, figure
TABLE_A1 = """
00000 BS BS   10000 E 3     01000 LF LF   11000 A -     00100 SP SP   10100 S .no   01100 I 8     11100 U 7
00010 CR CR   10010 D $     01010 R 4     11010 J '     00110 N ,     10110 F !     01110 C :     11110 K (
00001 T 5     10001 Z "     01001 L )     11001 W 2     00101 H =     10101 Y 6     01101 P 0     11101 Q 1
00011 O 9     10011 B ?     01011 G +     00111 M .     10111 X /     01111 V ;
"""
TO_FIGURES, TO_LETTERS = "11011", "11111"
NAMES = {"BS": "\b", "LF": "\n", "CR": "\r", "SP": " "}


def tables() -> tuple[dict[str, str], dict[str, str]]:
    """Elements of each letter and of each figure."""
    cells = TABLE_A1.split()
    rows = [cells[i : i + 3] for i in range(0, len(cells), 3)]
    letters = {NAMES.get(letter, letter): elements for elements, letter, _ in rows}
    figures = {NAMES.get(figure, figure): elements for elements, _, figure in rows if figure != ".no"}
    return letters, figures


def elements(text: str) -> list[str]:
    """The five elements of each code of the text: a shift first, and where it changes (no repetition)."""
    letters, figures = tables()
    codes: list[str] = []
    shift = ""
    for sign in text:
        wanted = TO_LETTERS if sign in letters else TO_FIGURES
        if shift == "" or (wanted != shift and not (sign in letters and sign in figures)):
            codes.append(wanted)
            shift = wanted
        codes.append((letters if shift == TO_LETTERS else figures)[sign])
    return codes


def burst(
    codes: Sequence[str],
    *,
    baud: float = 1000 / 22,
    stop_bits: float = 1.5,
    lead_ms: float = 150,
    hold_ms: float = 300,
    hz: tuple[float, float] = (1400, 1800),
    dbm0: tuple[float, float] = (-15, -15),
) -> signals.Signal:
    """One time of carrier with these codes in it, continuous in phase; `hz` and `dbm0` of mark and space."""
    bits, lengths = [1], [lead_ms / 1000]
    for code in codes:
        bits += [0, *map(int, code), 1]
        lengths += [1 / baud] * 6 + [stop_bits / baud]
    bits.append(1)
    lengths.append(hold_ms / 1000)
    ends = np.cumsum(lengths) * signals.RATE
    sample = np.arange(int(ends[-1]))
    mark = np.array(bits)[np.searchsorted(ends, sample, side="right")] == 1
    phase = 2 * np.pi * np.cumsum(np.where(mark, *hz)) / signals.RATE
    return signals.AMPLITUDE_0DBM0 * 10 ** (np.where(mark, *dbm0) / 20) * np.sin(phase)


def typed(text: str, *, dbm0: float = -15, silence_ms: float = 300, **how: float) -> signals.Signal:
    """Text at one go, with silence around it."""
    around = signals.silence(round(silence_ms * signals.RATE / 1000))
    sound = burst(elements(text), dbm0=(dbm0, dbm0), **how)  # type: ignore[arg-type]
    return np.concatenate([around, sound, around])


def right(sent: Sequence[str], received: Sequence[str]) -> int:
    """Characters received right: the longest common subsequence of both."""
    row = [0] * (len(received) + 1)
    for sign in sent:
        before = 0
        for j, other in enumerate(received):
            before, row[j + 1] = row[j + 1], before + 1 if sign == other else max(row[j + 1], row[j])
    return row[-1]
