"""Wants 4 and 5, end to end: a caller on a GSM line is called back over it, though the brain was killed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from appliance.store.read import calls
from tests.end_to_end.box import Box
from tests.end_to_end.sound import read, tone_dbm0
from tests.peers.baresip import Baresip, needs_baresip

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_baresip, pytest.mark.timeout(120)]

NUMBER = "+491711234567"
OUTBOUND = """
[box]
country = "de"

[outbound]
permission = "box"

[permissions.box]
classes = ["mobile"]

[routes.any]
lines = ["gsm-1"]

[rates.any]
a_minute = 0.1
"""


class CallBackBox(Box):
    """Key 2 is the call-back."""

    def _write_config(self, *arguments: Any) -> None:
        super()._write_config(*arguments)
        text = self.config_file.read_text()
        queue = '[queues.sales]\nkeys = { 2 = "call-back" }'
        self.config_file.write_text(text.replace("[queues.sales]", queue) + OUTBOUND)


async def test_want_4_and_5_a_gsm_caller_is_called_back_at_his_place_after_a_kill_of_the_brain(
    tmp_path: Path,
) -> None:
    heard = tmp_path / "customer.wav"
    async with (
        Baresip(tmp_path / "ana", user="ana", say="sine:440") as phone,
        CallBackBox(tmp_path, phones={"ana": phone.uri}, lines=2, ready=False, wrap_up_seconds=0) as box,
    ):
        first = await box.rings("gsm-1", number=NUMBER)
        asked = await box.until_stage("waiting")
        for key in ("2", "1"):
            await asyncio.sleep(1.0)
            await box.network.request("digits", call=first, digits=key)
        await box.until(lambda: bool([row for row in calls(box.database) if row.outcome == "call-back"]), 20)
        other = await box.rings("gsm-2")
        await box.until_status(
            lambda status: any(call["line"] == "gsm-2" and call["queue"] for call in status["calls"])
        )
        old = box.kill("brain")
        await box.until_back("brain", old)
        await box.until_status(lambda status: status["queues"][0]["waiting"] == 2)
        [back] = (await box.request("call_backs"))["call_backs"]
        assert (back["number"], back["position"], back["of"]) == (NUMBER, 1, asked["call"])
        plan = {"tone_hz": 1000, "loop": True, "record": str(heard)}
        await box.network.request("callee", number=NUMBER, after_s=1.0, **plan)
        await box.agent("ana", "login")
        ringing = await phone.event("CALL_INCOMING")
        await phone.command("accept")
        await box.until_stage("talking", 20)
        await asyncio.sleep(2)
        await phone.command("hangup")
        await phone.event("CALL_CLOSED")
        await phone.event("CALL_INCOMING")  # the other one was behind
        await box.hangs_up(other)
        rows = await box.until_over(3)
    assert f"call-back for {NUMBER}" in str(ringing)
    found = {(row["direction"], row["caller"], row["outcome"]) for row in rows}
    assert found == {
        ("in", NUMBER, "call-back"),
        ("back", NUMBER, "answered"),
        ("in", "+15550123", "abandoned"),
    }
    assert tone_dbm0(phone.heard(), 1000) > -25
    assert tone_dbm0(read(heard)[:, 0], 440) > -25
