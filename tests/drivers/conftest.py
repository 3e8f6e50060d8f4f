"""What all tests of drivers need."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Benches open devices like /dev/full, which other test runs on this machine have open too."""
    monkeypatch.setattr("drivers.healing.holder", lambda path: None)
