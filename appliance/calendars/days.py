"""Which days a rule of a calendar means."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from appliance.config.calendar_days import Dated, Day, Feast, Nth, Rule, Yearly


def falls_on(rule: Rule, day: date) -> bool:
    """Whether the rule means this day."""
    match rule:
        case Dated(first, last):
            return first <= day <= last
        case Yearly(first, last):
            here = (day.month, day.day)
            return first <= here <= last if first <= last else here >= first or here <= last
        case Feast(orthodox, days_after):
            sunday = day - timedelta(days=days_after)
            return sunday == (orthodox_easter if orthodox else easter)(sunday.year)
        case Nth(nth, weekday, month):
            if (day.month, day.weekday()) != (month, weekday):
                return False
            return (day + timedelta(days=7)).month != month if nth < 0 else (day.day - 1) // 7 + 1 == nth


class Days:
    """Many of them, to be asked for one day; a file may bring some thousand single days."""

    def __init__(self, days: Iterable[Day]) -> None:
        self._dated: dict[date, Day] = {}
        self._others: list[Day] = []
        for day in days:
            if isinstance(day.rule, Dated):
                for number in range((day.rule.last - day.rule.first).days + 1):
                    self._dated.setdefault(day.rule.first + timedelta(days=number), day)
            else:
                self._others.append(day)

    def of(self, day: date) -> Day | None:
        """What a day is: a date with its year goes before one without, and that before a moving one."""
        fitting = (each for each in self._others if falls_on(each.rule, day))
        moving = min(fitting, key=lambda each: not isinstance(each.rule, Yearly), default=None)
        return self._dated.get(day, moving)


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm, Meeus, Astronomical Algorithms 8)."""
    golden, century, rest = year % 19, year // 100, year % 100
    moon = (century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 19 * golden + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return date(year, month, day + 1)


def orthodox_easter(year: int) -> date:
    """Easter Sunday of the Julian calendar in Gregorian dates (Meeus, Astronomical Algorithms 8)."""
    moon = (19 * (year % 19) + 15) % 30
    week = (2 * (year % 4) + 4 * (year % 7) - moon + 34) % 7
    month, day = divmod(moon + week + 114, 31)
    return date(year, month, day + 1) + timedelta(days=year // 100 - year // 400 - 2)
