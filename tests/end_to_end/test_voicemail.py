"""A GSM caller leaves a message while the brain is killed; a text tells the owner, whose phone plays it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.box import Box
from tests.end_to_end.sound import read, tone_dbm0
from tests.end_to_end.test_messages import callbox, is_on_its_way, out, sent
from tests.peers.baresip import Baresip, needs_baresip

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_baresip, pytest.mark.timeout(90)]

OWNER = "+15550777"
MAILBOX = f"""
[voicemail.office]
agents = ["ana"]
sms_to = ["{OWNER}"]
silence_seconds = 0
"""


class MailboxBox(Box):
    """Key 5 is the mailbox."""

    def _write_config(self, *arguments: Any) -> None:
        super()._write_config(*arguments)
        text = self.config_file.read_text().replace("keys = { 1", 'keys = { 5 = "voicemail:office", 1')
        self.config_file.write_text(text + MAILBOX)


async def test_a_message_of_a_gsm_caller_reaches_its_owner_by_text_and_by_phone(tmp_path: Path) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana") as phone,
        MailboxBox(tmp_path, phones={"ana": phone.uri}, ready=False) as box,
    ):
        caller = await box.rings(key="5", tone_hz=1000, loop=True)
        await box.until_stage("leaving a message")
        await asyncio.sleep(0.5)
        await box.network.request("digits", call=caller, digits="1")  # past the greeting
        recorded = box.state / "voicemail" / "office"
        await box.until(lambda: any(recorded.glob("*.wav")), 30)
        await asyncio.sleep(2)
        await box.until_back("brain", box.kill("brain"))
        await box.until_stage("leaving a message")
        await asyncio.sleep(2)
        await box.hangs_up(caller)
        [row] = await box.until_over()
        assert row["outcome"] == "voicemail"
        await box.until(lambda: any(out(box)), 20)
        await box.until(lambda: not any(map(is_on_its_way, out(box))), 20)
        texts = await sent(box)
        assert [text["number"] for text in texts] == [OWNER]
        assert "office: message from +15550123" in texts[0]["text"]
        [file] = recorded.glob("*.wav")  # one file: the engine went on while the brain was away
        assert tone_dbm0(read(file)[-8000:, 0], 1000) > -20
        code, said = await callbox(box, "voicemail", "list", "office", "--json")
        [message] = json.loads(said)
        assert (code, message["new"]) == (0, True)
        assert message["seconds"] > 4
        await phone.command("dial", f"sip:*98@127.0.0.1:{box.sip_port}")
        await box.until_status(lambda status: status["voicemail"][0]["new"] == 0)
        await asyncio.sleep(8)
        await phone.command("hangup")
        code, said = await callbox(box, "voicemail", "export", "office", "--to", str(tmp_path / "out"))
        assert code == 0, said
        assert (tmp_path / "out" / file.name).read_bytes() == file.read_bytes()
        code, said = await callbox(box, "voicemail", "delete", "office", message["message"])
        assert code == 0, said
        await box.until(lambda: not file.exists())
    assert tone_dbm0(phone.heard(), 1000) > -20
