"""Any process may be killed with -9; the others, and the calls, go on."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from appliance.events import AgentRinging
from appliance.store.read import calls, open_calls
from tests.end_to_end.box import Box
from tests.end_to_end.sound import Samples, read, tone_dbm0
from tests.end_to_end.test_call import in_conversation
from tests.peers.baresip import Baresip, needs_baresip

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.alone,
    pytest.mark.slow,
    needs_baresip,
    pytest.mark.timeout(90),
]


def longest_gap_s(samples: Samples, hz: float) -> float:
    """The longest silence in a tone once it has been heard for half a second, in steps of 20 ms."""
    parts = samples[: len(samples) // 160 * 160].reshape(-1, 160).astype(float)
    phase = np.exp(-2j * np.pi * hz / 8000 * np.arange(160))
    there = np.abs(parts @ phase) / 80 > 500
    steady = np.flatnonzero(np.convolve(there, np.ones(25), "valid") == 25)
    if not len(steady):
        return float("inf")
    at = np.flatnonzero(there[steady[0] :])
    return 0.02 * float(np.max(np.diff(at), initial=1) - 1)


async def brain_back(box: Box, old: int) -> float:
    """Seconds until a new brain answers."""
    began = time.monotonic()
    await box.until_back("brain", old)
    await box.until_status(lambda status: True)
    return time.monotonic() - began


async def test_the_brain_dies_while_two_talk_and_they_never_stop_hearing_each_other(tmp_path: Path) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana", say="sine:440") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, wrap_up_seconds=1) as box,
    ):
        plan = {"tone_hz": 1000, "loop": True, "record": str(tmp_path / "caller.wav")}
        caller = await in_conversation(box, phone, **plan)
        await asyncio.sleep(1)
        seconds = await brain_back(box, box.kill("brain"))
        call = await box.until_stage("talking")
        await asyncio.sleep(1)
        await box.hangs_up(caller)
        [row] = await box.until_over()
    assert seconds <= 2.0
    assert call["agent"] == "ana"
    assert row["outcome"] == "answered"
    assert row["talk_ms"] > 2000
    assert len(row["recordings"]) == 1
    stereo = read(Path(row["recordings"][0]["path"]))
    assert longest_gap_s(phone.heard(), 1000) <= 0.1
    assert longest_gap_s(read(tmp_path / "caller.wav")[:, 0], 440) <= 0.1
    assert longest_gap_s(stereo[:, 0], 1000) <= 0.1


async def test_the_brain_dies_while_callers_wait_and_they_keep_place_and_music(tmp_path: Path) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, lines=3, ready=False, wrap_up_seconds=0) as box,
    ):
        for line in ("gsm-2", "gsm-3", "gsm-1"):
            await box.rings(line, record=str(tmp_path / f"{line}.wav"))
            await box.until_status(lambda s, n=line: any(c["line"] == n and c["queue"] for c in s["calls"]))
        before = [row.call_id for row in reversed(calls(box.database))]
        await asyncio.sleep(1)
        assert await brain_back(box, box.kill("brain")) <= 2.0
        await box.until_status(lambda status: status["queues"][0]["waiting"] == 3)
        await asyncio.sleep(0.5)
        await box.agent("ana", "login")
        order = []
        for _ in range(3):
            await phone.event("CALL_INCOMING")
            await phone.command("accept")
            order.append((await box.until_stage("talking"))["call"])
            await phone.command("hangup")
            await phone.event("CALL_CLOSED")
        rows = await box.until_over(3)
    assert order == before
    assert [row["outcome"] for row in rows] == ["answered"] * 3
    music = read(tmp_path / "gsm-2.wav")[:, 0]
    loud = np.abs(music[: len(music) // 800 * 800].reshape(-1, 800)).max(axis=1) > 100
    waiting = loud[30:-10]  # after the menu, before the talk
    assert waiting.mean() > 0.95


async def test_the_brain_dies_while_a_caller_is_in_the_menu_and_asks_again(tmp_path: Path) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana") as phone,
        Box(tmp_path, phones={"ana": phone.uri}) as box,
    ):
        caller = await box.rings(key="")
        await box.until_stage("menu")
        assert await brain_back(box, box.kill("brain")) <= 2.0
        await box.until_stage("menu")
        await box.network.request("digits", call=caller, digits="1")
        await phone.event("CALL_INCOMING")
        await box.hangs_up(caller)
        [row] = await box.until_over()
    assert row["outcome"] == "abandoned"


async def test_a_caller_who_leaves_while_there_is_no_brain_has_a_proper_row(tmp_path: Path) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, wrap_up_seconds=1) as box,
    ):
        caller = await in_conversation(box, phone)
        box.kill("brain")
        await box.hangs_up(caller)
        await phone.event("CALL_CLOSED")
        [row] = await box.until_over()
        await box.until_status(lambda status: status["agents"][0]["state"] == "ready")
        await box.until(lambda: calls(box.database)[0].recordings[0]["seconds"] is not None)
        [row] = await box.until_over()
    assert (row["outcome"], row["ended_by"]) == ("answered", "caller")
    [recording] = row["recordings"]
    assert len(read(Path(recording["path"]))) / 8000 == pytest.approx(recording["seconds"], abs=0.01)


async def test_the_engine_dies_and_audio_is_back_within_a_second(tmp_path: Path) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana", say="sine:440") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, wrap_up_seconds=1) as box,
    ):
        plan = {"tone_hz": 1000, "loop": True, "record": str(tmp_path / "caller.wav")}
        caller = await in_conversation(box, phone, **plan)
        await asyncio.sleep(1.5)
        old = box.kill("media")
        await box.until_back("media", old)
        await asyncio.sleep(2.5)
        await box.hangs_up(caller)
        [row] = await box.until_over()
    assert longest_gap_s(phone.heard(), 1000) <= 1.0
    assert longest_gap_s(read(tmp_path / "caller.wav")[:, 0], 440) <= 1.0
    assert row["outcome"] == "answered"
    files = [read(Path(recording["path"])) for recording in row["recordings"]]
    assert len(files) == 2
    assert all(tone_dbm0(stereo[:, 0], 1000) > -25 for stereo in files)
    assert len(files[0]) > 0.5 * 8000  # playable up to the last second


async def test_a_worker_dies_and_its_caller_goes_back_to_the_head_and_is_served(tmp_path: Path) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, wrap_up_seconds=1) as box,
    ):
        caller = await in_conversation(box, phone)
        old = box.kill("sip-0")
        await phone.event("CALL_CLOSED", seconds=2)  # told in the dead worker's place
        await box.until_back("sip-0", old)
        await phone.event("CALL_INCOMING", seconds=15)
        await phone.command("accept")
        status: dict[str, Any] = await box.until_status(
            lambda status: any(call["stage"] == "talking" for call in status["calls"])
        )
        assert status["breaches"] == 0
        await box.hangs_up(caller)
        [row] = await box.until_over()
    assert row["outcome"] == "answered"
    assert row["offers"] == 2


async def test_a_worker_dies_while_a_phone_rings_and_the_phone_rings_no_more_until_it_is_rung_again(
    tmp_path: Path,
) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, workers=2, wrap_up_seconds=1) as box,
    ):
        caller = await box.rings()
        await phone.event("CALL_INCOMING")
        await box.until(
            lambda: AgentRinging in [type(s.event) for _, told in open_calls(box.database) for s in told]
        )
        status = await box.status()
        [worker] = [row["worker"] for row in status["sip"]["workers"] if row["legs"]]
        box.kill(worker)
        await phone.event("CALL_CLOSED", seconds=2)
        await phone.event("CALL_INCOMING", seconds=5)
        await phone.command("accept")
        await box.until_stage("talking")
        await box.hangs_up(caller)
        [row] = await box.until_over()
    assert (row["outcome"], row["offers"]) == ("answered", 2)
