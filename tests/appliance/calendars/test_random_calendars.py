"""Random calendars beside the plainest reading of their texts: does the clock say open?"""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from appliance.calendars.calendars import Calendars, Open
from appliance.config.calendars import Calendar

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
)
START = date(2026, 1, 1)
STEP_MINUTES = 97  # meets every part of the day in a year


def made(seed: int) -> tuple[Calendar, str]:
    """A calendar whose times do not overlap, and its zone."""
    draw = random.Random(seed)
    week = []
    for day in DAYS:
        edges = sorted(draw.sample(range(0, 1440, 5), 2 * draw.randint(0, 2)))
        times = [f"{clock(a)}-{clock(b)}" for a, b in zip(edges[::2], edges[1::2], strict=True)]
        if times and draw.random() < 0.3:
            times[-1] = times[-1].split("-")[0] + "-24:00"
        week += [f"{day} {', '.join(times)}"] if times else []
    days = draw.sample(range(365), 12)
    holidays = [f"{START + timedelta(days=n)} H{n}" for n in days[:8]]
    special = [f"{START + timedelta(days=n)} 10:00-15:00 S{n}" for n in days[6:]]
    options = {"open": week or ["mon 00:00-24:00"], "holidays": holidays, "special": special}
    return Calendar.model_validate(options), draw.choice(ZONES)


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def reads_open(calendar: Calendar, local: datetime) -> bool:
    """By the texts alone; no time of these lies over midnight."""
    day, minute = local.date(), 60 * local.hour + local.minute
    special = [str(each) for each in calendar.special if str(each).startswith(str(day))]
    if special:
        return 600 <= minute < 900
    if any(str(each).startswith(str(day)) for each in calendar.holidays):
        return False
    lines = [str(each) for each in calendar.open if str(each).startswith(DAYS[day.weekday()])]
    spans = (span.strip().split("-") for line in lines for span in line[4:].split(","))
    return any(minutes(begin) <= minute < minutes(end) for begin, end in spans)


def minutes(text: str) -> int:
    return 60 * int(text[:2]) + int(text[3:])


@pytest.mark.parametrize("seed", range(8))
def test_it_is_open_when_its_text_says_so(seed: int) -> None:
    """But on the night when a clock is set, where a text alone does not say what is meant."""
    calendar, name = made(seed)
    zone = ZoneInfo(name)
    calendars = Calendars({"it": calendar}, zone)
    wall_s = datetime(2026, 1, 1, tzinfo=zone).timestamp()
    for step in range(0, 365 * 1440, STEP_MINUTES):
        now = wall_s + 60 * step
        local = datetime.fromtimestamp(now, zone)
        if local.year > 2026 or is_odd(now, zone):
            continue
        state = calendars.state("it", now)
        assert isinstance(state, Open) is reads_open(calendar, local), local
        assert state.until is None or state.until > now


def is_odd(wall_s: float, zone: ZoneInfo) -> bool:
    """Within three hours of a change of the clock."""
    around = {datetime.fromtimestamp(wall_s + 3600 * hours, zone).utcoffset() for hours in (-3, 0, 3)}
    return len(around) > 1
