"""The box's own time zone, in the pieces that phones want to be told: from the last line of /etc/localtime.

That line is a TZ value (RFC 8536 3.3, POSIX 8.3), `CET-1CEST,M3.5.0,M10.5.0/3`. Rules by month, week and
weekday are understood, as all zones with summer time use them; a zone with another rule has none here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

LOCALTIME = Path("/etc/localtime")
DEFAULT_CHANGE_SECONDS = 2 * 3600  # 02:00, POSIX 8.3
NAME = r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)"
TIME = r"[+-]?[0-9]{1,3}(?::[0-9]{2}){0,2}"
RULE = re.compile(rf"M([0-9]{{1,2}})\.([1-5])\.([0-6])(?:/({TIME}))?")
ZONE = re.compile(rf"{NAME}({TIME})(?:{NAME}({TIME})?(?:,([^,]+),([^,]+))?)?")


@dataclass(frozen=True)
class Change:
    """When clocks change: in `month`, on the `week`th (5 = last) `weekday` (0 = Sunday), local time."""

    month: int
    week: int
    weekday: int
    at_seconds: int

    @property
    def weekday_from_monday(self) -> int:
        """1 = Monday to 7 = Sunday."""
        return self.weekday or 7


@dataclass(frozen=True)
class TimeZone:
    """Seconds east of Greenwich, and the change to and from summer time where there is one."""

    east_seconds: int = 0
    summer_seconds: int = 0  # what is added in summer
    begins: Change | None = None
    ends: Change | None = None


def own_time_zone(file: Path = LOCALTIME) -> TimeZone:
    """Of this machine; that of Greenwich when it cannot be told."""
    try:
        last = file.read_bytes().rstrip(b"\n").rpartition(b"\n")[2]
    except OSError:
        return TimeZone()
    return time_zone(last.decode("ascii", errors="replace"))


def time_zone(tz: str) -> TimeZone:
    """A TZ value understood; Greenwich for one that is not."""
    found = ZONE.fullmatch(tz)
    if found is None:
        return TimeZone()
    east = -_seconds(found[1])  # POSIX counts westward
    begins, ends = _change(found[3]), _change(found[4])
    if begins is None or ends is None:
        return TimeZone(east)
    summer = -_seconds(found[2]) - east if found[2] else 3600
    return TimeZone(east, summer, begins, ends)


def _change(rule: str | None) -> Change | None:
    found = RULE.fullmatch(rule or "")
    if found is None:
        return None
    at = _seconds(found[4]) if found[4] else DEFAULT_CHANGE_SECONDS
    return Change(int(found[1]), int(found[2]), int(found[3]), at)


def _seconds(time: str) -> int:
    hours, minutes, seconds = ([int(part) for part in time.lstrip("+-").split(":")] + [0, 0])[:3]
    return (hours * 3600 + minutes * 60 + seconds) * (-1 if time.startswith("-") else 1)
