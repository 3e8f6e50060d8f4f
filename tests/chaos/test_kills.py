"""Twenty of the deaths of `python -m tests.chaos.kills`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.chaos.kills import Kills
from tests.peers.edge import needs_rtpengine


@pytest.mark.realtime
@pytest.mark.alone
@pytest.mark.slow
@needs_rtpengine
@pytest.mark.timeout(300)
async def test_nobody_and_nothing_is_lost_by_twenty_deaths_of_any_process(tmp_path: Path) -> None:
    kills = Kills(tmp_path, kills=20, seed=1, say=lambda text: sys.stdout.write(text + "\n"))
    wrong = await kills.run()
    assert wrong == [], kills.report()
