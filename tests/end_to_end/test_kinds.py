"""One call on a line of every kind, through the whole box: keys, queue, both voices, both ways to end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.end_to_end.box import Box
from tests.end_to_end.sound import likeness, read
from tests.end_to_end.test_call import SPEECH, in_conversation, needs_speech
from tests.end_to_end.test_deaths import brain_back, longest_gap_s
from tests.peers.baresip import Baresip, needs_baresip

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_baresip, needs_speech, pytest.mark.timeout(90)]

ANSWER = SPEECH.with_name("demo-instruct.wav")
ALIKE = 0.95
ALIKE_ON_COPPER = 0.8  # both talk all the time: the canceller learns an echo of 12 dB under double talk
WORDS = slice(8000, 24000)  # samples
RTP_SLACK = 400  # samples, two frames and a half
ENDS_WITHIN = 12.0  # s: three bursts of busy tone, two seconds in which it may stop, an idle line


@pytest.mark.alone
@pytest.mark.parametrize(
    ("kind", "far_end"),
    [
        ("sim7600", ""),
        ("huawei", ""),
        ("quectel", ""),
        ("cx93001", "busy tone"),
        ("cx93001", "loop break"),
        ("usr5637", "busy tone"),
        ("usr5637", "loop break"),
    ],
)
async def test_a_caller_presses_a_key_is_queued_and_talks_until_he_hangs_up(
    tmp_path: Path, kind: str, far_end: str
) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana", say=str(ANSWER)) as phone,
        Box(tmp_path, phones={"ana": phone.uri}, kinds=[kind], wrap_up_seconds=1, drift_ppm="80") as box,
    ):
        [line] = box.lines
        if far_end:
            await box.network.request("set", modem=line, far_end=far_end)
        by_caller = tmp_path / "caller.wav"
        caller = await in_conversation(box, phone, wav=str(SPEECH), loop=True, record=str(by_caller))
        await asyncio.sleep(7)
        await box.hangs_up(caller)
        status = await box.until_status(
            lambda status: status["lines"][0]["state"] == "idle" and status["calls"] == [], ENDS_WITHIN
        )
        [row] = await box.until_over()
    assert (row["outcome"], row["ended_by"], row["queue"]) == ("answered", "caller", "sales")
    assert status["breaches"] == 0
    stereo = read(Path(row["recordings"][0]["path"]))
    callers, agents = read(SPEECH)[WORDS, 0], read(ANSWER)[WORDS, 0]
    likenesses = {
        "agent hears caller": likeness(callers, phone.heard()),
        "caller is left": likeness(callers, stereo[:, 0]),
        "caller hears agent": likeness(agents, read(by_caller)[:, 0], RTP_SLACK),
        "agent is right": likeness(agents, stereo[:, 1], RTP_SLACK),
    }
    assert min(likenesses.values()) > (ALIKE_ON_COPPER if far_end else ALIKE), likenesses


@pytest.mark.alone
async def test_the_brain_dies_in_a_conversation_on_an_analogue_line_and_it_ends_properly(
    tmp_path: Path,
) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana", say="sine:1330") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, kinds=["cx93001"], wrap_up_seconds=1) as box,
    ):
        caller = await in_conversation(box, phone, tone_hz=1000, loop=True)
        await asyncio.sleep(1)
        assert await brain_back(box, box.kill("brain")) <= 2.0
        call = await box.until_stage("talking")
        await asyncio.sleep(1)
        await box.hangs_up(caller)
        await box.until_status(lambda status: status["lines"][0]["state"] == "idle", ENDS_WITHIN)
        [row] = await box.until_over()
        await in_conversation(box, phone)  # and the next one is served
    assert call["agent"] == "ana"
    assert (row["outcome"], row["ended_by"]) == ("answered", "caller")
    assert longest_gap_s(phone.heard(), 1000) <= 0.1


async def test_a_caller_leaves_an_analogue_line_while_there_is_no_brain_and_it_is_noticed(
    tmp_path: Path,
) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, kinds=["cx93001"], wrap_up_seconds=1) as box,
    ):
        await box.network.request("set", modem="fxo-1", far_end="loop break")
        caller = await in_conversation(box, phone, tone_hz=1000, loop=True)
        await asyncio.sleep(2.5)  # a loop break right after the line was taken is the line's own
        box.kill("brain")
        await box.hangs_up(caller)
        await box.until_status(lambda status: status["lines"][0]["state"] == "idle", ENDS_WITHIN)
        [row] = await box.until_over()
    assert (row["outcome"], row["ended_by"]) == ("answered", "caller")


async def test_a_caller_leaves_an_analogue_line_while_there_is_no_engine_and_it_is_noticed(
    tmp_path: Path,
) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, kinds=["cx93001"], wrap_up_seconds=1) as box,
    ):
        await box.network.request("set", modem="fxo-1", far_end="loop break")
        caller = await in_conversation(box, phone, tone_hz=1000, loop=True)
        await asyncio.sleep(2.5)
        box.kill("media")
        await box.hangs_up(caller)
        await box.until_status(lambda status: status["lines"][0]["state"] == "idle", ENDS_WITHIN)
        [row] = await box.until_over()
    assert (row["outcome"], row["ended_by"]) == ("answered", "caller")


@pytest.mark.alone
async def test_the_engine_dies_in_a_conversation_on_an_analogue_line_and_it_goes_on(tmp_path: Path) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana", say="sine:1330") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, kinds=["usr5637"], wrap_up_seconds=1) as box,
    ):
        caller = await in_conversation(box, phone, tone_hz=1000, loop=True)
        await asyncio.sleep(1.5)
        await box.until_back("media", box.kill("media"))
        await asyncio.sleep(2.5)
        assert (await box.until_stage("talking"))["agent"] == "ana"
        await box.hangs_up(caller)
        await box.until_status(lambda status: status["lines"][0]["state"] == "idle", ENDS_WITHIN)
        [row] = await box.until_over()
    assert (row["outcome"], row["ended_by"]) == ("answered", "caller")
    assert longest_gap_s(phone.heard(), 1000) <= 1.0
