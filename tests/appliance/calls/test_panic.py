"""An agent who wants help presses *9: an alarm stands until the conversation is over, texts go out."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.acd.agent import AgentRefused
from appliance.calls.panic import ALARM, Panic
from appliance.emergency_events import HelpWanted
from tests.appliance.calls.rig import Rig
from tests.appliance.calls.steps import talking


class Room:
    """Where alarms and texts arrive."""

    def __init__(self, rig: Rig) -> None:
        self.alarms: dict[tuple[str, str], str] = {}
        self.texts: list[tuple[str, str]] = []
        self.panic = Panic(rig.centre, alarm=self._alarm, send_text=self._send)
        rig.centre.desk.add(self.panic.commands())

    def _alarm(self, name: str, object: str, text: str) -> None:
        self.alarms[name, object] = text

    async def _send(self, line: str, number: str, text: str) -> str:
        self.texts.append((number, text))
        return ""


async def test_star_9_in_a_conversation_raises_an_alarm_until_its_end(tmp_path: Path) -> None:
    rig = Rig(tmp_path, supervision={"sms_to": ["+49170"]})
    room = Room(rig)
    caller, phone = await talking(rig)
    for key in "*9":
        phone.heard(key)
        await asyncio.sleep(0.1)
    [wanted] = rig.events(HelpWanted)
    assert (wanted.call_id, wanted.agent) == (caller.call.id, "ana")  # type: ignore[attr-defined]
    assert caller.call.id in room.alarms[ALARM, "agent ana"]
    await asyncio.sleep(0.1)
    assert [number for number, _ in room.texts] == ["+49170"]
    assert caller.stage == "talking"
    caller.leg.remote_hangs_up()
    await caller.gone()
    assert room.alarms[ALARM, "agent ana"] == ""


async def test_who_speaks_with_nobody_is_told_what_to_do(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    with pytest.raises(AgentRefused, match="speaks with nobody"):
        Room(rig).panic.panic("ana")
    assert rig.events(HelpWanted) == []
