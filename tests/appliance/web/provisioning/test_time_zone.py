"""The last line of /etc/localtime, understood (RFC 8536 3.3, POSIX 8.3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.web.provisioning.time_zone import Change, TimeZone, own_time_zone, time_zone


@pytest.mark.parametrize(
    ("tz", "zone"),
    [
        ("UTC0", TimeZone()),
        (
            "CET-1CEST,M3.5.0,M10.5.0/3",
            TimeZone(3600, 3600, Change(3, 5, 0, 7200), Change(10, 5, 0, 10800)),
        ),
        (
            "EST5EDT,M3.2.0,M11.1.0",
            TimeZone(-18000, 3600, Change(3, 2, 0, 7200), Change(11, 1, 0, 7200)),
        ),
        ("<+0330>-3:30", TimeZone(12600)),
        ("<-03>3", TimeZone(-10800)),
        (
            "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
            TimeZone(37800, 1800, Change(10, 1, 0, 7200), Change(4, 1, 0, 7200)),
        ),
        ("IST-1GMT0,M10.5.0,M3.5.0/1", TimeZone(3600, -3600, Change(10, 5, 0, 7200), Change(3, 5, 0, 3600))),
        ("EST5EDT,J60,J300", TimeZone(-18000)),  # by day of the year: no zone has it now
        ("nonsense", TimeZone()),
        ("", TimeZone()),
        ("CET-1CEST,M3.9.0,M10.5.0", TimeZone(3600)),
    ],
)
def test_a_rule_is_understood(tz: str, zone: TimeZone) -> None:
    assert time_zone(tz) == zone


def test_it_is_read_from_the_machines_own_file(tmp_path: Path) -> None:
    file = tmp_path / "localtime"
    file.write_bytes(b"TZif2\0\xff\xfe\nCET-1CEST,M3.5.0,M10.5.0/3\n")
    assert own_time_zone(file).east_seconds == 3600
    file.write_bytes(b"\xff\xff")
    assert own_time_zone(file) == TimeZone()
    assert own_time_zone(tmp_path / "none") == TimeZone()
