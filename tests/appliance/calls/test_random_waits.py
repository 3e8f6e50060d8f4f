"""Callers who press what comes to their minds, and call-backs, at random: nobody is lost, nothing leaks."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from appliance.calls.story import Stage
from appliance.events import CallArrived, CallEnded, Stamped
from drivers.port import EndCause, LegState
from drivers.virtual import answers, fails, never
from tests.appliance.calls.rig import Rig
from tests.appliance.calls.second_life import killed
from tests.appliance.calls.steps import assert_all_free, replayed
from tests.appliance.calls.test_random_calls import AGENTS, PERMISSIONS, Chaos
from tests.appliance.calls.test_waiting import site, spoken

NUMBERS = ("+491711234567", "+491721234567", "01731234567", "", "+4930111111")
KEYS = "0123#2221115"
RETRY = {"call_back_retry_seconds": 20, "call_back_attempts": 2, "call_back_hours": 0.1}


def changes() -> dict[str, Any]:
    keys = {"2": "call-back", "3": "queue:service", "5": "number:+4930123456", "0": "play:sorry"}
    waits = {"keys": keys, "tell_position": True, "tell_wait": True, "tell_seconds": 10, **RETRY}
    empty = {"empty_when": "all-paused", "empty": "queue:service", "max_callers": 4, "full": "play:sorry"}
    long = {"max_wait_seconds": 40, "overflow": "number:+4930123456"}
    service = {"agents": ["ben", "eva"], "ring_seconds": 8, "wrap_up_seconds": 0, "comfort": "comfort-1"}
    found = site(
        {"service": {**service, **waits, **long}}, **waits, **empty, ring_seconds=8, wrap_up_seconds=3
    )
    classes = [*PERMISSIONS["all"]["classes"], "mobile"]
    found["permissions"] = {"all": {**PERMISSIONS["all"], "classes": classes}}
    return {**found, "agents": AGENTS}


class Waits(Chaos):
    """People who wait, and agents who come and go."""

    pauses = (0, 0.01, 0.5, 1, 3)

    def __init__(self, tmp_path: Path, seed: int) -> None:
        spoken(tmp_path, "call-back-offer", "call-back-number", "call-back-right", "call-back-taken")
        self.changes = changes()
        self.rig = Rig(tmp_path, **self.changes)
        self.pick = random.Random(seed)
        self.callers = []
        self.rig.phones.behave = self._behaves

    def one_more(self) -> None:
        often = (self._press, self._press, self._press, self._caller, self._state, self._line, self._hang_up)
        rare = (self._cancel, self._command)
        self.pick.choice((*often, *often, *rare))()

    def _caller(self) -> None:
        if sum(not caller.visit.done() for caller in self.callers) < 6:
            caller = self.rig.caller(self.pick.choice(NUMBERS))
            self.callers.append(caller)
            for seconds, key in enumerate("121" if self.pick.random() < 0.5 else "1", 1):
                asyncio.get_running_loop().call_later(seconds, caller.leg.heard, key)

    def _press(self) -> None:
        there = [caller.leg for caller in self.callers if caller.leg.state is LegState.UP]
        if there:
            self.pick.choice(there).heard(self.pick.choice(KEYS))

    def _cancel(self) -> None:
        for cancel in list(self.rig.centre.call_backs.values())[:1]:
            cancel("not wanted")

    def _line(self) -> None:
        line = self.rig.lines[self.pick.choice(["out-1", "out-2"])]
        line.script = self.pick.choice([answers(0.5), answers(3), never(), fails()])
        if line.leg is not None and self.pick.random() < 0.3:
            line.leg.moved(LegState.ENDED, EndCause.REMOTE)


def assert_one_outcome_each(stamped: list[Stamped]) -> None:
    ends = Counter(each.event.call_id for each in stamped if isinstance(each.event, CallEnded))
    assert ends == Counter(each.event.call_id for each in stamped if isinstance(each.event, CallArrived))


@pytest.mark.parametrize("seed", range(15))
async def test_want_4_and_5_whatever_callers_press_nobody_is_lost(tmp_path: Path, seed: int) -> None:
    chaos = Waits(tmp_path, seed)
    rig = await chaos.rig.opened()
    for _ in range(200):
        chaos.one_more()
        await asyncio.sleep(chaos.pick.choice(chaos.pauses))
    for _ in range(30):  # everybody goes home; call-backs expire
        for leg in (*(caller.leg for caller in chaos.callers), *rig.phones.rung):
            if leg.state is not LegState.ENDED:
                leg.remote_hangs_up()
        await asyncio.sleep(30)
    for line in rig.lines.values():
        if line.leg is not None:
            line.leg.moved(LegState.ENDED, EndCause.REMOTE)
    await asyncio.sleep(60)
    assert_all_free(rig)
    for call_id in {event.call_id for event in rig.events(CallArrived)}:
        assert replayed(rig, call_id).stage is Stage.ENDED


@pytest.mark.parametrize("seed", range(15))
async def test_want_5_open_call_backs_are_those_after_a_kill(tmp_path: Path, seed: int) -> None:
    chaos = Waits(tmp_path, seed)
    rig = await chaos.rig.opened()
    for _ in range(60 + chaos.pick.randrange(60)):
        chaos.one_more()
        await asyncio.sleep(chaos.pick.choice(chaos.pauses))
    was_open = {call_id: rig.centre.calls[call_id].story.place for call_id in rig.centre.call_backs}
    life = await killed(tmp_path, rig, *(caller.leg for caller in chaos.callers), **chaos.changes)
    life.rig.phones.behave = lambda leg: None
    async with life.running() as second:
        found = {call_id: second.centre.calls[call_id].story.place for call_id in second.centre.call_backs}
        gone = {each.event.call_id for each in second.stamped if isinstance(each.event, CallEnded)}
        assert {call_id: place for call_id, place in was_open.items() if call_id not in gone} == found
        for cancel in list(second.centre.call_backs.values()):
            cancel("the test is over")
        for leg in (*life.callers, *life.legs.values()):
            if leg.state is not LegState.ENDED:
                leg.remote_hangs_up()
        await asyncio.sleep(100)
        for leg in second.phones.rung:
            leg.remote_hangs_up()
        for line in life.lines.values():
            if line.leg is not None:
                line.leg.moved(LegState.ENDED, EndCause.REMOTE)
        await asyncio.sleep(100)
        assert second.centre.calls == {}
    assert_one_outcome_each([*life.stamped, *second.stamped])
