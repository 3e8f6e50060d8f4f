"""`callbox lines probe` beside a box that runs: what is the box's is left alone, and nobody is disturbed."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tests.end_to_end.box import Box

pytestmark = [pytest.mark.realtime, pytest.mark.slow, pytest.mark.timeout(90)]


async def test_lines_of_the_box_are_left_alone_and_named(tmp_path: Path) -> None:
    async with Box(tmp_path, phones={"ana": "sip:ana@127.0.0.1:9"}) as box:
        brain = next(child.pid for child in box.supervisor.children if child.name == "brain")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "appliance", "lines", "probe", "--json"),
            *("--config", str(box.config_file), str(tmp_path / "ports/gsm-1-at")),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        printed, _ = await process.communicate()
        (found,) = json.loads(printed)
        assert (found["verdict"], found["line"], process.returncode) == ("held", "gsm-1", 1)
        assert f"is held by process {brain} (callboxd). It is a line of the box" in found["trouble"]
        status = await box.until_status(lambda status: bool(status["lines"]))
        assert status["lines"][0]["state"] == "idle"
