"""Callers in flows who press anything and leave at any moment, lookups that fail: nothing is left behind."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from appliance.events import CallEnded
from appliance.flows.actions import Answer
from appliance.flows.answers import LookupFailed
from tests.appliance.calls.rig import Caller, Rig, answers_after
from tests.appliance.calls.steps import assert_all_free, replayed
from tests.appliance.calls.test_flow import SITE

CALLERS = 12


class Moody:
    """Lookups that answer, fail, or take their time."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    async def ask(self, name: str, facts: Any) -> Answer:
        await asyncio.sleep(self._chance.uniform(0, 3))
        if self._chance.random() < 0.5:
            raise LookupFailed("no answer")
        return Answer({"customer": "Ana"})


async def live(rig: Rig, caller: Caller, chance: random.Random) -> None:
    """One caller's life: keys at odd moments, then gone, or led to the end."""
    caller.call.secrets["secret.pin"] = "1234"
    await caller.presses("1", after=0.3)
    for _ in range(chance.randrange(12)):
        await asyncio.sleep(chance.choice([0, 0, 0.1, 1, 6]))
        caller.leg.heard(chance.choice("0123456789*#"))
    await asyncio.sleep(chance.uniform(0, 40))
    caller.leg.remote_hangs_up()


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_callers_do_in_flows_nothing_is_left_behind(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    rig = Rig(tmp_path, **SITE)
    rig.centre.outside.lookups = Moody(chance)  # type: ignore[assignment]
    rig.phones.behave = answers_after(chance.uniform(0.5, 5))
    if seed % 2:
        rig.acd.log_in("ana")
    callers = [rig.caller(f"+1212555{number:04}") for number in range(CALLERS)]
    await asyncio.gather(*(live(rig, caller, chance) for caller in callers))
    await asyncio.gather(*(caller.visit for caller in callers))
    await asyncio.sleep(30)
    assert_all_free(rig)
    for caller in callers:
        story = replayed(rig, caller.call.id)
        assert (story.outcome, story.facts) == (caller.call.story.outcome, caller.call.story.facts)
    assert len(rig.events(CallEnded)) == CALLERS
