"""Holidays of an iCalendar file: taken as they are meant, or refused with what was not understood."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from appliance.config.calendar_days import Dated, Nth, Yearly
from appliance.config.holidays_file import BadHolidays, read_holidays
from appliance.config.load import load
from tests.appliance.config.sites import GOOD, told, write_site


def ics(*events: str) -> str:
    """A file of these events, each its lines between BEGIN and END."""
    body = "".join(f"BEGIN:VEVENT\r\nUID:x\r\n{event}\r\nEND:VEVENT\r\n" for event in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y\r\n{body}END:VCALENDAR\r\n"


def event(name: str = "A day", begin: str = "20261225", *more: str) -> str:
    return "\r\n".join([f"SUMMARY:{name}", f"DTSTART;VALUE=DATE:{begin}", *more])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "days.ics"


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        (event(), Dated(date(2026, 12, 25), date(2026, 12, 25))),
        (
            event("A day", "20261225", "DTEND;VALUE=DATE:20261226"),
            Dated(date(2026, 12, 25), date(2026, 12, 25)),
        ),
        (
            event("A day", "20261225", "DTEND;VALUE=DATE:20261227"),
            Dated(date(2026, 12, 25), date(2026, 12, 26)),
        ),
        (event("A day", "20201225", "RRULE:FREQ=YEARLY"), Yearly((12, 25), (12, 25))),
        (
            event("A day", "20201225", "RRULE:FREQ=YEARLY;INTERVAL=1;BYMONTH=12;BYMONTHDAY=25"),
            Yearly((12, 25), (12, 25)),
        ),
        (event("A day", "20201126", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH"), Nth(4, 3, 11)),
        (event("A day", "20200525", "RRULE:FREQ=YEARLY;BYDAY=-1MO;WKST=SU"), Nth(-1, 0, 5)),
    ],
)
def test_an_event_is_the_day_that_it_means(file: Path, written: str, rule: object) -> None:
    file.write_text(ics(written), newline="")
    (day,) = read_holidays(file)
    assert (day.rule, day.name, day.times) == (rule, "A day", ())


def test_folded_lines_escapes_alarms_and_cancelled_events_are_understood(file: Path) -> None:
    alarm = "BEGIN:VALARM\r\nSUMMARY:not this\r\nDTSTART:19700101T000000Z\r\nEND:VALARM"
    folded = event("Saints Peter\\, Paul and a very long na\r\n me", "20260629", alarm)
    file.write_bytes(b"\xef\xbb\xbf" + ics(folded, event("Gone", "20260101", "STATUS:CANCELLED")).encode())
    assert [day.name for day in read_holidays(file)] == ["Saints Peter, Paul and a very long name"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (ics(event("Party", "20261225T180000")), "DTSTART 20261225T180000 is no whole day"),
        (ics(event("Odd", "20261325")), "event Odd: DTSTART 20261325: month must be in 1..12"),
        (ics(event("Odd", "20261225", "RRULE:FREQ=DAILY")), "the rule FREQ=DAILY is not understood"),
        (ics(event("Odd", "20261225", "RRULE:FREQ=YEARLY;COUNT=3")), "COUNT=3 is not understood"),
        (ics(event("Odd", "20261225", "RRULE:FREQ=YEARLY;BYMONTH=1,x;BYDAY=1MO")), "is not understood"),
        (ics(event("", "20261225")), "needs a SUMMARY"),
        (ics(event("Back", "20261225", "DTEND;VALUE=DATE:20261220")), "to end within a year of its begin"),
        (ics("SUMMARY:Never"), "event Never: DTSTART  is no whole day"),
        (ics(), "0 events"),
        ("", "0 events"),
        ("BEGIN:VEVENT\nBEGIN:VEVENT\nEND:X", "0 events"),
        (ics(*[event()] * 2001), "2001 events, expected 1 to 2000"),
    ],
)
def test_what_is_no_whole_day_is_refused(file: Path, text: str, wrong: str) -> None:
    file.write_text(text, newline="")
    with pytest.raises(BadHolidays) as error:
        read_holidays(file)
    assert wrong in str(error.value)


def test_a_file_of_megabytes_of_another_alphabet_or_none_at_all_is_refused(file: Path) -> None:
    for content, wrong in ((b"x" * 1_000_001, "more than"), (b"\xff", "not UTF-8 at byte 0")):
        file.write_bytes(content)
        with pytest.raises(BadHolidays, match=wrong):
            read_holidays(file)
    with pytest.raises(BadHolidays, match="there is no such file"):
        read_holidays(file.parent)


SITE = GOOD + '[calendars.office]\nopen = ["mon-fri 09:00-17:00"]\nholidays_file = "days.ics"\n'


def test_a_configuration_has_the_file_s_days_among_its_holidays(tmp_path: Path, file: Path) -> None:
    file.write_text(ics(event("Christmas")), newline="")
    loaded = load(write_site(tmp_path, SITE))
    assert [day.name for day in loaded.config.calendars["office"].holidays] == ["Christmas"]


def test_a_bad_file_is_told_with_the_line_that_names_it(tmp_path: Path) -> None:
    line = SITE.count("\n")
    assert told(tmp_path, SITE) == [
        f'box.toml:{line}: calendars.office.holidays_file = "days.ics": there is no such file. '
        "Allowed: an iCalendar file of all-day events."
    ]
