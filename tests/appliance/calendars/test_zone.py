"""Which instant a time of day is, in zones whose clocks are set in odd ways, and the box's own zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance.calendars.zone import box_zone, instant


@pytest.mark.parametrize(
    ("zone", "day", "minutes", "first", "last"),
    [
        ("Europe/Berlin", "2026-11-23", 540, "2026-11-23T08:00", "2026-11-23T08:00"),
        ("Europe/Berlin", "2026-11-23", 1440, "2026-11-23T23:00", "2026-11-23T23:00"),
        ("Europe/Berlin", "2026-11-23", 1500, "2026-11-24T00:00", "2026-11-24T00:00"),
        ("Europe/Berlin", "2026-10-25", 150, "2026-10-25T00:30", "2026-10-25T01:30"),  # 02:30 comes twice
        ("Europe/Berlin", "2026-10-25", 180, "2026-10-25T02:00", "2026-10-25T02:00"),
        ("Europe/Berlin", "2026-03-29", 150, "2026-03-29T01:00", "2026-03-29T01:00"),  # 02:30 is leapt over
        ("Asia/Beirut", "2024-03-30", 1440, "2024-03-30T22:00", "2024-03-30T22:00"),  # midnight is
        ("Australia/Lord_Howe", "2026-10-04", 135, "2026-10-03T15:30", "2026-10-03T15:30"),  # half an hour is
        ("Pacific/Apia", "2011-12-30", 600, "2011-12-30T10:00", "2011-12-30T10:00"),  # a whole day is
    ],
)
def test_a_time_of_day_is_an_instant(zone: str, day: str, minutes: int, first: str, last: str) -> None:
    for expected, wants_last in ((first, False), (last, True)):
        found = instant(date.fromisoformat(day), minutes, ZoneInfo(zone), last=wants_last)
        assert f"{datetime.fromtimestamp(found, UTC):%Y-%m-%dT%H:%M}" == expected


def test_the_box_has_its_configured_zone_else_the_machine_s_else_greenwich(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TZ", raising=False)
    missing, broken = tmp_path / "missing", tmp_path / "broken"
    broken.write_text("no zone")
    assert str(box_zone("Asia/Tokyo", missing)) == "Asia/Tokyo"
    assert str(box_zone("", missing)) == str(box_zone("", broken)) == str(box_zone("Mars", missing)) == "UTC"
    monkeypatch.setenv("TZ", ":America/Chicago")
    assert str(box_zone("", missing)) == "America/Chicago"
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")  # rules without a name are not understood here
    assert str(box_zone("", missing)) == "UTC"
