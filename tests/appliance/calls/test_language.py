"""In which language somebody is spoken to: chosen in a flow, the queue's, the agent's, the box's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.calls.agent_phone import serve_code
from appliance.calls.language import language_of
from appliance.flow_events import FactLearned
from drivers.port import LegState
from tests.appliance.calls.rig import CONFIG, Rig, ScriptedPhone
from tests.appliance.calls.test_waiting import heard, left, site, waiting


@pytest.fixture
def spoken(tmp_path: Path) -> None:
    for name in (
        "ru/you-are",
        "ru/1-th",
        "ru/in-the-queue",
        "zh/you-are",
        "zh/di",
        "zh/1",
        "zh/in-the-queue",
    ):
        file = tmp_path / "spoken" / f"{name}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


@pytest.mark.usefixtures("spoken")
async def test_a_caller_is_told_the_position_in_the_queue_s_language(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **site(tell_position=True, language="ru"))
    caller = await waiting(rig)
    await asyncio.sleep(3)
    assert heard(rig, caller)[:3] == ["you-are", "1-th", "in-the-queue"]
    await left(caller)


@pytest.mark.usefixtures("spoken")
async def test_the_language_that_the_caller_chose_goes_before_the_queue_s(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **site(tell_position=True, language="ru"))
    caller = rig.caller()
    await asyncio.sleep(0.1)
    (call,) = rig.centre.calls.values()
    call.note(FactLearned(call_id=call.id, name="language", value="zh"))
    await caller.presses("1")
    await asyncio.sleep(3)
    assert heard(rig, caller)[:4] == ["you-are", "di", "1", "in-the-queue"]
    call.note(FactLearned(call_id=call.id, name="language", value="it"))
    assert language_of(call, rig.centre) == "ru"  # the box cannot count in Italian
    await left(caller)


async def test_without_any_of_them_it_is_the_box_s(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **{**site(), "box": {**CONFIG["box"], "language": "zh"}})
    caller = await waiting(rig)
    (call,) = rig.centre.calls.values()
    assert language_of(call, rig.centre) == "zh"
    await left(caller)


@pytest.mark.parametrize(("language", "file"), [("", "english"), ("en", "english"), ("zh", "chinese")])
async def test_an_agent_is_spoken_to_in_a_language_of_the_own(
    tmp_path: Path, language: str, file: str
) -> None:
    recorded = {"agent-logged-in": "english.wav", "zh/agent-logged-in": "chinese.wav"}
    ana = {**CONFIG["agents"]["ana"], "language": language}
    rig = Rig(tmp_path, agents={**CONFIG["agents"], "ana": ana}, prompts={**CONFIG["prompts"], **recorded})
    leg = ScriptedPhone(id="ana-star", peer="sip:ana@x", state=LegState.RINGING, called="*11")
    await serve_code(leg, "ana", rig.centre)
    assert rig.media.heard == [("ana-star", file)]
