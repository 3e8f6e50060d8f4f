"""Calendars that contradict themselves, and texts that are no days or times: told with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.appliance.config.sites import GOOD, told

WEEK = 'Allowed: days and times as "mon-fri 09:00-12:30, 13:30-18:00" or "sat,sun 22:00-02:00".'


def problems(folder: Path, *lines: str) -> list[str]:
    """What is said of a calendar with these lines, without "box.toml:" and the name of the option."""
    text = GOOD + "[calendars.it]\n" + "\n".join(lines) + "\n"
    first = GOOD.count("\n") + 2
    found = [each.removeprefix("box.toml:") for each in told(folder, text)]
    return [f"{int(each.split(':')[0]) - first}:{each.partition(':')[2]}" for each in found]


@pytest.mark.parametrize(
    "line",
    [
        'open = ["mon-fri 09:00-12:30, 13:30-18:00", "sat 22:00-02:00", "sun 02:00-03:00"]',
        'open = ["fri-mon 00:00-24:00", "tue,thu 08:00-09:00,10:00-11:00"]',
        'open = ["mon 09:00-10:00"]\nholidays = ["2026-12-25 B", "easter+1 C", "12-24..01-02 D"]',
        'open = ["mon 09:00-10:00"]\nholidays = ["orthodox+1 A", "4th thu nov B", "last mon may C"]',
        'special = ["2026-12-24 09:00-12:00, 22:00-02:00 Eve", "12-24 09:00-10:00 Every eve"]',
        'open = ["mon 09:00-10:00"]\nzone = "Asia/Kathmandu"',
    ],
)
def test_a_calendar_that_is_right_is_taken(tmp_path: Path, line: str) -> None:
    assert problems(tmp_path, line) == []


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ['open = ["mon-fri 09:00-12:30, 12:00-18:00"]'],
            '0: calendars.it.open[0] = "mon-fri 09:00-12:30, 12:00-18:00": overlaps itself on mon. '
            "Allowed: each time once.",
        ),
        (
            ['open = [\n"mon-fri 09:00-17:00",\n"wed 16:00-20:00"]'],
            '2: calendars.it.open[1] = "wed 16:00-20:00": overlaps "mon-fri 09:00-17:00" on wed. '
            "Allowed: each time once.",
        ),
        (
            ['open = ["sun 22:00-06:00", "mon 05:00-07:00"]'],
            '0: calendars.it.open[1] = "mon 05:00-07:00": overlaps "sun 22:00-06:00" on mon. '
            "Allowed: each time once.",
        ),
        (
            ['open = ["mon 09:00-09:00"]'],
            '0: calendars.it.open[0] = "mon 09:00-09:00": 09:00-09:00 is no time at all; '
            f"a whole day is 00:00-24:00. {WEEK}",
        ),
        (
            ['open = ["monday 09:00-10:00"]'],
            f'0: calendars.it.open[0] = "monday 09:00-10:00": not understood. {WEEK}',
        ),
        (
            ['open = ["xon 09:00-10:00"]'],
            f'0: calendars.it.open[0] = "xon 09:00-10:00": no days of the week: xon. {WEEK}',
        ),
        (["open = [7]"], f"0: calendars.it.open[0] = 7: not text. {WEEK}"),
        (
            ['zone = "Europe/Berln"', 'open = ["mon 09:00-10:00"]'],
            '0: calendars.it.zone = "Europe/Berln": there is no such time zone. Allowed: a name of the tz '
            'database, as "Europe/Berlin". Did you mean "Europe/Berlin"?',
        ),
        (
            [],
            "-1: calendars.it: is never open: it has neither `open` nor `special`. "
            'Allowed: open = ["mon-fri 09:00-17:00"].',
        ),
        (
            ['special = [\n"2026-12-24 09:00-12:00 A",\n"2026-12-20..2026-12-26 10:00-12:00 B"]'],
            '2: calendars.it.special[1] = "2026-12-20..2026-12-26 10:00-12:00 B": 2026-12-24 is told by '
            '"2026-12-24 09:00-12:00 A" already. Allowed: each day once.',
        ),
        (
            ['special = ["2026-12-24 09:00-12:00, 11:00-13:00 A"]'],
            '0: calendars.it.special[0] = "2026-12-24 09:00-12:00, 11:00-13:00 A": its times overlap: '
            "09:00-12:00 and 11:00-13:00. Allowed: each time once.",
        ),
        (
            ['open = ["mon 09:00-10:00"]', 'holidays = ["12-24..01-02 A", "01-01 B"]'],
            '1: calendars.it.holidays[1] = "01-01 B": 01-01 is told by "12-24..01-02 A" already. '
            "Allowed: each day once.",
        ),
        (
            ['open = ["mon 09:00-10:00"]', 'holidays = ["easter+1 A", "easter+1 B"]'],
            '1: calendars.it.holidays[1] = "easter+1 B": that day is told by "easter+1 A" already. '
            "Allowed: each day once.",
        ),
        (
            ['open = ["mon 09:00-10:00"]', 'holidays = ["12-25 A -> queue:nobody"]'],
            '1: calendars.it.holidays[0] = "queue:nobody": there is no queue nobody. Allowed: queue:sales.',
        ),
    ],
)
def test_a_contradiction_is_told(tmp_path: Path, lines: list[str], expected: str) -> None:
    assert problems(tmp_path, *lines) == [expected]


@pytest.mark.parametrize(
    ("option", "text", "wrong"),
    [
        ("holidays", "02-30 A", "there is no day 02-30"),
        ("holidays", "2027-02-29 A", "there is no day 2027-02-29"),
        ("holidays", "easter+1", "has no name of 1 to 60 characters after the day"),
        ("holidays", "2026-08-14..2026-08-01 A", "the range ends before it begins: 2026-08-14..2026-08-01"),
        ("holidays", "2026-08-14..2029-08-01 A", "a range of more than a year"),
        ("holidays", "12-24..2026-12-26 A", "one end of the range has a year and the other has none"),
        (
            "holidays",
            "12-25 09:00-10:00 A",
            "a holiday is closed all day: with times it belongs in `special`",
        ),
        ("holidays", "christmas A", "begins with no day that is understood"),
        ("holidays", "1st xxx may A", "no weekday and month: xxx may"),
        ("holidays", "12-25 A -> nowhere", "nowhere is no destination"),
        ("holidays", "12-25 A ->", "nothing is no destination"),
        ("special", "12-25 A", "has no times"),
        ("special", "12-25 25:00-26:00 A", "has no times"),
    ],
)
def test_a_day_that_cannot_be_understood_is_told(tmp_path: Path, option: str, text: str, wrong: str) -> None:
    (said,) = problems(tmp_path, 'open = ["mon 09:00-10:00"]', f'{option} = ["{text}"]')
    assert said.startswith(f'1: calendars.it.{option}[0] = "{text}": {wrong}. Allowed: ')


def test_a_calendar_with_an_option_that_cannot_be_read_is_not_called_never_open(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, 'open = ["xon 09:00-10:00"]')
    assert "xon" in said


def test_the_zone_of_the_box_is_checked_too(tmp_path: Path) -> None:
    (said,) = told(tmp_path, '[box]\nzone = "Mars"\n' + GOOD)
    assert said.startswith('box.toml:2: box.zone = "Mars": there is no such time zone.')


def test_a_holiday_that_leads_back_to_the_queue_that_it_closes_is_a_ring(tmp_path: Path) -> None:
    site = GOOD.replace("[queues.sales]", '[queues.sales]\nhours = "it"')
    site += '[calendars.it]\nopen = ["mon 09:00-10:00"]\nholidays = ["12-25 A -> queue:sales"]\n'
    (said,) = told(tmp_path, site)
    assert "queues.sales.hours" in said
    assert "callers who are not let in anywhere go round for ever: sales -> sales" in said
