"""Inputs that failed once, and a short run of new ones; the long run is `python -m tests.fuzz`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.__main__ import KEPT, fuzz
from tests.fuzz.targets import TARGETS

INPUTS = 6000  # over all targets


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_no_input_makes_it_raise_or_wedge(name: str) -> None:
    shares = sum(target.share for target in TARGETS.values())
    assert fuzz(name, INPUTS * TARGETS[name].share // shares, seed=0) == []


@pytest.mark.parametrize("path", sorted(KEPT.glob("*-*")), ids=lambda path: path.name)
def test_an_input_that_failed_once_fails_no_more(path: Path) -> None:
    TARGETS[path.name.partition("-")[0]].check(path.read_bytes())
