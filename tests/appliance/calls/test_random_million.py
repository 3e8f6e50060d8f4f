"""The beginning of the million, and that its failures are told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.appliance.calls import random_million


@pytest.mark.slow
def test_nothing_breaks_in_the_first_worlds() -> None:
    """Want 1: no order of events, lost legs and killed brains leaves anybody stuck."""
    done = list(random_million.worlds(3000, seed=1, most=20))
    assert [broken for _, _, broken in done if broken] == []
    assert done[-1][1] >= 3000


def test_a_world_that_breaks_is_named_and_the_exit_code_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(folder: Path, seed: int) -> int:
        assert seed != 8, "ana is stuck"
        return 10

    monkeypatch.setattr(random_million, "world", broken)
    monkeypatch.setattr(sys, "argv", ["random_million", "--events", "20", "--seed", "7"])
    assert random_million.main() == 1
    told = capsys.readouterr().out
    assert "world 8: Traceback" in told
    assert "AssertionError: ana is stuck" in told
    assert told.splitlines()[-1].startswith("20 events, 1 worlds broken, ")
