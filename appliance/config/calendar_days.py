"""How a calendar writes days and times of day: "mon-fri 09:00-18:00", "12-25 Christmas -> play:closed".

Text in, values out; which days a rule means in a year is counted in `appliance/calendars/days.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from appliance.config.section import DESTINATIONS, Destination, To

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
LEAP_YEAR = 2028  # has every day of a year
LONGEST_RANGE_DAYS = 366
MOST_NAME = 60  # characters of a day's name

WEEK = 'days and times as "mon-fri 09:00-12:30, 13:30-18:00" or "sat,sun 22:00-02:00"'
DAY = (
    'a day as "12-25", "2026-05-04", "12-24..01-02", "easter+1", "orthodox+1", "4th thu nov" or '
    '"last mon may", then'
)
HOLIDAY = f'{DAY} a name and, where wanted, "-> " and a destination'
SPECIAL = f'{DAY} times as "09:00-12:00", a name and, where wanted, "-> " and a destination'

CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00"
TIMES = re.compile(rf"((?:{CLOCK})-(?:{CLOCK})(?:,\s*(?:{CLOCK})-(?:{CLOCK}))*)(?:\s+|$)")
DAYS_OF_WEEK = re.compile(r"([a-z]{3}(?:-[a-z]{3})?(?:,[a-z]{3}(?:-[a-z]{3})?)*)\s+")
NTH = re.compile(r"(1st|2nd|3rd|4th|5th|last) ([a-z]{3}) ([a-z]{3})(?:\s+|$)")
FEAST = re.compile(r"(easter|orthodox)([+-][0-9]{1,3})?(?:\s+|$)")
DATES = re.compile(r"((?:[0-9]{4}-)?[0-9]{2}-[0-9]{2})(?:\.\.((?:[0-9]{4}-)?[0-9]{2}-[0-9]{2}))?(?:\s+|$)")


@dataclass(frozen=True)
class Span:
    """Open from one time of day to another, in minutes after midnight; `end` above 1440 is the next day."""

    begin: int
    end: int

    def __str__(self) -> str:
        return f"{clock(self.begin)}-{clock(self.end)}"


@dataclass(frozen=True)
class Opening:
    """Times of some days of each week; weekdays from 0 = Monday."""

    weekdays: tuple[int, ...]
    times: tuple[Span, ...]
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Dated:
    """The days from one to another, of that year only."""

    first: date
    last: date


@dataclass(frozen=True)
class Yearly:
    """The days from one (month, day) to another of every year; over New Year when `last` is the earlier."""

    first: tuple[int, int]
    last: tuple[int, int]


@dataclass(frozen=True)
class Feast:
    """So many days after Easter Sunday, of the Western or the Orthodox church."""

    orthodox: bool
    days_after: int


@dataclass(frozen=True)
class Nth:
    """A weekday of a month: `nth` 1 to 5, or -1 for the last."""

    nth: int
    weekday: int
    month: int


Rule = Dated | Yearly | Feast | Nth


@dataclass(frozen=True)
class Day:
    """A named day that is not as its weekday: a holiday without `times`, or a special day with them."""

    rule: Rule
    name: str
    times: tuple[Span, ...]
    to: Destination | None  # where callers go who come on this day while it is closed
    text: str

    def __str__(self) -> str:
        return self.text


def clock(minutes: int) -> str:
    """Minutes after midnight as people write them; 24:00 stays, beyond it is the next day's time."""
    hours, rest = divmod(minutes if minutes <= 1440 else minutes - 1440, 60)
    return f"{hours:02}:{rest:02}"


def opening(value: object) -> Opening:
    """One line of `open`."""
    text = _text(value, WEEK)
    days = DAYS_OF_WEEK.match(text)
    times = TIMES.fullmatch(text, days.end()) if days else None
    if days is None or times is None:
        raise _wrong("not understood", WEEK)
    return Opening(tuple(_weekdays(days[1])), _spans(times[1], WEEK), text)


def holiday(value: object) -> Day:
    """One line of `holidays`."""
    return _day(_text(value, HOLIDAY), HOLIDAY, special=False)


def special(value: object) -> Day:
    """One line of `special`."""
    return _day(_text(value, SPECIAL), SPECIAL, special=True)


def _day(text: str, allowed: str, *, special: bool) -> Day:
    said, arrow, leads = text.partition("->")
    rule, rest = _rule(said.strip(), allowed)
    times = TIMES.match(rest)
    if special is (times is None):
        wrong = (
            "has no times" if special else "a holiday is closed all day: with times it belongs in `special`"
        )
        raise _wrong(wrong, allowed)
    name = rest[times.end() :] if times else rest
    if not name or len(name) > MOST_NAME:
        raise _wrong(f"has no name of 1 to {MOST_NAME} characters after the day", allowed)
    spans = _spans(times[1], allowed) if times else ()
    return Day(rule, name, spans, _to(leads.strip()) if arrow else None, text)


def _text(value: object, allowed: str) -> str:
    if not isinstance(value, str):
        raise _wrong("not text", allowed)
    return value.strip()


def _rule(text: str, allowed: str) -> tuple[Rule, str]:
    """The day that `text` begins with, and what follows it."""
    if found := NTH.match(text):
        if found[2] not in WEEKDAYS or found[3] not in MONTHS:
            raise _wrong(f"no weekday and month: {found[2]} {found[3]}", allowed)
        nth = -1 if found[1] == "last" else int(found[1][0])
        return Nth(nth, WEEKDAYS.index(found[2]), MONTHS.index(found[3]) + 1), text[found.end() :]
    if found := FEAST.match(text):
        return Feast(found[1] == "orthodox", int(found[2] or 0)), text[found.end() :]
    if found := DATES.match(text):
        return _dates(found[1], found[2] or found[1], allowed), text[found.end() :]
    raise _wrong("begins with no day that is understood", allowed)


def _dates(first: str, last: str, allowed: str) -> Rule:
    if len(first) != len(last):
        raise _wrong("one end of the range has a year and the other has none", allowed)
    begin, end = _date(first, allowed), _date(last, allowed)
    if len(first) == len("12-25"):
        return Yearly((begin.month, begin.day), (end.month, end.day))
    if end < begin:
        raise _wrong(f"the range ends before it begins: {first}..{last}", allowed)
    if (end - begin).days > LONGEST_RANGE_DAYS:
        raise _wrong("a range of more than a year", allowed)
    return Dated(begin, end)


def _date(text: str, allowed: str) -> date:
    try:
        return date.fromisoformat(text if len(text) > len("12-25") else f"{LEAP_YEAR}-{text}")
    except ValueError as error:
        raise _wrong(f"there is no day {text}", allowed) from error


def _weekdays(text: str) -> Iterator[int]:
    for part in text.split(","):
        names = part.split("-")
        if any(name not in WEEKDAYS for name in names):
            raise _wrong(f"no days of the week: {part}", WEEK)
        first, last = WEEKDAYS.index(names[0]), WEEKDAYS.index(names[-1])
        yield from ((first + n) % 7 for n in range((last - first) % 7 + 1))


def _spans(text: str, allowed: str) -> tuple[Span, ...]:
    return tuple(_span(part.strip(), allowed) for part in text.split(","))


def _span(text: str, allowed: str) -> Span:
    begin, end = (60 * int(part[:2]) + int(part[3:]) for part in text.split("-"))
    if begin in (end, 1440):
        raise _wrong(f"{text} is no time at all; a whole day is 00:00-24:00", allowed)
    return Span(begin, end if end > begin else end + 1440)


def _to(text: str) -> Destination:
    try:
        return TypeAdapter(To).validate_python(text)
    except ValidationError as error:
        raise _wrong(f"{text or 'nothing'} is no destination", DESTINATIONS) from error


def _wrong(why: str, allowed: str) -> PydanticCustomError:
    return PydanticCustomError("calendar", "{why}", {"why": why, "allowed": allowed})
