"""Who is to be called in an emergency can be called at every hour, or `callbox check` says that not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from appliance.config.schema import Config
from appliance.dialplan.alert_numbers import refused_alerts

MONDAY = datetime(2026, 11, 23, 12, 0)


def warned(*numbers: str, **permission: Any) -> list[str]:
    config = {
        "box": {"country": "de"},
        "lines": {"gsm-1": {"driver": "virtual", "to": "hangup"}},
        "routes": {"any": {"lines": ["gsm-1"]}},
        "permissions": {"alerts": {"classes": ["mobile", "national"], **permission}},
        "outbound": {"permission": "alerts"},
        "emergency": {"to": "hangup", "call": list(numbers)},
    }
    return refused_alerts(Config.model_validate(config), MONDAY)


def test_numbers_that_are_permitted_are_passed_over() -> None:
    assert warned("+493012345678", "+493012345678") == []


def test_a_number_that_is_not_permitted_is_named_with_the_reason() -> None:
    [said] = warned("+442071234567", "+493012345678")
    assert said.startswith("emergency.call: +442071234567 cannot be called Mon 12:00: ")


def test_hours_count_for_an_emergency_comes_at_night() -> None:
    [said] = warned("+493012345678", from_time="08:00", until_time="18:00")
    assert "cannot be called Mon 18:00" in said


def test_the_box_calls_no_emergency_number() -> None:
    [said] = warned("112")
    assert "no emergency number by itself" in said
