"""Ring-all: every phone rings for one caller, and one agent has the caller in the end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.events import CallConnected, OfferEnded, RecordingStarted
from drivers.port import EndCause, LegState
from tests.appliance.calls.rig import CONFIG, Rig, ScriptedPhone, answers_after, ends_after
from tests.appliance.calls.steps import all_over

QUEUES = {"sales": {**CONFIG["queues"]["sales"], "choice": "ring-all", "wrap_up_seconds": 0}}

Behaviour = Callable[[ScriptedPhone], None]


def each(**behaviour: Behaviour) -> Behaviour:
    """What the phone of each agent does."""

    def behave(leg: ScriptedPhone) -> None:
        behaviour[leg.peer.removeprefix("sip:")[:3]](leg)

    return behave


def silent(leg: ScriptedPhone) -> None:
    asyncio.get_running_loop().call_later(0.01, leg.moved, LegState.RINGING)


async def rig_with(tmp_path: Path, **behaviour: Behaviour) -> Rig:
    rig = Rig(tmp_path, queues=QUEUES)
    rig.phones.behave = each(**behaviour)
    for agent in behaviour:
        rig.acd.log_in(agent)
    return rig


def results(rig: Rig) -> list[tuple[str, str]]:
    return [(event.agent, event.result) for event in rig.events(OfferEnded)]


async def test_the_first_to_answer_has_the_caller_and_the_others_are_free_with_no_miss(
    tmp_path: Path,
) -> None:
    """Want 1, 12: all are held for the caller before any ring; nobody misses a call another took."""
    rig = await rig_with(tmp_path, ana=silent, ben=answers_after(2))
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(3)
    assert [(leg.peer, leg.state) for leg in rig.phones.rung] == [
        ("sip:ana@127.0.0.1:5071", LegState.ENDED),
        ("sip:ben@127.0.0.1:5072", LegState.UP),
    ]
    assert results(rig) == [("ana", "answered by another"), ("ben", "answered")]
    assert [event.agent for event in rig.events(CallConnected)] == ["ben"]
    (recording,) = rig.events(RecordingStarted)
    assert recording.agent == "ben", "want 9: one recording, of who answered"
    ana = rig.acd.agents["ana"]
    assert (ana.state.value, ana.misses, ana.ready_since) == ("ready", 0, 1000.0)  # when she logged in
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_who_answers_in_the_very_same_tick_is_hung_up(tmp_path: Path) -> None:
    rig = await rig_with(tmp_path, ana=answers_after(2), ben=answers_after(2))
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(3)
    assert [leg.state for leg in rig.phones.rung] == [LegState.UP, LegState.ENDED]
    assert [rig.acd.agents[name].state.value for name in ("ana", "ben")] == ["talking", "ready"]
    caller.leg.remote_hangs_up()
    await all_over(rig)


@pytest.mark.parametrize("last", [EndCause.BUSY, EndCause.NO_ANSWER])
async def test_when_nobody_answers_all_are_paused_and_the_caller_keeps_the_place(
    tmp_path: Path, last: EndCause
) -> None:
    rig = await rig_with(tmp_path, ana=ends_after(1, EndCause.REJECTED), ben=ends_after(2, last))
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(30)
    assert caller.stage == "waiting"
    assert [rig.acd.agents[name].state.value for name in ("ana", "ben")] == ["paused", "paused"]
    assert results(rig) == [("ana", "rejected"), ("ben", last.name.lower().replace("_", " "))]
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_one_who_declines_is_out_and_the_others_ring_on(tmp_path: Path) -> None:
    rig = await rig_with(tmp_path, ana=ends_after(1, EndCause.BUSY), ben=answers_after(4))
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(2)
    assert (caller.stage, rig.acd.agents["ana"].reason) == ("agent ringing", "busy")
    await asyncio.sleep(4)
    assert caller.stage == "talking"
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_phones_that_ring_too_long_are_misses(tmp_path: Path) -> None:
    rig = await rig_with(tmp_path, ana=silent, ben=silent)
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(30)
    assert results(rig) == [("ana", "no answer"), ("ben", "no answer")]
    assert all(leg.state is LegState.ENDED for leg in rig.phones.rung)
    caller.leg.remote_hangs_up()
    await all_over(rig)


@pytest.mark.parametrize("after", [0.005, 0.5, 1.999, 2.0, 2.001])
async def test_a_caller_who_hangs_up_leaves_no_phone_ringing(tmp_path: Path, after: float) -> None:
    rig = await rig_with(tmp_path, ana=silent, ben=answers_after(2))
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(after)
    caller.leg.remote_hangs_up()
    await all_over(rig)
    assert rig.acd.agents["ana"].state.value == "ready"


async def test_nobody_else_is_given_an_agent_who_rings_for_a_caller(tmp_path: Path) -> None:
    rig = await rig_with(tmp_path, ana=silent, ben=answers_after(5))
    first, second = rig.caller(), rig.caller("+15550199")
    await first.presses("1")
    await second.presses("1")
    await asyncio.sleep(1)
    assert (first.stage, second.stage, len(rig.phones.rung)) == ("agent ringing", "waiting", 2)
    await asyncio.sleep(6)
    assert (first.stage, second.stage) == (
        "talking",
        "agent ringing",
    )  # ana, free again, rings for the second
    first.leg.remote_hangs_up()
    second.leg.remote_hangs_up()
    await all_over(rig)


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_phones_and_callers_do_nobody_is_stuck(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)

    def behave(leg: ScriptedPhone) -> None:
        causes = (EndCause.BUSY, EndCause.REJECTED, EndCause.PORT_LOST)
        ends = ends_after(dice.choice((0, 1, 3)), dice.choice(causes))
        dice.choice((silent, ends, answers_after(dice.choice((0.01, 1, 2)))))(leg)

    queues = {"sales": {**QUEUES["sales"], "agents": ["ana", "ben", "eva"], "misses_before_pause": 2}}
    agents = {
        name: {**CONFIG["agents"]["ana"], "extension": f"3{at}"}
        for at, name in enumerate(("ana", "ben", "eva"))
    }
    rig = Rig(tmp_path, queues=queues, agents=agents)
    rig.phones.behave = behave
    callers = []
    for number in range(60):
        for agent in agents:
            if rig.acd.agents[agent].state.value in ("offline", "paused"):
                rig.acd.log_in(agent)
                rig.acd.resume(agent)
        callers.append(rig.caller(f"+155501{number:02}"))
        await callers[-1].presses("1")
        await asyncio.sleep(dice.choice((0, 1, 2, 5)))
        dice.choice(callers).leg.remote_hangs_up()
        for leg in rig.phones.rung:
            if leg.state is LegState.UP and dice.random() < 0.3:
                leg.remote_hangs_up()
    taken = [result for _, result in results(rig)].count("answered by another")
    for caller in callers:
        caller.leg.remote_hangs_up()
    await all_over(rig)
    assert taken > 0
