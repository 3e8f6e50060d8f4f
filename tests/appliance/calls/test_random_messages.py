"""Callers, keys, hang-ups, emergencies and killed brains in any order: no message is lost or left twice."""

from __future__ import annotations

import asyncio
import contextlib
import random
from pathlib import Path
from typing import Any

import pytest

from appliance.calls.emergency import EmergencyRefused, switch_off, switch_on
from appliance.events import CallArrived, CallEnded, Stamped
from appliance.voicemail_events import MessageBegun, MessageDropped, MessageLeft
from drivers.port import LegState
from tests.appliance.calls.rig import Rig, answers_after
from tests.appliance.calls.second_life import SecondLife, killed
from tests.appliance.calls.test_voicemail import at_once, settings

LIVES = 3
STEPS = 25


def centre(seed: int, **box: Any) -> dict[str, Any]:
    """Prompts, menu, queue and mailbox of the voicemail's tests, and an emergency of some kind."""
    waiting = ("move", "tell", "leave")[seed % 3]
    emergency = {"to": ("play:music", "voicemail:office", "queue:sales")[seed // 3 % 3], "waiting": waiting}
    return {**settings(least_seconds=0.5, **box), "emergency": {**emergency, "announcement": "welcome"}}


def prepare(rig: Rig, tmp_path: Path) -> None:
    rig.centre.aside = at_once
    rig.centre.mailboxes.folder = tmp_path / "voicemail"
    rig.phones.behave = answers_after(3)


async def lives_on(rig: Rig, dice: random.Random, legs: list[Any]) -> None:
    """Things happen; `legs` are the callers', and grow."""
    for _ in range(STEPS):
        await asyncio.sleep(dice.uniform(0, 4))
        up = [leg for leg in legs if leg.state is LegState.UP]
        match dice.randrange(8):
            case 0 | 1 if len(up) < 4:
                legs.append(rig.caller(f"+4930{len(legs):05}").leg)
            case 2 | 3 | 4 if up:
                dice.choice(up).heard(dice.choice("123559*#"))
            case 5 if up:
                dice.choice(up).remote_hangs_up()
            case 6:
                switch = dice.choice([switch_on, switch_off])
                with contextlib.suppress(EmergencyRefused):
                    switch(rig.centre, by="ana")
            case 7:
                agent = rig.acd.agents["ana"]
                if agent.state.value == "offline":
                    rig.acd.log_in("ana")


def told(journal: list[Stamped], kind: type) -> list[Any]:
    return [stamped.event for stamped in journal if isinstance(stamped.event, kind)]


@pytest.mark.parametrize("seed", range(12))
async def test_every_message_that_is_begun_has_one_end_and_every_call_one_outcome(
    seed: int, tmp_path: Path
) -> None:
    dice = random.Random(seed)
    rig = Rig(tmp_path, **centre(seed))
    prepare(rig, tmp_path)
    legs: list[Any] = []
    await lives_on(rig, dice, legs)
    journal = list(rig.stamped)
    for _ in range(LIVES):
        alive = [leg for leg in legs if leg.state is not LegState.ENDED][:1]  # the line carries one
        life: SecondLife = await killed(tmp_path, rig, *alive, **centre(seed))
        rig = life.rig
        prepare(rig, tmp_path)
        for stamped in journal:
            rig.centre.emergencies.apply(stamped)
            rig.centre.mailboxes.apply(stamped)
        async with life.running():
            legs = list(life.callers)
            await lives_on(rig, dice, legs)
            for leg in legs:
                leg.remote_hangs_up()
            await asyncio.sleep(60)
        journal += rig.stamped
        rig.stamped[:] = journal
    begun = sorted(event.message for event in told(journal, MessageBegun))
    ends = [*told(journal, MessageLeft), *told(journal, MessageDropped)]
    assert begun == sorted(event.message for event in ends)
    arrived = sorted(event.call_id for event in told(journal, CallArrived))
    assert arrived == sorted(event.call_id for event in told(journal, CallEnded))
    assert rig.centre.calls == {}
