"""Agents, coaches, numbers outside: each contradiction is refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.appliance.config.sites import GOOD, problems_of


def told(folder: Path, more: str, top: str = "") -> list[str]:
    text = GOOD.replace("[agents.ana]\n", f"[agents.ana]\n{more}") + top
    return [
        str(problem).partition("box.toml:")[2].partition(": ")[2] for problem in problems_of(folder, text)
    ]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ('coach = "ana"\n', 'agents.ana.coach = "ana": nobody coaches himself'),
        ('coach = "bem"\n', 'agents.ana.coach = "bem": there is no agent bem'),
        ("stay_connected = true\n", "agents.ana.stay_connected = true: there is no number to dial"),
    ],
)
def test_agents_that_cannot_work_are_refused(tmp_path: Path, more: str, expected: str) -> None:
    (problem,) = told(tmp_path, more)
    assert problem.startswith(expected)


def test_a_number_outside_needs_a_permission(tmp_path: Path) -> None:
    text = GOOD + '\n[agents.kim]\nphone = "number:+4930123456"\nstay_connected = true\n'
    (problem,) = problems_of(tmp_path, text)
    assert "agents.kim.permission: missing, the number in `phone` is dialled only" in str(problem)


def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    text = GOOD + '\n[agents.kim]\nphone = "number:030123"\n'
    (problem,) = problems_of(tmp_path, text)
    assert "sip:USER@HOST, sip:USER@HOST:PORT or number:+E164" in str(problem)


def test_a_reason_stands_once(tmp_path: Path) -> None:
    (problem,) = told(tmp_path, "", '\n[pause_reasons]\nnames = ["lunch", "tea", "lunch"]\n')
    assert problem.startswith('pause_reasons.names = "lunch": stands twice')
