"""Want 23, end to end: what takes a call-back is heard at once, and a machine is tried again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from appliance.store.read import calls
from dsp import wav
from tests.end_to_end.sound import likeness
from tests.end_to_end.test_call_back import NUMBER, CallBackBox
from tests.peers.baresip import Baresip, needs_baresip

GREETING = Path("/usr/share/asterisk/sounds/en_US_f_Allison/vm-intro.wav")
pytestmark = [
    pytest.mark.realtime,
    pytest.mark.slow,
    needs_baresip,
    pytest.mark.timeout(120),
    pytest.mark.skipif(
        not GREETING.exists(), reason="needs packaged speech: apt-get install asterisk-core-sounds-en-wav"
    ),
]


class TryingAgainBox(CallBackBox):
    """Answering machines are tried again."""

    def _write_config(self, *arguments: Any) -> None:
        super()._write_config(*arguments)
        text = self.config_file.read_text()
        queue = '[queues.sales]\ncall_back_machine = "try-again"'
        self.config_file.write_text(text.replace("[queues.sales]", queue))


@pytest.mark.alone
async def test_want_23_a_machine_is_heard_by_the_agent_hung_up_and_tried_again(tmp_path: Path) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana", say="sine:440") as phone,
        TryingAgainBox(tmp_path, phones={"ana": phone.uri}, ready=False, wrap_up_seconds=30) as box,
    ):
        caller = await box.rings("gsm-1", number=NUMBER)
        await box.until_stage("waiting")
        for key in ("2", "1"):
            await asyncio.sleep(1.0)
            await box.network.request("digits", call=caller, digits=key)
        await box.until(lambda: bool([row for row in calls(box.database) if row.outcome == "call-back"]), 20)
        await box.network.request("callee", number=NUMBER, after_s=1.0, wav=str(GREETING))
        await box.agent("ana", "login")
        await phone.event("CALL_INCOMING")
        await phone.command("accept")
        await phone.event("CALL_CLOSED")
        await box.until_status(lambda status: status["agents"][0]["state"] == "ready")
        [back] = (await box.request("call_backs"))["call_backs"]
    assert (back["stage"], back["attempts"]) == ("waiting", 1)
    assert back["again_seconds"] > 200
    said = np.frombuffer(wav.read_mono(GREETING), np.int16)[8000:24000]  # of what was heard until the verdict
    assert likeness(said, phone.heard(), slack=400) > 0.7
