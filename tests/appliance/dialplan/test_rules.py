"""Who may dial what, when, over which lines and for how much: by configuration alone."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from appliance.config.outbound import Permission
from appliance.config.schema import Config
from appliance.dialplan.permit import DialRefused
from appliance.dialplan.rules import Rules, is_open
from tests.appliance.dialplan.rig import ABROAD, DEAR, INLAND, MOBILE, NOON, SITE, permission, site


def refusal(rules: Rules, dialled: str, agent: str = "ana", now: datetime = NOON) -> str:
    try:
        rules.judge(agent, rules.read(dialled), now)
    except DialRefused as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize(
    ("dialled", "expected"),
    [
        (INLAND, ""),
        (MOBILE, ""),
        ("0800123456", ""),
        (ABROAD, ""),
        (
            "+33123456789",
            "agent ana may not dial numbers of FR. permissions.desk.countries would have to name",
        ),
        (DEAR, "agent ana may not dial premium numbers. permissions.desk.classes would have to name them"),
        ("118118", "agent ana may not dial premium numbers"),
        ("100", "agent ana may not dial short-code numbers"),
        ("00881612345678", "agent ana may not dial satellite numbers"),
        ("+499001234567", "agent ana may not dial premium numbers"),
        ("07012345678", "agent ana may not dial other numbers"),
    ],
)
def test_only_the_classes_and_countries_of_the_permission_are_allowed(dialled: str, expected: str) -> None:
    found = refusal(Rules(site()), dialled)
    assert found.startswith(expected)
    assert bool(found) == bool(expected)


def test_an_agent_without_a_permission_dials_nothing_but_emergency_numbers() -> None:
    rules = Rules(site())
    for dialled in (INLAND, "0800123456", MOBILE, "100"):
        assert "may dial no outside number" in refusal(rules, dialled, "eve")
    assert rules.emergency("999") is not None


@pytest.mark.parametrize("prefix", ["+44207946", "0207946", "207946"])
def test_refused_prefixes_fit_every_way_of_dialling(prefix: str) -> None:
    rules = Rules(site(permissions=permission(refuse=[prefix])))
    for dialled in (INLAND, "+442079460123", "00442079460123", "020-7946-0123", "+44(0)2079460123"):
        assert f"numbers that begin with {prefix}" in refusal(rules, dialled)
    assert refusal(rules, "02079450123") == ""


def test_a_premium_number_of_a_country_needs_the_class_and_the_country() -> None:
    dear = Rules(site(permissions=permission(classes=["premium"], countries=["DE"])))
    assert refusal(dear, "+499001234567") == ""
    assert "numbers of CH" in refusal(dear, "+41900123456")
    assert refusal(dear, "+979123456789") == ""  # of no country: the class is enough


# --- lines --------------------------------------------------------------------------------------------


def test_a_line_gets_only_what_a_route_gives_it_and_disabled_ones_are_left_out() -> None:
    rules = Rules(site())
    assert rules.lines(rules.read(MOBILE)) == ("gsm", "trunk")
    assert rules.lines(rules.read(INLAND)) == ("trunk",)


@pytest.mark.parametrize(
    ("routes", "message", "code"),
    [
        ({}, "no route leads to national numbers. Add one to [routes]", 404),
        ({"a": {"lines": ["trunk"], "prefixes": ["+49"]}}, "no route leads", 404),
        (
            {"a": {"lines": ["spare"]}, "b": {"lines": ["trunk"]}},
            "every line of the number's route is dis",
            503,
        ),
    ],
)
def test_without_a_route_nothing_goes_out(routes: dict[str, Any], message: str, code: int) -> None:
    rules = Rules(Config.model_validate({**SITE, "routes": routes}))
    with pytest.raises(DialRefused) as refused:
        rules.judge("ana", rules.read(INLAND), NOON)
    assert str(refused.value).startswith(message)
    assert refused.value.sip_code == code


def test_an_emergency_call_goes_over_every_line_those_of_its_route_first() -> None:
    first = Rules(site(routes={"mobile": {"classes": ["short-code"], "lines": ["gsm"]}})).emergency("112")
    assert first is not None
    assert (first.lines, first.a_minute) == (("gsm", "trunk"), 0.0)
    assert Rules(site()).emergency("112").lines == ("trunk", "gsm")  # type: ignore[union-attr]


# --- money --------------------------------------------------------------------------------------------


def test_the_longest_prefix_wins_then_the_class_then_the_dearer() -> None:
    rules = Rules(
        site(
            rates={
                "berlin": {"prefixes": ["+4930"], "a_minute": 0.2},
                "germany": {"prefixes": ["+49"], "a_minute": 0.3},
                "other-germany": {"prefixes": ["+49"], "a_minute": 0.4},
                "any": {"a_minute": 2.0},
            }
        )
    )
    priced = {
        dialled: rules.a_minute(rules.read(dialled)) for dialled in (ABROAD, "+4940123456", INLAND, "100")
    }
    assert priced == {ABROAD: 0.2, "+4940123456": 0.4, INLAND: 0.1, "100": 2.0}


def test_a_number_without_a_rate_costs_as_much_as_the_dearest_a_freephone_number_nothing() -> None:
    rules = Rules(site())
    assert rules.a_minute(rules.read(DEAR)) == 1.0
    assert rules.a_minute(rules.read("0800123456")) == 0.0


# --- time ---------------------------------------------------------------------------------------------


def allowed(**hours: Any) -> Permission:
    return Permission(classes=["national"], **hours)


@pytest.mark.parametrize(
    ("hours", "at", "open_"),
    [
        ({}, "2026-11-22 03:00", True),
        ({"from_time": "08:00", "until_time": "18:00"}, "2026-11-20 07:59", False),
        ({"from_time": "08:00", "until_time": "18:00"}, "2026-11-20 08:00", True),
        ({"from_time": "08:00", "until_time": "18:00"}, "2026-11-20 17:59", True),
        ({"from_time": "08:00", "until_time": "18:00"}, "2026-11-20 18:00", False),
        ({"from_time": "18:00", "until_time": "24:00"}, "2026-11-20 23:59", True),
        ({"days": ["fri"]}, "2026-11-20 12:00", True),
        ({"days": ["fri"]}, "2026-11-21 00:00", False),
        ({"days": ["fri"], "from_time": "22:00", "until_time": "06:00"}, "2026-11-20 05:00", False),
        ({"days": ["fri"], "from_time": "22:00", "until_time": "06:00"}, "2026-11-20 22:00", True),
        ({"days": ["fri"], "from_time": "22:00", "until_time": "06:00"}, "2026-11-21 05:59", True),
        ({"days": ["fri"], "from_time": "22:00", "until_time": "06:00"}, "2026-11-21 06:00", False),
        ({"days": ["fri"], "from_time": "22:00", "until_time": "06:00"}, "2026-11-21 22:00", False),
    ],
)
def test_days_and_hours(hours: dict[str, Any], at: str, open_: bool) -> None:
    assert is_open(allowed(**hours), datetime.fromisoformat(at)) is open_


@pytest.fixture
def london() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Europe/London"
    time.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


@pytest.mark.usefixtures("london")
@pytest.mark.parametrize(
    ("utc", "open_"),
    [
        ("2026-10-24T06:59+00:00", False),  # summer time: 07:59
        ("2026-10-24T07:00+00:00", True),
        ("2026-10-25T07:59+00:00", False),  # winter time since this night
        ("2026-10-25T08:00+00:00", True),
        ("2027-03-28T06:59+00:00", False),  # and back
        ("2027-03-28T07:00+00:00", True),
    ],
)
def test_hours_are_those_of_the_clock_on_the_wall_in_summer_and_in_winter(utc: str, open_: bool) -> None:
    local = datetime.fromtimestamp(datetime.fromisoformat(utc).timestamp())
    assert is_open(allowed(from_time="08:00", until_time="18:00"), local) is open_
