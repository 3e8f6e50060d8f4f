"""How numbers, times and amounts are said in English: "one hundred and one", "three oh five p m"."""

from __future__ import annotations

from datetime import date, time
from typing import Literal

from appliance.say.words import MONTHS, UNITS, Currency, Noun

STEPS = ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred"))


class English:
    """British "and" before tens and units; `Grammar` says the rest."""

    def number(self, n: int) -> list[str]:
        for step, name in STEPS:
            if n >= step:
                high, rest = divmod(n, step)
                joint = ["and"] if 0 < rest < 100 else []
                return [*self.number(high), name, *joint, *(self.number(rest) if rest else [])]
        if n <= 20 or n % 10 == 0:
            return [str(n)]
        return [str(n - n % 10), str(n % 10)]

    def ordinal(self, n: int) -> list[str]:
        *first, last = self.number(n)
        return [*first, f"{last}-th"]

    def counted(self, n: int, noun: Noun) -> list[str]:
        return [*self.number(n), _form(n, noun)]

    def position(self, n: int) -> list[str]:
        return ["you-are-number", *self.number(n), "in-the-queue"]

    def between(self, low: int, high: int, noun: Noun) -> list[str]:
        return ["wait-between", *self.number(low), "and", *self.counted(high, noun)]

    def compared(self, how: Literal["about", "less", "more"], n: int, noun: Noun) -> list[str]:
        return [f"wait-{how}", *self.counted(n, noun)]

    def digit(self, digit: str) -> str:
        return digit

    def amount(self, whole: int, hundredths: int, currency: Currency) -> list[str]:
        unit, part = UNITS[currency]
        large = [*self.number(whole), _form(whole, unit)] if whole or not hundredths else []
        small = [*self.number(hundredths), _form(hundredths, part)] if hundredths else []
        return [*large, *(["and"] if large and small else []), *small]

    def date(self, day: date) -> list[str]:
        return [MONTHS[day.month - 1], *self.ordinal(day.day), *self._year(day.year)]

    def _year(self, year: int) -> list[str]:
        """Two by two, "twenty twenty-six", "nineteen oh five", but "two thousand and five"."""
        if 2000 <= year < 2010:
            return self.number(year)
        century, rest = divmod(year, 100)
        return [*self.number(century), *(["oh"] if rest < 10 else []), *self.number(rest)]

    def time(self, at: time) -> list[str]:
        """On the clock of twelve hours: "twelve a m" would be misheard, so noon and midnight have names."""
        if at.minute == 0 and at.hour % 12 == 0:
            return ["noon" if at.hour else "midnight"]
        minutes = [*(["oh"] if at.minute < 10 else []), *self.number(at.minute)] if at.minute else []
        return [str(at.hour % 12 or 12), *minutes, "am" if at.hour < 12 else "pm"]


def _form(n: int, noun: str) -> str:
    return noun if n == 1 else f"{noun}-many"
