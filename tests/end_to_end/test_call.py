"""A caller on an emulated modem, a real SIP phone, and the whole box between them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from drivers import wire
from tests.end_to_end.box import Box
from tests.end_to_end.sound import likeness, read, tone_dbm0
from tests.peers.baresip import Baresip, needs_baresip

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_baresip, pytest.mark.timeout(90)]

SPEECH = Path("/usr/share/asterisk/sounds/en_US_f_Allison/vm-intro.wav")
needs_speech = pytest.mark.skipif(
    not SPEECH.exists(), reason="packaged speech is missing: apt-get install asterisk-core-sounds-en-wav"
)


async def in_conversation(box: Box, phone: Baresip, **plan: Any) -> str:
    """A caller rings, chooses sales, is answered; the network's id of the call."""
    caller = await box.rings(**plan)
    await phone.event("CALL_INCOMING")
    await phone.command("accept")
    await box.until_stage("talking")
    return caller


async def test_caller_and_agent_hear_each_other_and_both_are_in_the_stereo_file(tmp_path: Path) -> None:
    heard_by_caller = tmp_path / "caller.wav"
    async with (
        Baresip(tmp_path / "ana", user="ana", say="sine:440") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, drift_ppm="150") as box,
    ):
        plan = {"tone_hz": 1000, "loop": True, "record": str(heard_by_caller)}
        caller = await in_conversation(box, phone, **plan)
        await asyncio.sleep(3)
        await box.hangs_up(caller)
        [row] = await box.until_over()
    [recording] = row["recordings"]
    stereo = read(Path(recording["path"]))
    levels = {
        "agent hears caller": tone_dbm0(phone.heard(), 1000),
        "caller hears agent": tone_dbm0(read(heard_by_caller)[:, 0], 440),
        "caller is left": tone_dbm0(stereo[:, 0], 1000),
        "agent is right": tone_dbm0(stereo[:, 1], 440),
    }
    leaks = (tone_dbm0(stereo[:, 0], 440), tone_dbm0(stereo[:, 1], 1000), tone_dbm0(phone.heard(), 440))
    assert min(levels.values()) > -25, levels
    assert max(leaks) < -60, leaks
    assert abs(recording["seconds"] - row["talk_ms"] / 1000) < 0.3
    assert recording["dropped_frames"] == 0


@pytest.mark.alone
@needs_speech
async def test_an_agent_hears_the_callers_own_words(tmp_path: Path) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana", say="sine:440") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, drift_ppm="-100") as box,
    ):
        caller = await in_conversation(box, phone, wav=str(SPEECH), loop=True)
        await asyncio.sleep(7)
        await box.hangs_up(caller)
        [row] = await box.until_over()
    words = read(SPEECH)[8000:24000, 0]
    assert likeness(words, phone.heard()) > 0.95
    assert likeness(words, read(Path(row["recordings"][0]["path"]))[:, 0]) > 0.95


async def test_times_are_kept_to_the_millisecond_and_hold_is_told(tmp_path: Path) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, wrap_up_seconds=1) as box,
    ):
        caller = await in_conversation(box, phone)
        await phone.command("hold")
        await asyncio.sleep(2)
        await phone.command("resume")
        await asyncio.sleep(1)
        await box.hangs_up(caller)
        [row] = await box.until_over()
    assert row["outcome"] == "answered"
    assert 1500 <= row["hold_ms"] <= 2500
    assert 900 <= row["wrap_up_ms"] <= 1200
    assert 500 <= row["talk_ms"] <= 4000


async def leaves_in_stage(box: Box, phone: Baresip, stage: str) -> str:
    """Bring a caller to a stage and hang up there; what the outcome must be."""
    if stage == "ringing":
        caller = await box.rings()
        await box.hangs_up(caller)
        return "menu"
    if stage == "waiting":
        await box.agent("ana", "pause", "lunch")
    caller = await box.rings(key="" if stage == "menu" else "1")
    if stage in ("menu", "waiting"):
        await box.until_stage(stage)
    else:
        await phone.event("CALL_INCOMING")
    if stage == "hand-over":
        await asyncio.gather(phone.command("accept"), box.hangs_up(caller))
        return "answered or abandoned"
    if stage in ("talking", "wrap-up"):
        await phone.command("accept")
        await box.until_stage("talking")
    if stage == "wrap-up":
        await phone.command("hangup")
    with_nobody = stage == "wrap-up"
    if not with_nobody:
        await box.hangs_up(caller)
    return {"menu": "menu", "waiting": "abandoned", "agent ringing": "abandoned"}.get(stage, "answered")


@pytest.mark.parametrize(
    "stage", ["ringing", "menu", "waiting", "agent ringing", "hand-over", "talking", "wrap-up"]
)
async def test_a_hang_up_at_any_moment_leaves_everything_free(tmp_path: Path, stage: str) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, wrap_up_seconds=1) as box,
    ):
        outcome = await leaves_in_stage(box, phone, stage)
        [row] = await box.until_over()
        if stage == "waiting":
            await box.agent("ana", "ready")
        status = await box.until_status(
            lambda status: status["agents"][0]["state"] == "ready" and status["lines"][0]["state"] == "idle"
        )
        assert row["outcome"] in outcome
        assert (status["calls"], status["queues"][0]["waiting"], status["breaches"]) == ([], 0, 0)
        caller = await in_conversation(box, phone)  # and the next one is served
        await box.hangs_up(caller)
        await box.until_over(2)


async def test_an_agent_who_does_not_answer_is_paused_and_the_caller_keeps_waiting(tmp_path: Path) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, ring_seconds=1) as box,
    ):
        caller = await box.rings()
        await phone.event("CALL_INCOMING")
        status = await box.until_status(lambda status: status["agents"][0]["state"] == "paused")
        assert status["agents"][0]["reason"] == "no answer"
        assert status["queues"][0]["waiting"] == 1
        await phone.event("CALL_CLOSED")
        await box.agent("ana", "ready")
        await phone.event("CALL_INCOMING")
        await phone.command("accept")
        await box.until_stage("talking")
        await box.hangs_up(caller)
        [row] = await box.until_over()
        assert row["offers"] == 2


async def test_an_agent_logs_in_and_pauses_by_star_codes(tmp_path: Path) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, ready=False) as box,
    ):
        for code, state, reason in (("*11", "ready", ""), ("*134", "paused", "other"), ("*14", "ready", "")):
            await phone.command("dial", f"sip:{code}@127.0.0.1:{box.sip_port}")
            status = await box.until_status(lambda status, s=state: status["agents"][0]["state"] == s)
            assert status["agents"][0]["reason"] == reason
            await phone.event("CALL_CLOSED")
        assert tone_dbm0(phone.heard(), 1000) < 0  # it was told something; what, the prompts' tests say
        assert abs(phone.heard()).max() > 1000


async def test_an_unplugged_modem_loses_its_call_alone_and_serves_again_when_back(tmp_path: Path) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, lines=2, wrap_up_seconds=1) as box,
    ):
        await in_conversation(box, phone)
        await box.rings("gsm-2", key="")
        await box.network.request("unplug", modem="gsm-1")
        status = await box.until_status(lambda status: status["lines"][0]["state"] == "fault")
        assert status["lines"][0]["reason"] != ""
        assert status["lines"][1]["state"] == "busy"
        await box.network.request("plug", modem="gsm-1")
        await box.until_status(lambda status: status["lines"][0]["state"] == "idle")
        await phone.event("CALL_CLOSED")
        caller = await in_conversation(box, phone)
        await box.hangs_up(caller)


async def test_a_line_that_is_reset_serves_again(tmp_path: Path) -> None:
    async with Box(tmp_path, phones={"ana": "sip:ana@127.0.0.1:9"}) as box:
        await box.request("line", line="gsm-1")
        await box.until_status(lambda status: status["lines"][0]["state"] == "idle")
        await box.rings(key="")
        await box.until_stage("menu")
        with pytest.raises(wire.WireError, match=r"no line 'gsm-7'\. Lines: gsm-1\."):
            await box.request("line", line="gsm-7")


async def test_a_request_that_makes_no_sense_is_refused_in_words(tmp_path: Path) -> None:
    async with Box(tmp_path, phones={"ana": "sip:ana@127.0.0.1:9"}) as box:
        with pytest.raises(wire.WireError, match="no agent 'anna'"):
            await box.agent("anna", "pause")
        with pytest.raises(wire.WireError, match="know no command 'fly'"):
            await box.agent("ana", "fly")
