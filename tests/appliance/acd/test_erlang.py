"""The table of section 4.5, to 1e-6 where its figures are given to it, else to the digits it has."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from appliance.acd.erlang import agents_for, blocked, carried, delayed, erlang_a, erlang_c


def exactly(load: int, lines: int) -> Fraction:
    """Erlang B without rounding."""
    chance = Fraction(1)
    for line in range(1, lines + 1):
        chance = load * chance / (line + load * chance)
    return chance


@pytest.mark.parametrize(
    ("load", "lines", "expected"),
    [(8, 10, 0.121661), (12, 10, 0.301925), (12, 14, 0.117210), (20, 18, 0.221260), (123, 132, 0.031243)],
)
def test_erlang_b_is_that_of_the_table_and_of_exact_fractions(load: int, lines: int, expected: float) -> None:
    assert blocked(load, lines) == pytest.approx(expected, abs=1e-6)
    assert blocked(load, lines) == pytest.approx(float(exactly(load, lines)), rel=1e-12)


def test_a_published_picture_of_erlang_b() -> None:
    assert blocked(25, 30) == pytest.approx(0.0526, abs=5e-5)


@pytest.mark.parametrize(
    ("lines", "share", "load", "digits"),
    [
        (10, 0.01, 4.4612, 4),
        (10, 0.02, 5.0840, 4),
        (4, 0.01, 0.8694, 4),
        (8, 0.01, 3.1276, 4),
        (16, 0.01, 8.875, 3),
        (30, 0.01, 20.337, 3),
        (60, 0.01, 46.950, 3),
    ],
)
def test_the_load_that_lines_carry(lines: int, share: float, load: float, digits: int) -> None:
    assert carried(lines, share) == pytest.approx(load, abs=0.51 * 10**-digits)
    assert blocked(carried(lines, share), lines) == pytest.approx(share, abs=1e-9)


def test_erlang_c_is_that_of_the_table() -> None:
    waits = erlang_c(10, 14, 180, 20)
    assert waits.delayed == pytest.approx(0.1741319336, abs=1e-10)
    assert waits.service_level == pytest.approx(0.8883500192, abs=1e-10)
    assert waits.wait_s == pytest.approx(7.8359, abs=5e-5)
    assert waits.occupancy == pytest.approx(0.714286, abs=1e-6)
    few = erlang_c(10, 11, 180, 20)
    assert (few.delayed, few.service_level) == (pytest.approx(0.6821182), pytest.approx(0.3896138))
    assert delayed(123, 132) == pytest.approx(0.3211161792617074, abs=1e-12)


def test_agents_for_a_service_level() -> None:
    assert agents_for(10, 180, 20, 0.8) == 14
    assert math.ceil(14 / (1 - 0.3)) == 20  # with 30 % shrinkage
    load = 250 / 3600 * 330
    assert load == pytest.approx(22.9, abs=0.05)
    assert agents_for(load, 330, 30, 0.8) == 28


@pytest.mark.parametrize(
    ("agents", "late", "gone", "wait"),
    [(12, 0.3032, 0.0531, 9.56), (10, 0.5421, 0.1251, 22.52)],
)
def test_erlang_a_is_that_of_the_table(agents: int, late: float, gone: float, wait: float) -> None:
    waits = erlang_a(10, agents, 180, 180)
    assert waits.delayed == pytest.approx(late, abs=5e-5)
    assert waits.abandoned == pytest.approx(gone, abs=5.1e-5)
    assert waits.wait_s == pytest.approx(wait, abs=5e-3)


def test_what_fifty_agents_are_worth_when_callers_give_up() -> None:
    waits, patient = erlang_a(48, 50, 60, 120), erlang_c(48, 50, 60, 20)
    assert (waits.abandoned, waits.wait_s, waits.occupancy) == (
        pytest.approx(0.0309, abs=5e-5),
        pytest.approx(3.71, abs=5e-3),
        pytest.approx(0.930, abs=5e-4),
    )
    assert patient.wait_s == pytest.approx(20.83, abs=5e-3)
    assert patient.wait_s * 48 / 60 == pytest.approx(16.7, abs=0.05)


def test_erlang_a_of_endless_patience_is_erlang_c() -> None:
    waits, patient = erlang_a(10, 14, 180, 1e9), erlang_c(10, 14, 180, 20)
    assert waits.delayed == pytest.approx(patient.delayed, rel=1e-5)
    assert waits.wait_s == pytest.approx(patient.wait_s, rel=1e-5)


@pytest.mark.parametrize("agents", [700, 1000])
def test_hundreds_of_agents_are_no_trouble(agents: int) -> None:
    waits = erlang_a(agents * 0.98, agents, 240, 180)
    assert 0 < waits.abandoned < 0.02
    assert 0 < delayed(agents * 0.98, agents) < 1


def test_agents_who_cannot_keep_up() -> None:
    waits = erlang_c(10, 10, 180, 20)
    assert (waits.delayed, waits.service_level, waits.wait_s) == (1.0, 0.0, math.inf)
    with pytest.raises(ValueError, match="more agents, or less patience"):
        erlang_a(1000, 1, 60, 1e9)
    with pytest.raises(ValueError, match="check rate and length"):
        agents_for(1e9, 180, 20, 0.8)
