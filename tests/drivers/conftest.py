"""What tests of drivers run over."""

from __future__ import annotations

import pytest

from tests.drivers.gsm_families import PAIRS, Pair


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest) -> Pair:
    """A GSM family, each in turn."""
    return PAIRS[request.param]
