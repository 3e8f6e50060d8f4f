"""When a calendar is open: weeks, holidays, special days, and the clock's two odd days."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from appliance.calendars.calendars import OUTSIDE, Calendars, Closed, Open
from appliance.config.calendars import Calendar
from appliance.config.section import Destination

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = {
    "open": ["mon-fri 09:00-12:30, 13:30-18:00", "sat 22:00-02:30"],
    "holidays": [
        "12-25..12-26 Christmas -> play:christmas",
        "easter+1 Easter Monday",
        "2026-08-03..2026-08-14 Summer break",
        "01-01 New Year",
        "12-24 Family day",
    ],
    "special": ["2026-12-24 09:00-12:00 Christmas Eve", "2026-05-09 10:00-11:00, 12:00-14:00 Open day"],
}


def calendars(**options: object) -> Calendars:
    return Calendars({"it": Calendar.model_validate(options or OFFICE, strict=True)}, BERLIN)


def at(text: str, zone: ZoneInfo = BERLIN, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


@pytest.mark.parametrize(
    ("when", "until"),
    [
        ("2026-11-23T09:00", "2026-11-23T12:30"),
        ("2026-11-23T12:29:59", "2026-11-23T12:30"),
        ("2026-11-23T13:30", "2026-11-23T18:00"),
        ("2026-11-21T23:00", "2026-11-22T02:30"),
        ("2026-11-22T01:00", "2026-11-22T02:30"),
    ],
)
def test_it_is_open_at_the_times_of_its_week_over_midnight_too(when: str, until: str) -> None:
    assert calendars().state("it", at(when)) == Open(at(until))


@pytest.mark.parametrize(
    ("when", "why", "until"),
    [
        ("2026-11-23T12:30", OUTSIDE, "2026-11-23T13:30"),
        ("2026-11-23T08:59:59", OUTSIDE, "2026-11-23T09:00"),
        ("2026-11-22T12:00", OUTSIDE, "2026-11-23T09:00"),
        ("2026-04-06T10:00", "Easter Monday", "2026-04-07T09:00"),
        ("2026-08-04T10:00", "Summer break", "2026-08-15T22:00"),
        ("2026-05-09T11:30", "Open day", "2026-05-09T12:00"),
        ("2026-05-09T23:00", "Open day", "2026-05-11T09:00"),  # not as another Saturday
    ],
)
def test_when_it_is_closed_it_says_why_and_until_when(when: str, why: str, until: str) -> None:
    assert calendars().state("it", at(when)) == Closed(why, at(until))


def test_a_special_day_goes_before_a_holiday() -> None:
    it = calendars()
    assert it.state("it", at("2026-12-24T10:00")) == Open(at("2026-12-24T12:00"), "Christmas Eve")
    assert it.state("it", at("2025-12-24T10:00")) == Closed("Family day", at("2025-12-27T22:00"))


def test_a_holiday_may_send_its_callers_elsewhere() -> None:
    state = calendars().state("it", at("2026-12-25T10:00"))
    assert state == Closed("Christmas", at("2026-12-28T09:00"), Destination("play", "christmas"))


def test_an_hour_that_comes_twice_is_open_in_its_whole_length() -> None:
    it = calendars(open=["sun 02:00-02:30"])  # clocks go back at 03:00 to 02:00 on 2026-10-25
    assert it.state("it", at("2026-10-25T02:15")) == Open(at("2026-10-25T02:30", fold=1))
    assert it.state("it", at("2026-10-25T02:15", fold=1)) == Open(at("2026-10-25T02:30", fold=1))
    assert isinstance(it.state("it", at("2026-10-25T02:30", fold=1)), Closed)


def test_times_in_the_hour_that_is_leapt_over_are_the_moment_of_the_leap() -> None:
    leap = at("2026-03-29T03:00")  # from 02:00
    it = calendars(open=["sun 02:30-05:00"])
    assert it.state("it", leap - 1) == Closed(OUTSIDE, leap)
    assert it.state("it", leap) == Open(at("2026-03-29T05:00"))
    until = calendars(open=["sat 22:00-02:30"]).state("it", leap - 1)
    assert until == Open(leap)
    assert isinstance(calendars(open=["sun 02:10-02:50"]).state("it", leap), Closed)


def test_a_box_that_is_always_open_has_no_next_change() -> None:
    it = calendars(open=["mon-sun 00:00-24:00"])
    assert it.state("it", at("2026-11-22T12:00")) == Open(None)
    assert it.state("it", at("2026-11-22T12:00")).until is None


def test_a_calendar_without_days_to_come_stays_closed() -> None:
    it = calendars(special=["2020-02-29 09:00-12:00 Leap day"])
    assert it.state("it", at("2020-02-29T09:00")) == Open(at("2020-02-29T12:00"), "Leap day")
    assert it.state("it", at("2021-02-28T09:00")) == Closed(OUTSIDE, None)


def test_the_29th_of_february_is_a_day_of_leap_years_only() -> None:
    it = calendars(open=["mon-sun 09:00-17:00"], holidays=["02-29 Leap day"])
    assert it.state("it", at("2028-02-29T10:00")) == Closed("Leap day", at("2028-03-01T09:00"))
    assert isinstance(it.state("it", at("2027-03-01T10:00")), Open)


def test_a_range_of_every_year_may_lie_over_new_year() -> None:
    it = calendars(open=["mon-sun 09:00-17:00"], holidays=["12-24..01-02 Winter break"])
    assert it.state("it", at("2026-12-28T10:00")) == Closed("Winter break", at("2027-01-03T09:00"))
    assert isinstance(it.state("it", at("2026-12-23T10:00")), Open)


def test_each_calendar_has_a_zone_of_its_own_or_that_of_the_box() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    there = calendars(zone="Asia/Tokyo", open=["mon 09:00-10:00"])
    assert there.state("it", at("2026-11-23T09:30", tokyo)) == Open(at("2026-11-23T10:00", tokyo))
    assert there.local("it", at("2026-11-23T09:30", tokyo)).hour == 9


def test_the_next_change_is_a_change_and_nothing_changes_before_it() -> None:
    it, when = calendars(), at("2026-01-01T00:00")
    end = at("2027-01-02T00:00")
    while when < end:
        state = it.state("it", when)
        change = state.until
        assert change is not None
        assert type(it.state("it", change)) is not type(state), datetime.fromtimestamp(change, BERLIN)
        for part in range(1, 8):
            assert type(it.state("it", when + (change - when) * part / 8)) is type(state)
        when = change


def test_a_year_of_questions_takes_no_time() -> None:
    it, start = calendars(), datetime(2026, 1, 1, tzinfo=BERLIN)
    states = [it.state("it", (start + timedelta(hours=n)).timestamp()) for n in range(365 * 24)]
    assert sum(isinstance(state, Open) for state in states) > 1500
