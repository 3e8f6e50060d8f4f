"""One command in an emergency: callers are led elsewhere, somebody is called and acknowledges with a key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.end_to_end.box import Box
from tests.end_to_end.sound import read
from tests.end_to_end.test_messages import NOBODY, callbox, sent

pytestmark = [pytest.mark.realtime, pytest.mark.slow, pytest.mark.timeout(90)]

CHIEF, DEPUTY, GUARD = "+12125550101", "+12125550102", "+12125550103"
PREPARED = f"""
[emergency]
to = "play:closed"
announcement = "sorry"
sms_to = ["{GUARD}"]
sms_line = "gsm-1"
call = ["{CHIEF}", "{DEPUTY}"]
alert = "welcome"

[outbound]
permission = "alerts"

[permissions.alerts]
classes = ["local", "national", "mobile"]

[routes.any]
lines = ["gsm-2"]

[rates.any]
a_minute = 0.1
"""


class PreparedBox(Box):
    """With an emergency that has been thought of."""

    def _write_config(self, *arguments: Any) -> None:
        super()._write_config(*arguments)
        self.config_file.write_text(self.config_file.read_text() + PREPARED)


async def test_the_switch_diverts_callers_and_alerts_until_a_key_is_pressed(tmp_path: Path) -> None:
    by_deputy, by_caller = tmp_path / "deputy.wav", tmp_path / "caller.wav"
    async with PreparedBox(tmp_path, phones=NOBODY, ready=False, lines=2) as box:
        await box.network.request("callee", number=CHIEF, outcome="busy", after_s=0.5)
        plan = {"digits": [[2.0, "1"]], "record": str(by_deputy)}
        await box.network.request("callee", number=DEPUTY, after_s=0.5, **plan)
        code, said = await callbox(box, "emergency", "on", "fire in the hall")
        assert code == 0, said
        code, said = await callbox(box, "show", "queues")
        assert "*** EMERGENCY MODE" in said
        await box.rings("gsm-1", key="", record=str(by_caller))
        status = await box.until_status(lambda status: bool(status["emergency"]["acknowledged"]), 30)
        assert status["emergency"]["acknowledged"] == [DEPUTY]
        assert status["emergency"]["called"] == {CHIEF: 1, DEPUTY: 1}
        rows = {row["called"] or row["line"]: row["outcome"] for row in await box.until_over(3, 40)}
        assert (rows[CHIEF], rows[DEPUTY]) == ("unanswered", "answered")
        await box.until_back("brain", box.kill("brain"))
        await box.until_status(lambda status: status["emergency"] is not None)
        assert [text["number"] for text in await sent(box)] == [GUARD]
        code, said = await callbox(box, "emergency", "note", "all are out")
        assert code == 0, said
        code, said = await callbox(box, "emergency", "off")
        assert "off" in said
        code, said = await callbox(box, "emergency", "log", "--json")
        [incident] = json.loads(said)
    assert incident["diverted"] == 1
    words = [entry["words"] for entry in incident["entries"]]
    assert words[0].endswith(": fire in the hall")
    assert any("all are out" in each for each in words)
    assert words[-1].startswith("ended by console")
    for heard in (by_deputy, by_caller):
        assert np.abs(read(heard)).max() > 1000
