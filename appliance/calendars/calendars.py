"""Whether a calendar is open at an instant, until when, and why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from appliance.calendars.days import Days
from appliance.calendars.zone import instant
from appliance.config.calendar_days import Day
from appliance.config.calendars import Calendar
from appliance.config.section import Destination

OUTSIDE = "outside opening times"
HORIZON_DAYS = 400  # changes further away than a year are not told
NEAR_SECONDS = (HORIZON_DAYS - 4) * 86400  # an end later than this is only where looking ended
MOST_DAYS_HELD = 2000


@dataclass(frozen=True)
class Open:
    """Open; `until` (seconds since 1970) is None when no end is near. `why` names a special day, else ""."""

    until: float | None
    why: str = ""


@dataclass(frozen=True)
class Closed:
    """Closed; `why` names the day, else says `OUTSIDE`. `to` is where that day sends callers, if it does."""

    why: str
    until: float | None
    to: Destination | None = None


@dataclass(frozen=True)
class _Hours:
    """Open from one instant to another, on a day that may have a name."""

    begin: float
    end: float
    why: str


class Calendars:
    """Every calendar of a configuration; `zone` is that of the box. Nothing here reads a clock."""

    def __init__(self, calendars: Mapping[str, Calendar], zone: tzinfo) -> None:
        self._calendars = {name: _Year(calendar, zone) for name, calendar in calendars.items()}

    def state(self, name: str, wall_s: float) -> Open | Closed:
        """What the calendar says at an instant (seconds since 1970). Raises KeyError for an unknown name."""
        return self._calendars[name].state(wall_s)

    def day(self, name: str, wall_s: float) -> tuple[Day | None, Day | None]:
        """The special day and the holiday that an instant falls on; the special day counts."""
        return self._calendars[name].day(self.local(name, wall_s).date())

    def local(self, name: str, wall_s: float) -> datetime:
        """An instant as the calendar's own clock shows it."""
        return datetime.fromtimestamp(wall_s, self._calendars[name].zone)


class _Year:
    """One calendar, with the days it has counted already."""

    def __init__(self, calendar: Calendar, zone: tzinfo) -> None:
        self._calendar = calendar
        self.zone = ZoneInfo(calendar.zone) if calendar.zone else zone
        self._special, self._holidays = Days(calendar.special), Days(calendar.holidays)
        self._held: dict[date, tuple[_Hours, ...]] = {}

    def state(self, wall_s: float) -> Open | Closed:
        today = datetime.fromtimestamp(wall_s, self.zone).date()
        ahead = (hours for hours in self._from(today - timedelta(days=1)) if hours.end > wall_s)
        now = next(ahead, None)
        if now is None or now.begin > wall_s:
            return self._closed(today, now.begin if now else None)
        until = now.end
        for hours in ahead:
            if hours.begin > until:
                return Open(until, now.why)
            until = max(until, hours.end)
        return Open(until if until < wall_s + NEAR_SECONDS else None, now.why)

    def _closed(self, today: date, until: float | None) -> Closed:
        day = self._named(today)
        return Closed(day.name, until, day.to) if day else Closed(OUTSIDE, until)

    def _from(self, first: date) -> Iterator[_Hours]:
        """Hours of every day from `first` on, in order."""
        for number in range(HORIZON_DAYS):
            yield from self._hours(first + timedelta(days=number))

    def _hours(self, day: date) -> tuple[_Hours, ...]:
        if day not in self._held:
            if len(self._held) >= MOST_DAYS_HELD:
                self._held.clear()
            self._held[day] = tuple(sorted(self._count(day), key=lambda hours: hours.begin))
        return self._held[day]

    def _count(self, day: date) -> Iterator[_Hours]:
        named = self._named(day)
        week = (span for each in self._calendar.open if day.weekday() in each.weekdays for span in each.times)
        for span in named.times if named else week:
            begin = instant(day, span.begin, self.zone, last=False)
            end = instant(day, span.end, self.zone, last=True)
            if begin < end:  # an hour that the clock leaps over has no length
                yield _Hours(begin, end, named.name if named else "")

    def day(self, day: date) -> tuple[Day | None, Day | None]:
        return self._special.of(day), self._holidays.of(day)

    def _named(self, day: date) -> Day | None:
        special, holiday = self.day(day)
        return special or holiday
