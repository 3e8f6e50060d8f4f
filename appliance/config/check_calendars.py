"""What a calendar says against itself: called by `check.py`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Set
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from appliance.config.calendar_days import LEAP_YEAR, WEEKDAYS, Dated, Day, Opening, Span, Yearly
from appliance.config.calendars import Calendar
from appliance.config.holidays_file import BadHolidays
from appliance.config.problem import Keys, Problem, closest
from appliance.config.schema import Config

WEEK_MINUTES = 7 * 1440


def calendar_problems(config: Config, folder: Path, broken: Set[Keys] = frozenset()) -> Iterator[Problem]:
    """Zones that are none, times that overlap, days that are told twice, and calendars that never open."""
    yield from _no_zone(("box", "zone"), config.box.zone)
    for name, calendar in config.calendars.items():
        yield from _no_zone(("calendars", name, "zone"), calendar.zone)
        yield from _bad_file(name, calendar, folder)
        yield from _overlaps(name, calendar)
        yield from _overlaps_of_specials(name, calendar)
        yield from _told_twice(name, "special", calendar.special)
        yield from _told_twice(name, "holidays", calendar.holidays)
        if not calendar.open and not calendar.special and ("calendars", name) not in broken:
            wrong = "is never open: it has neither `open` nor `special`"
            yield Problem(path=("calendars", name), wrong=wrong, allowed='open = ["mon-fri 09:00-17:00"]')


def _no_zone(path: Keys, name: str) -> Iterator[Problem]:
    try:
        if name:
            ZoneInfo(name)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        near = closest(name, available_timezones())
        wrong, allowed = "there is no such time zone", 'a name of the tz database, as "Europe/Berlin"'
        yield Problem(path=path, value=name, wrong=wrong, allowed=allowed, closest=near)


def _bad_file(name: str, calendar: Calendar, folder: Path) -> Iterator[Problem]:
    path, value = ("calendars", name, "holidays_file"), calendar.holidays_file
    wrong = ""
    try:
        calendar.with_file(folder)
    except BadHolidays as error:
        wrong = str(error)
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        wrong = f"cannot be read: {error}"
    if wrong:
        yield Problem(path=path, value=value, wrong=wrong, allowed="an iCalendar file of all-day events")


def _overlaps(name: str, calendar: Calendar) -> Iterator[Problem]:
    taken: list[tuple[int, int, Opening]] = []
    for place, opening in enumerate(calendar.open):
        for begin, end in _minutes_of_week(opening):
            hits = ((minute, it[2]) for it in taken for minute in _both((begin, end), it[:2]))
            if hit := next(hits, None):
                other = "itself" if hit[1] is opening else f'"{hit[1]}"'
                path, wrong = (
                    ("calendars", name, "open", place),
                    f"overlaps {other} on {WEEKDAYS[hit[0] // 1440]}",
                )
                yield Problem(path=path, value=str(opening), wrong=wrong, allowed="each time once")
                break
            taken.append((begin, end, opening))


def _minutes_of_week(opening: Opening) -> Iterator[tuple[int, int]]:
    for weekday, span in itertools.product(opening.weekdays, opening.times):
        yield weekday * 1440 + span.begin, weekday * 1440 + span.end


def _both(one: tuple[int, int], other: tuple[int, int]) -> Iterator[int]:
    """The first minute of the week that both have, also over its end: Sunday night reaches into Monday."""
    for turn in (-WEEK_MINUTES, 0, WEEK_MINUTES):
        first = max(one[0] + turn, other[0])
        if first < min(one[1] + turn, other[1]):
            yield first % WEEK_MINUTES


def _overlaps_of_specials(name: str, calendar: Calendar) -> Iterator[Problem]:
    for place, day in enumerate(calendar.special):
        both = next(((a, b) for a, b in itertools.combinations(day.times, 2) if _meet(a, b)), None)
        if both:
            path = ("calendars", name, "special", place)
            wrong = f"its times overlap: {both[0]} and {both[1]}"
            yield Problem(path=path, value=str(day), wrong=wrong, allowed="each time once")


def _meet(one: Span, other: Span) -> bool:
    return one.begin < other.end and other.begin < one.end


def _told_twice(name: str, option: str, days: list[Day]) -> Iterator[Problem]:
    """Two lines for one day. A date with its year goes before one without, and that before a moving feast."""
    for place, day in enumerate(days):
        for other in days[:place]:
            when = _same_day(day, other)
            if when:
                path = ("calendars", name, option, place)
                wrong = f'{when} is told by "{other}" already'
                yield Problem(path=path, value=str(day), wrong=wrong, allowed="each day once")
                break


def _same_day(one: Day, other: Day) -> str:
    """A day that both mean by rules of the same kind, "" for none."""
    if isinstance(one.rule, Dated) and isinstance(other.rule, Dated):
        first = max(one.rule.first, other.rule.first)
        return str(first) if first <= min(one.rule.last, other.rule.last) else ""
    if isinstance(one.rule, Yearly) and isinstance(other.rule, Yearly):
        both = _days_of_year(one.rule) & _days_of_year(other.rule)
        return f"{min(both):%m-%d}" if both else ""
    return "that day" if one.rule == other.rule else ""


def _days_of_year(rule: Yearly) -> set[date]:
    first, last = (date(LEAP_YEAR, *end) for end in (rule.first, rule.last))
    count = (last - first).days % 366 + 1
    return {
        date(LEAP_YEAR, 1, 1) + timedelta(((first - date(LEAP_YEAR, 1, 1)).days + n) % 366)
        for n in range(count)
    }
