"""A caller on an emulated modem, a real SIP phone, and the whole box between them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.end_to_end.box import Box
from tests.peers.baresip import Baresip, needs_baresip

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_baresip, pytest.mark.timeout(90)]


async def test_a_caller_reaches_an_agent_and_each_hears_the_other(tmp_path: Path) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana", say="sine:440") as phone,
        Box(tmp_path, phones={"ana": phone.uri}) as box,
    ):
        caller = await box.rings(tone_hz=1000, record=str(tmp_path / "caller.wav"))
        await phone.event("CALL_INCOMING")
        await phone.command("accept")
        await box.until_stage("talking")
        await asyncio.sleep(3)
        await box.hangs_up(caller)
        rows = await box.until_over()
        print(rows)
    print(box.log_file.read_text())
    assert 0
