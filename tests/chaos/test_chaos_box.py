"""A minute of `python -m tests.chaos`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.chaos.box_run import Chaos


@pytest.mark.realtime
@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_whole_box_lives_through_a_minute_of_everything(tmp_path: Path) -> None:
    chaos = Chaos(tmp_path, seconds=60, lines=16, seed=1, say=lambda text: sys.stdout.write(text + "\n"))
    wrong = await chaos.run()
    assert wrong == [], chaos.report()
