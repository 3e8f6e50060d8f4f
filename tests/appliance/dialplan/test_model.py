"""Days of made-up use against a plain model: no cap is ever passed, and every replay knows the same."""

from __future__ import annotations

import math
import random
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from appliance.dialplan.ledger import BOX, Ledger
from appliance.dialplan.outgoing import OutgoingCall
from appliance.dialplan.permit import DialRefused
from appliance.outbound_events import OutboundAllowed, OutboundEnded, OutboundLocked, OutboundUnlocked
from appliance.store.outbound_reads import outbound_events
from tests.appliance.dialplan.rig import ABROAD, DEAR, INLAND, MOBILE, Box, permission, site

AGENTS = ("ana", "ben", "eve")
DIALLED = (INLAND, INLAND, MOBILE, MOBILE, ABROAD, ABROAD, "0800123456", DEAR, "rubbish", "999")
CONFIG = site(
    permissions=permission(calls_a_minute=3, calls_a_day=12, refused_a_day=5, longest_minutes=10),
    outbound={"calls_a_minute": 4, "spend_a_day": 5.0, "spend_a_month": 12.0},
)
CAPS = {"calls a minute": 3, "calls a day": 12, "spend a day": 3.0}
BOX_CAPS = {"calls a minute": 4, "spend a day": 5.0, "spend a month": 12.0}


@dataclass
class Held:
    """A call that the model holds up, until it has to end or somebody hangs up."""

    call: OutgoingCall
    context: AbstractContextManager[OutgoingCall]


@dataclass
class Play:
    """One run: the box, what is up, and every event of all its lives."""

    box: Box
    chance: random.Random
    held: list[Held] = field(default_factory=list)
    stamped: list[Any] = field(default_factory=list)

    def step(self) -> None:
        act = self.chance.choices(
            (self.dial, self.hang_up, self.wait, self.unlock, self.power_cut), (50, 25, 30, 4, 2)
        )[0]
        act()
        self.check()

    def dial(self) -> None:
        agent, dialled = self.chance.choice(AGENTS), self.chance.choice(DIALLED)
        try:
            permit = self.box.ask(dialled, agent, call_id=f"c{len(self.box.stamped)}")
            context = self.box.guard.call(permit)
            call = context.__enter__()
        except DialRefused:
            assert dialled != "999"
            return
        assert permit.emergency == (dialled == "999")
        if self.chance.random() < 0.7:
            call.answered(permit.lines[0])
        self.held.append(Held(call, context))

    def hang_up(self) -> None:
        if self.held:
            self.held.pop(self.chance.randrange(len(self.held))).context.__exit__(None, None, None)

    def wait(self) -> None:
        """Second by second what `must_end` would say is obeyed."""
        for _ in range(self.chance.choice((1, 5, 20, 90))):
            self.box.passes(1.0)
            for held in list(self.held):
                if not held.call.permit.emergency and held.call.seconds and held.call._why_over():
                    self.held.remove(held)
                    held.context.__exit__(None, None, None)
        if not self.held and self.chance.random() < 0.2:
            self.box.passes(self.chance.choice((3600.0, 20_000.0)))

    def unlock(self) -> None:
        for agent in self.box.guard.locked():
            self.box.guard.unlock(agent, by="model")

    def power_cut(self) -> None:
        """Some calls outlive it, some do not."""
        alive = [held.call.permit.call_id for held in self.held if self.chance.random() < 0.5]
        self.stamped += self.box.stamped
        self.box = self.box.again(*alive, after_s=self.chance.choice((0.0, 2.0)))
        self.held = []
        for call_id in alive:
            for permit in self.box.guard.resume(call_id):
                context = self.box.guard.call(permit)
                self.held.append(Held(context.__enter__(), context))
        self.box.guard.settle()

    def check(self) -> None:
        for agent in AGENTS:
            used = self.box.used(agent)
            assert all(used[cap] <= most + 1e-6 for cap, most in CAPS.items() if agent != "eve"), used
        used = self.box.used(BOX)
        assert all(used[cap] <= most + 1e-6 for cap, most in BOX_CAPS.items()), used


def spent(stamped: list[Any], agent: str) -> float:
    """The model's own sum: what was spent today since the last unlocking of that cap."""
    total, today = 0.0, None
    for each in stamped:
        day = datetime.fromtimestamp(each.wall_s).date()
        if today is None or day > today:
            total, today = 0.0, day
        event = each.event
        if isinstance(event, OutboundEnded) and agent in (BOX, event.agent):
            total += event.cost
        if isinstance(event, OutboundUnlocked) and (event.agent, event.cap) == (agent, "spend a day"):
            total = 0.0
    return total


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_no_cap_is_passed_and_every_life_knows_what_the_one_before_knew(tmp_path: Path, seed: int) -> None:
    play = Play(Box(tmp_path / "callbox.db", CONFIG), random.Random(seed))
    for _ in range(400):
        play.step()
    while play.held:
        play.hang_up()
    everything = [*play.stamped, *play.box.stamped]
    kinds = {type(each.event) for each in everything}
    assert {OutboundAllowed, OutboundLocked, OutboundUnlocked, OutboundEnded} <= kinds
    for event in (each.event for each in everything if isinstance(each.event, OutboundEnded)):
        assert event.cost == 0 or event.seconds > 0
    now_ms = round(play.box.wall_s * 1000)
    last_day = datetime.fromtimestamp(everything[-1].wall_s).date()
    play.box.ledger.commit()
    replayed = Ledger()
    for stamped in outbound_events(play.box.ledger.path, 0.0):
        replayed.apply(stamped)
    for agent in (*AGENTS, BOX):
        tally = play.box.guard.tally(agent)
        assert replayed.tally(agent, now_ms) == tally
        if last_day == datetime.fromtimestamp(play.box.wall_s).date():
            today = {use.cap.value: use.used for use in play.box.guard.uses(agent)}["spend a day"]
            assert math.isclose(today, spent(everything, agent), abs_tol=1e-6)
