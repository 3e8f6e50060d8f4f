"""Which days a rule means."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from appliance.calendars.days import Days, easter, falls_on, orthodox_easter
from appliance.config.calendar_days import holiday, special


def days(text: str, year: int) -> list[str]:
    """The days of a year that a holiday of this text means."""
    rule = holiday(f"{text} A day").rule
    first = date(year, 1, 1)
    every = (first + timedelta(days=n) for n in range(366))
    return [f"{day:%m-%d}" for day in every if day.year == year and falls_on(rule, day)]


@pytest.mark.parametrize(
    ("day", "church"),
    [
        ("1818-03-22", "western"),  # the earliest possible
        ("2008-03-23", "western"),
        ("2024-03-31", "western"),
        ("2025-04-20", "western"),
        ("2026-04-05", "western"),
        ("2038-04-25", "western"),  # the latest possible
        ("2285-03-22", "western"),
        ("2010-04-04", "orthodox"),
        ("2021-05-02", "orthodox"),
        ("2024-05-05", "orthodox"),
        ("2025-04-20", "orthodox"),
        ("2026-04-12", "orthodox"),
        ("2027-05-02", "orthodox"),
    ],
)
def test_easter_is_on_the_day_that_the_church_has_it(day: str, church: str) -> None:
    counted = easter if church == "western" else orthodox_easter
    assert counted(int(day[:4])) == date.fromisoformat(day)


def test_easter_of_every_year_is_a_sunday_and_in_its_weeks() -> None:
    for year in range(1900, 2200):
        western, eastern = easter(year), orthodox_easter(year)
        assert western.weekday() == eastern.weekday() == 6
        assert (3, 22) <= (western.month, western.day) <= (4, 25)
        assert western <= eastern


@pytest.mark.parametrize(
    ("text", "year", "expected"),
    [
        ("easter+1", 2026, ["04-06"]),
        ("easter-2", 2026, ["04-03"]),
        ("easter", 2026, ["04-05"]),
        ("easter-100", 2026, ["12-18"]),  # of the year after: 2027-03-28
        ("orthodox+1", 2026, ["04-13"]),
        ("4th thu nov", 2026, ["11-26"]),
        ("last mon may", 2026, ["05-25"]),
        ("1st mon sep", 2026, ["09-07"]),
        ("5th mon feb", 2026, []),
        ("02-29", 2028, ["02-29"]),
        ("02-29", 2027, []),
        ("12-30..01-02", 2026, ["01-01", "01-02", "12-30", "12-31"]),
        ("2026-08-03..2026-08-05", 2026, ["08-03", "08-04", "08-05"]),
        ("2026-08-03", 2027, []),
    ],
)
def test_a_rule_means_these_days(text: str, year: int, expected: list[str]) -> None:
    assert days(text, year) == expected


def test_a_date_with_its_year_goes_before_one_without_and_that_before_a_moving_one() -> None:
    moving, yearly, dated = (
        special(f"{day} 09:00-10:00 {name}")
        for day, name in (("easter", "moving"), ("04-05", "yearly"), ("2026-04-05", "dated"))
    )
    day = date(2026, 4, 5)
    assert Days([moving, yearly, dated]).of(day) == dated
    assert Days([moving, yearly]).of(day) == yearly
    assert Days([moving]).of(day) == moving
    assert Days([yearly]).of(date(2026, 4, 6)) is None
