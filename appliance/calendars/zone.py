"""Clocks of a time zone: which instant a time of day is, on the two odd days of the year too."""

from __future__ import annotations

import os
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LOCALTIME = Path("/etc/localtime")


def box_zone(name: str, file: Path = LOCALTIME) -> tzinfo:
    """The zone of `[box] zone`, else that of this machine; Greenwich when it cannot be told."""
    try:
        if name or os.environ.get("TZ"):
            return ZoneInfo(name or os.environ["TZ"].removeprefix(":"))
        with file.open("rb") as compiled:
            return ZoneInfo.from_file(compiled, key=str(file))
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return ZoneInfo("UTC")


def instant(day: date, minutes: int, zone: tzinfo, *, last: bool) -> float:
    """Seconds since 1970 at which the clock shows `minutes` after midnight of `day` (1440 = the next day).

    A time that the clock shows twice is the second one where `last` is true, else the first.
    One that it leaps over is the moment of the leap.
    """
    midnight = datetime.combine(day + timedelta(days=minutes // 1440), time(), zone)
    shown = midnight + timedelta(minutes=minutes % 1440)  # arithmetic of the wall, not of instants
    first, second = (shown.replace(fold=fold).timestamp() for fold in (0, 1))
    if second >= first:
        return second if last else first
    return _leap(second, first, zone)


def _leap(before: float, after: float, zone: tzinfo) -> float:
    """The moment between the two at which the zone's clock is set, to the second."""
    low, high = int(before), int(after)
    old = datetime.fromtimestamp(low, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (middle, high) if datetime.fromtimestamp(middle, zone).utcoffset() == old else (low, middle)
        )
    return float(high)
