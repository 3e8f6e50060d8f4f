"""Contradictions in who is for whom are found by `callbox check`, with the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.appliance.config.sites import GOOD, told

AGENTS = """
[agents.ada]
skills = { german = 4, french = 2 }
phone = "sip:ada@127.0.0.1"

[agents.bea]
phone = "sip:bea@127.0.0.1"
skills = { german = 2 }

[queues.abroad]
agents = ["ada", "bea"]
"""
TEXT = GOOD + AGENTS


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ("skills = { germna = 3 }", "no agent has the skill germna"),
        ("prefer = { dutch = 1 }", "no agent has the skill dutch"),
        (
            "skills = { german = 5 }",
            "no agent of the queue has german 5 to 5 (ada: german 4; bea: german 2), so nobody can serve",
        ),
        (
            "skills = { german = 5, french = 5 }\nrelax_then = 'stay'\n"
            "relax = [{ after_seconds = 20, levels = -1 }]",
            "even after the last step of `relax` no agent of the queue has",
        ),
        ("relax = [{ after_seconds = 20 }]", "a step that changes nothing"),
        (
            "relax = [{ after_seconds = 20, levels = -1 }, { after_seconds = 20, any_agent = true }]",
            "a step that comes no later than the one before it",
        ),
        (
            "relax = [{ after_seconds = 20, any_agent = true }, { after_seconds = 30, levels = -1 }]",
            "a step after any agent will do",
        ),
        ("weights = { ada = 2 }", 'does nothing without choice = "weighted-random"'),
        ('choice = "weighted-random"\nweights = { eva = 2 }', "is no agent of the queue"),
        ("reserve = 2", "as many agents are kept as there are"),
        ("skills = { german = 4 }\nhighest = { german = 3 }", "lower than the lowest level wanted, 4"),
        ("sticky_seconds = 20", "does nothing without `sticky`"),
        ("rest_seconds = 20", "does nothing without `max_busy_percent`"),
    ],
)
def test_a_contradiction_is_told_with_its_line(tmp_path: Path, options: str, wrong: str) -> None:
    found = [line for line in told(tmp_path, TEXT + options) if wrong in line]
    assert found, told(tmp_path, TEXT + options)
    first = TEXT.count("\n") + 1
    assert any(found[0].startswith(f"box.toml:{first + more}: queues.abroad.") for more in range(3))


@pytest.mark.parametrize(
    "options",
    [
        "skills = { german = 4 }",
        "skills = { german = 5 }\nrelax = [{ after_seconds = 20, levels = -1 }]",
        "skills = { german = 5 }\nrelax_then = 'stay'\nrelax = [{ after_seconds = 20, levels = -1 }]",
        "choice = 'weighted-random'\nweights = { ada = 2 }",
        "reserve = 1\nclasses = { vip = 4 }\nhead_start_seconds = 30",
        "sticky = 'last'\nsticky_seconds = 30",
    ],
)
def test_what_can_work_is_let_through(tmp_path: Path, options: str) -> None:
    assert told(tmp_path, TEXT + options) == []
