"""Values as they are spoken, and what nobody can speak."""

from __future__ import annotations

from typing import get_args

import pytest

from appliance.calls.saying import SAYINGS, saying
from appliance.config.flows import SayAs


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("digits", "407", ["en/4", "en/0", "en/7"]),
        ("number", "12", ["en/12"]),
        ("number", "11.6", ["en/12"]),
        ("EUR", "1", saying("en", "EUR", "1.00")),
        ("date", "2026-12-24T15:00:00", saying("en", "date", "2026-12-24")),
        ("time", "2026-12-24T15:30:00", saying("en", "time", "15:30")),
    ],
)
def test_a_value_is_put_together_from_prompts(kind: str, value: str, expected: list[str]) -> None:
    assert saying("en", kind, value) == expected
    assert expected


@pytest.mark.parametrize("kind", get_args(SayAs))
@pytest.mark.parametrize(
    "value", ["", "abc", "nan", "-inf", "9" * 400, "1e99999", "2026-13-40", "25:61", "\x00"]
)
def test_what_cannot_be_read_is_not_said_or_said_as_digits(kind: str, value: str) -> None:
    said = saying("zh", kind, value)
    assert said == [] or kind == "digits"


def test_every_way_of_saying_is_there() -> None:
    assert set(SAYINGS) == set(get_args(SayAs))
