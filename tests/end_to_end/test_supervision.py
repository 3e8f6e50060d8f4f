"""A supervisor and an agent who stays connected, on real phones, with a caller on an emulated modem."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.end_to_end.box import Box
from tests.end_to_end.sound import Samples, read, tone_dbm0
from tests.end_to_end.test_call import in_conversation
from tests.peers.baresip import Baresip, needs_baresip

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_baresip, pytest.mark.timeout(90)]

CALLER, AGENT, SUPERVISOR = 1000, 440, 1700  # Hz
HALF = 4000  # samples of half a second


def steady_dbm0(samples: Samples, hz: float) -> float:
    """Level of a tone throughout the last two and a half seconds, in which the supervisor whispers.

    The middle of five: a lost packet or a word of a prompt has some of every tone for a moment.
    """
    last = [samples[-HALF * (n + 1) : len(samples) - HALF * n] for n in range(5)]
    return sorted(tone_dbm0(half, hz) for half in last)[2]


async def test_want_14_a_supervisor_hears_both_whispers_and_is_never_on_the_callers_side(
    tmp_path: Path,
) -> None:
    heard_by_caller = tmp_path / "caller.wav"
    async with (
        Baresip(tmp_path / "ana", user="ana", say=f"sine:{AGENT}") as ana,
        Baresip(tmp_path / "sue", user="sue", say=f"sine:{SUPERVISOR}") as sue,
    ):
        box = Box(tmp_path, phones={"ana": ana.uri, "sue": sue.uri})
        text = box.config_file.read_text().replace('agents = ["ana", "sue"]', 'agents = ["ana"]')
        text = text.replace("[agents.sue]\n", '[agents.sue]\nrole = "supervisor"\n')
        box.config_file.write_text(text)
        async with box:
            plan = {"tone_hz": CALLER, "loop": True, "record": str(heard_by_caller)}
            caller = await in_conversation(box, ana, **plan)
            await box.request("supervise", whom="ana", act="listen", supervisor="sue")
            await sue.event("CALL_INCOMING")
            await sue.command("accept")
            await asyncio.sleep(1)
            old = box.kill("brain")
            await box.until_back("brain", old)
            told = await box.until_status(lambda status: status["supervisors"])
            assert (told["supervisors"][0]["mode"], told["supervisors"][0]["agent"]) == ("listen", "ana")
            await box.request("supervise", whom="ana", act="whisper", supervisor="sue")
            await asyncio.sleep(2)
            await sue.command("hangup")
            await box.until_status(lambda status: not status["supervisors"])
            await box.until_stage("talking")
            await box.hangs_up(caller)
            [row] = await box.until_over()
    stereo = read(Path(row["recordings"][0]["path"]))
    levels = {
        "supervisor hears caller": tone_dbm0(sue.heard(), CALLER),
        "supervisor hears agent": tone_dbm0(sue.heard(), AGENT),
        "agent hears supervisor": tone_dbm0(ana.heard(), SUPERVISOR),
        "caller hears agent": tone_dbm0(read(heard_by_caller)[:, 0], AGENT),
    }
    leaks = {
        "caller hears supervisor": steady_dbm0(read(heard_by_caller)[:, 0], SUPERVISOR),
        "left has supervisor": steady_dbm0(stereo[:, 0], SUPERVISOR),
        "right has supervisor": steady_dbm0(stereo[:, 1], SUPERVISOR),
    }
    assert min(levels.values()) > -25, levels
    assert max(leaks.values()) < -60, leaks
    assert row["outcome"] == "answered"


async def test_an_agent_who_stays_connected_has_caller_after_caller_at_once(tmp_path: Path) -> None:
    heard_by_caller = tmp_path / "caller.wav"
    async with (
        Baresip(tmp_path / "ana", user="ana", say=f"sine:{AGENT}") as ana,
        Box(tmp_path, phones={"ana": ana.uri}, ready=False, wrap_up_seconds=0) as box,
    ):
        await ana.command("dial", f"sip:*17@127.0.0.1:{box.sip_port}")
        await box.until_status(lambda status: status["agents"][0]["state"] == "ready")
        for number in (1, 2):
            caller = await box.rings(tone_hz=CALLER, loop=True, record=str(heard_by_caller))
            await box.until_stage("talking")  # nobody accepts anything
            await asyncio.sleep(1.5)
            await box.hangs_up(caller)
            await box.until_over(number)
        await ana.command("hangup")
        await box.until_status(lambda status: status["agents"][0]["state"] == "offline")
    assert tone_dbm0(read(heard_by_caller)[:, 0], AGENT) > -25
    assert tone_dbm0(ana.heard(), CALLER) > -25
