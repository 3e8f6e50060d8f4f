"""What tests of drivers run over."""

from __future__ import annotations

import pytest

from tests.drivers.gsm_families import PAIRS, Pair


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest) -> Pair:
    """A GSM family, each in turn."""
    return PAIRS[request.param]


@pytest.fixture(autouse=True)
def _nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Benches open devices like /dev/full, which other test runs on this machine have open too."""
    monkeypatch.setattr("drivers.healing.holder", lambda path: None)
