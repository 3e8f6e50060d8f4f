"""The way out: each contradiction is refused with file and line, and the countries are those that exist."""

from __future__ import annotations

from pathlib import Path

import phonenumbers
import pytest

from appliance.config.countries import COUNTRIES
from appliance.config.schema import Config
from appliance.dialplan.number import Plan
from dsp.tones import zones
from tests.appliance.config.sites import GOOD, problems_of

OUT = """\

[outbound]
prefix = "0"
emergency = ["1770"]

[permissions.desk]
classes = ["national", "international"]
countries = ["AT", "CH"]
from_time = "08:00"
until_time = "18:00"

[routes.all]
lines = ["gsm-1"]

[rates.any]
a_minute = 0.1
"""


def told(folder: Path, old: str = "", new: str = "") -> list[str]:
    text = GOOD.replace("[agents.ana]\n", '[agents.ana]\npermission = "desk"\nextension = "12"\n') + OUT
    assert not old or text.count(old) == 1
    text = text.replace(old, new) if old else text
    return [
        str(problem).partition("box.toml:")[2].partition(": ")[2] for problem in problems_of(folder, text)
    ]


def test_a_way_out_that_is_right_is_taken(tmp_path: Path) -> None:
    assert told(tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'permission = "desk"',
            'permission = "desc"',
            'agents.ana.permission = "desc": there is no permission desc. Allowed: desk. '
            'Did you mean "desk"?',
        ),
        (
            'lines = ["gsm-1"]',
            'lines = ["gsm-1", "gsm-2"]',
            'routes.all.lines[1] = "gsm-2": there is no line gsm-2. Allowed: gsm-1. Did you mean "gsm-1"?',
        ),
        (
            'lines = ["gsm-1"]',
            'lines = ["gsm-1", "gsm-1"]',
            'routes.all.lines[1] = "gsm-1": stands twice in this list, leave one out.',
        ),
        (
            'countries = ["AT", "CH"]',
            'countries = ["AT", "UK"]',
            'permissions.desk.countries[1] = "UK": there is no such country. '
            'Allowed: two letters of ISO 3166, as "DE".',
        ),
        (
            'countries = ["AT", "CH"]\n',
            "",
            'permissions.desk.countries: missing, the class "international" allows nothing without it. '
            'Allowed: a list as ["DE", "AT"].',
        ),
        (
            'until_time = "18:00"',
            'until_time = "08:00"',
            'permissions.desk.until_time = "08:00": the same as from_time, so nothing is allowed at any time.'
            " Allowed: a later time.",
        ),
        (
            "[rates.any]\na_minute = 0.1\n",
            "",
            "permissions.desk: what its calls cost is not known, there are no [rates]. Allowed: at least one",
        ),
        (
            'extension = "12"',
            'extension = "1770"',
            'agents.ana.extension = "1770": an emergency number, which is never an extension.',
        ),
        (
            'prefix = "0"',
            'prefix = "1"',
            'agents.ana.extension = "12": begins with outbound.prefix 1, which leads outside.',
        ),
        (
            '"national", "international"',
            '"nationel", "international"',
            'permissions.desk.classes[0] = "nationel": unknown value.',
        ),
    ],
)
def test_a_contradiction_is_told(tmp_path: Path, old: str, new: str, expected: str) -> None:
    (line,) = told(tmp_path, old, new)
    assert line.startswith(expected)


def test_a_trunk_without_outgoing_calls_is_no_route(tmp_path: Path) -> None:
    trunk = (
        '[lines.t]\ndriver = "sip"\nto = "hangup"\nhosts = ["192.0.2.7"]\noutgoing_calls = 0\n\n[routes.all]'
    )
    (line,) = told(tmp_path, '[routes.all]\nlines = ["gsm-1"]', f'{trunk}\nlines = ["t"]')
    assert line == 'routes.all.lines[0] = "t": no call may go out there, lines.t.outgoing_calls is 0.'


def test_the_countries_are_those_that_have_numbers() -> None:
    assert COUNTRIES == phonenumbers.SUPPORTED_REGIONS


def test_every_tone_zone_is_in_a_country_with_numbers() -> None:
    for zone in zones():
        if len(zone) == 2:
            config = Config.model_validate({"box": {"country": zone}})
            assert Plan.of(config).country in COUNTRIES
