"""`callbox flow at`: for every line, one line, a number, a queue, a calendar; in words and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance.__main__ import main

SITE = """\
[box]
zone = "Europe/Berlin"
[calendars.office]
open = ["mon-fri 09:00-17:00"]
holidays = ["12-25 Christmas -> play:goodbye"]
[lines.a]
driver = "virtual"
number = "+15550100"
to = "queue:sales"
[numbers."+4930123*"]
to = "menu:main"
[menus.main]
prompt = "goodbye"
keys = { 1 = "queue:sales" }
[queues.sales]
agents = ["ana"]
hours = "office"
closed = "play:closed"
[agents.ana]
"""
CLOSED = "office is closed, Christmas, until Mon 2026-12-28 09:00"


@pytest.fixture
def site(tmp_path: Path) -> str:
    file = tmp_path / "box.toml"
    file.write_text(SITE)
    return str(file)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["flow", "at", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_without_a_place_every_line_and_number_is_told(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Q5 and want "time/holiday": what happens at a time, with the reason and the next change."""
    assert said(capsys, "2026-12-25T10:00", "--config", site) == (
        0,
        f"""\
Friday 2026-12-25 10:00 CET
{CLOSED}

line a
  queue:sales, {CLOSED}
    closed: play:goodbye

number +4930123*
  menu:main, says goodbye
    key 1: queue:sales, {CLOSED}
      closed: play:goodbye
    otherwise: hangup
""",
        "",
    )


@pytest.mark.parametrize(
    ("options", "first"),
    [
        (["--line", "a"], "queue:sales"),
        (["--number", "+15550100"], "queue:sales"),
        (["--number", "004930123456"], "menu:main"),
        (["--queue", "sales"], "queue:sales"),
    ],
)
def test_one_place_is_told(
    site: str, capsys: pytest.CaptureFixture[str], options: list[str], first: str
) -> None:
    code, out, _ = said(capsys, "2026-12-23T10:00", *options, "--config", site, "--json")
    told = json.loads(out)
    assert code == 0
    assert [each["steps"][0]["place"] for each in told["callers"]] == [first]
    assert told["calendars"] == [
        {
            "calendar": "office",
            "open": True,
            "why": "",
            "until_s": 1798041600.0,
            "until": "2026-12-23T17:00:00+01:00",
        }
    ]


def test_a_calendar_alone_is_told(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "2026-12-25T10:00", "--calendar", "office", "--config", site)[1].splitlines() == [
        "Friday 2026-12-25 10:00 CET",
        CLOSED,
    ]


@pytest.mark.parametrize(
    ("options", "code", "error"),
    [
        (
            ["2026-12-25T10:00", "--queue", "sale"],
            1,
            "queue sale: not in this configuration. Did you mean sales?",
        ),
        (["now", "--line", "x"], 1, "line x: not in this configuration. There is: a."),
        (
            ["now", "--number", "+1"],
            1,
            "number +1: neither in [numbers] nor the number of a line; name a --line",
        ),
        (
            ["2026-12-25"],
            2,
            "2026-12-25: no time (a day without a time). Give one as 2026-12-24T15:00, or now",
        ),
    ],
)
def test_what_is_not_there_is_told_with_what_to_do(
    site: str, capsys: pytest.CaptureFixture[str], options: list[str], code: int, error: str
) -> None:
    assert said(capsys, *options, "--config", site) == (code, "", f"callbox: {error}\n")
