"""Holidays out of an iCalendar file (.ics, RFC 5545), as governments and mail programs publish them.

All-day events, single, over several days, each year, or the nth weekday of a month each year; anything else
is refused, so that no holiday is dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from appliance.config.calendar_days import MOST_NAME, WEEKDAYS, Dated, Day, Nth, Rule, Yearly

MOST_BYTES = 1_000_000
MOST_EVENTS = 2_000
DATE = re.compile(r"[0-9]{8}")
NTH = re.compile(r"(-1|[1-5])(MO|TU|WE|TH|FR|SA|SU)")
FOLD = re.compile(r"\r?\n[ \t]")  # RFC 5545 3.1
ESCAPED = re.compile(r"\\([\\;,nN])")  # RFC 5545 3.3.11

Properties = dict[str, str]


class BadHolidays(Exception):
    """The file is not what it should be; the message says where and why."""


def read_holidays(path: Path) -> list[Day]:
    """The days of the file. Raises BadHolidays and OSError."""
    if not path.is_file():  # asked first: opening a named pipe would wait for ever
        raise BadHolidays("there is no such file")
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise BadHolidays(f"more than {MOST_BYTES} bytes, no file of holidays")
    try:
        days = [_day(event) for event in _events(data.decode("utf-8-sig"))]
    except UnicodeDecodeError as error:
        raise BadHolidays(f"not UTF-8 at byte {error.start}") from error
    if not 0 < len(days) <= MOST_EVENTS:
        raise BadHolidays(f"{len(days)} events, expected 1 to {MOST_EVENTS}")
    return days


def _events(text: str) -> Iterator[Properties]:
    """The properties of each VEVENT that is not cancelled, without those of what lies within it."""
    event: Properties | None = None
    inner = 0
    for line in FOLD.sub("", text).splitlines():
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            event, inner = {}, 0
        elif line == "END:VEVENT" and event is not None:
            if event.get("STATUS") != "CANCELLED":
                yield event
            event = None
        elif event is not None and name in ("BEGIN", "END"):
            inner += 1 if name == "BEGIN" else -1
        elif event is not None and not inner:
            event[name.partition(";")[0].upper()] = value


def _day(event: Properties) -> Day:
    name = ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], event.get("SUMMARY", "")).strip()
    first = _date(event, "DTSTART", name)
    last = _date(event, "DTEND", name) - timedelta(days=1) if "DTEND" in event else first  # 3.6.1: exclusive
    if not name or last < first or (last - first).days > 365:
        raise BadHolidays(f"event {name or first}: needs a SUMMARY, and to end within a year of its begin")
    return Day(_rule(event.get("RRULE", ""), first, last, name), name[:MOST_NAME], (), None, name)


def _date(event: Properties, option: str, name: str) -> date:
    text = event.get(option, "")
    if not DATE.fullmatch(text):
        raise BadHolidays(
            f"event {name}: {option} {text[:20]} is no whole day; only all-day events are holidays"
        )
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadHolidays(f"event {name}: {option} {text}: {error}") from error


def _rule(repeats: str, first: date, last: date, name: str) -> Rule:
    if not repeats:
        return Dated(first, last)
    parts = dict(part.split("=", 1) for part in repeats.upper().split(";") if "=" in part)
    parts.pop("WKST", None)
    if parts.pop("INTERVAL", "1") == "1" and parts.pop("FREQ", "") == "YEARLY":
        if not parts or (parts == {"BYMONTH": str(first.month), "BYMONTHDAY": str(first.day)}):
            return Yearly((first.month, first.day), (last.month, last.day))
        nth = NTH.fullmatch(parts.pop("BYDAY", ""))
        if nth and first == last and parts in ({}, {"BYMONTH": str(first.month)}):
            weekday = [day[:2].upper() for day in WEEKDAYS].index(nth[2])
            return Nth(int(nth[1]), weekday, first.month)
    raise BadHolidays(
        f"event {name}: the rule {repeats[:80]} is not understood; only each year, or an nth weekday"
    )
