"""How numbers, times and amounts are said in Russian: gender, case, and the three forms of what is counted.

Одна минута, две минуты, пять минут; from two to five minutes takes the genitive: от двух до пяти минут.
Which form follows a number is CLDR's plural rule for "ru".
"""

from __future__ import annotations

from datetime import date, time
from typing import Literal

from appliance.say.words import MONTHS, UNITS, Currency, Noun

Gender = Literal["m", "f", "n"]
GENDERS: dict[str, Gender] = {
    "second": "f",
    "minute": "f",
    "hour": "m",
    "day": "m",
    "message": "n",
    "thousand": "f",
    "million": "m",
    "dollar": "m",
    "cent": "m",
    "euro": "m",
    "eurocent": "m",
    "pound": "m",
    "penny": "m",
    "rouble": "m",
    "kopeck": "f",
    "yuan": "m",
    "fen": "m",
}


class Russian:
    """`Grammar` says what each gives."""

    def number(self, n: int) -> list[str]:
        return self._cardinal(n, "m")

    def _cardinal(self, n: int, gender: Gender) -> list[str]:
        """Nominative: один, одна, одно."""
        for step, name in ((1_000_000, "million"), (1_000, "thousand")):
            if n >= step:
                high, rest = divmod(n, step)
                return [*self._of(high, name), *(self._cardinal(rest, gender) if rest else [])]
        *first, last = _parts(n)
        if last == 1 or (last == 2 and gender == "f"):
            return [*map(str, first), f"{last}-{gender}"]
        return [*map(str, first), str(last)]

    def _of(self, n: int, noun: str) -> list[str]:
        return [*self._cardinal(n, GENDERS[noun]), f"{noun}-{_form(n)}"]

    def _genitive(self, n: int, noun: str) -> list[str]:
        """Of so many, 0 to 999: одной, двух, двадцати одной."""
        *first, last = _parts(n)
        gender = "-f" if last == 1 and GENDERS[noun] == "f" else ""
        return [*(f"{part}-gen" for part in first), f"{last}-gen{gender}"]

    def ordinal(self, n: int) -> list[str]:
        return _ordinal(n, "th")

    def counted(self, n: int, noun: Noun) -> list[str]:
        return self._of(n, noun)

    def position(self, n: int) -> list[str]:
        return ["you-are", *self.ordinal(n), "in-the-queue"]

    def between(self, low: int, high: int, noun: Noun) -> list[str]:
        return ["wait-from", *self._genitive(low, noun), "to", *self._genitives(high, noun)]

    def compared(self, how: Literal["about", "less", "more"], n: int, noun: Noun) -> list[str]:
        return [f"wait-{how}", *self._genitives(n, noun)]

    def _genitives(self, n: int, noun: str) -> list[str]:
        """The noun's genitive is the form after two (singular) or after five (plural)."""
        form = "few" if _form(n) == "one" else "many"
        return [*self._genitive(n, noun), f"{noun}-{form}"]

    def digit(self, digit: str) -> str:
        return "1-m" if digit == "1" else digit

    def amount(self, whole: int, hundredths: int, currency: Currency) -> list[str]:
        unit, part = UNITS[currency]
        large = self._of(whole, unit) if whole or not hundredths else []
        return [*large, *(self._of(hundredths, part) if hundredths else [])]

    def date(self, day: date) -> list[str]:
        return [*_ordinal(day.day, "day"), MONTHS[day.month - 1], *self._year(day.year), "of-the-year"]

    def _year(self, year: int) -> list[str]:
        """An ordinal in the genitive: две тысячи двадцать шестого; двухтысячного."""
        if year == 2000:
            return ["2000-year"]
        before = ["2-f", "thousand-few"] if year > 2000 else ["thousand-one"]
        return [*before, *_ordinal(year % 1000, "year")]

    def time(self, at: time) -> list[str]:
        return [*self._of(at.hour, "hour"), *(self._of(at.minute, "minute") if at.minute else [])]


def _ordinal(n: int, form: str) -> list[str]:
    """Only the last word is an ordinal: двадцать первый. 1 to 999."""
    *first, last = _parts(n)
    return [*map(str, first), f"{last}-{form}"]


def _parts(n: int) -> list[int]:
    """The words of a number below 1000: 342 -> 300, 40, 2."""
    hundreds, rest = n - n % 100, n % 100
    tens = rest - rest % 10 if rest > 20 else 0
    return [part for part in (hundreds, tens, rest - tens) if part] or [0]


def _form(n: int) -> str:
    """CLDR's plural category: одна минута, две минуты, пять минут."""
    if n % 10 == 1 and n % 100 != 11:
        return "one"
    return "few" if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else "many"
