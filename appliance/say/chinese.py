"""How numbers, times and amounts are said in Mandarin: 万 and 亿, 零 for a gap, 两 for two of a thing.

Two is 二, but 两 before what is counted (两分钟) and before a leading 千, 万 or 亿 (两千, but 一万二千).
"""

from __future__ import annotations

from datetime import date, time
from typing import Literal

from appliance.say.words import UNITS, Currency, Noun

TWO, TEN, ZERO = "2", "10", "0"
GROUPS = ((100_000_000, "yi"), (10_000, "wan"))
STEPS = ((1_000, "1000"), (100, "100"), (10, TEN))


class Chinese:
    """`Grammar` says what each gives."""

    def number(self, n: int) -> list[str]:
        said = _number(n)
        if said[:2] == ["1", TEN]:  # 十五, but 一百一十五
            return said[1:]
        return ["liang", *said[1:]] if said[0] == TWO and said[1:2] in (["1000"], ["wan"], ["yi"]) else said

    def ordinal(self, n: int) -> list[str]:
        return ["di", *self.number(n)]

    def counted(self, n: int, noun: Noun) -> list[str]:
        return [*self._two(n), noun]

    def _two(self, n: int) -> list[str]:
        """Before what is counted, two alone is 两."""
        return ["liang"] if n == 2 else self.number(n)

    def position(self, n: int) -> list[str]:
        return ["you-are", *self.ordinal(n), "in-the-queue"]

    def between(self, low: int, high: int, noun: Noun) -> list[str]:
        return ["wait-between", *self._two(low), "to", *self.counted(high, noun)]

    def compared(self, how: Literal["about", "less", "more"], n: int, noun: Noun) -> list[str]:
        return [f"wait-{how}", *self.counted(n, noun)]

    def digit(self, digit: str) -> str:
        return "yao" if digit == "1" else digit  # 幺, which no one takes for 七

    def amount(self, whole: int, hundredths: int, currency: Currency) -> list[str]:
        unit, part = UNITS[currency]
        large = [*self._two(whole), unit] if whole or not hundredths else []
        if currency != "CNY":
            return [*large, *([*self._two(hundredths), part] if hundredths else [])]
        jiao, fen = divmod(hundredths, 10)
        tens = [*self._two(jiao), "jiao"] if jiao else [ZERO] if large and fen else []
        return [*large, *tens, *([*self._two(fen), part] if fen else [])]

    def date(self, day: date) -> list[str]:
        year = [str(day.year)[place] for place in range(4)]
        return [*year, "year", *self.number(day.month), "month", *self.number(day.day), "day-of-month"]

    def time(self, at: time) -> list[str]:
        zero = [ZERO] if 0 < at.minute < 10 else []
        minutes = [*zero, *self.number(at.minute), "minute-of-hour"] if at.minute else ["sharp"]
        return [*self._two(at.hour), "oclock", *minutes]


def _number(n: int) -> list[str]:
    """Every one said (一十五); 零 where a place or more between two said ones is empty."""
    for size, name in GROUPS:
        if n >= size:
            high, rest = divmod(n, size)
            gap = [ZERO] if 0 < rest < size // 10 else []
            return [*_number(high), name, *gap, *(_number(rest) if rest else [])]
    for step, name in STEPS:
        if n >= step:
            high, rest = divmod(n, step)
            gap = [ZERO] if 0 < rest < step // 10 else []
            return [str(high), name, *gap, *(_number(rest) if rest else [])]
    return [str(n)]
