"""A4, want 14: a supervisor listens, whispers, barges in, takes over; the call goes on whatever follows."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from appliance.acd.agent import AgentRefused, AgentState
from appliance.agent_events import (
    CallAttended,
    CallTakenOver,
    CallUnattended,
    SupervisionChanged,
    SupervisionEnded,
    SupervisionStarted,
)
from appliance.calls.agent_phone import serve_code
from appliance.calls.supervise import Supervisors
from drivers.port import LegState
from tests.appliance.calls.rig import CONFIG, Caller, Rig, ScriptedPhone, answers_after
from tests.appliance.calls.second_life import killed
from tests.appliance.calls.steps import (
    SOON,
    all_over,
    both_ways,
    consulting,
    outside,
    replayed,
    talking,
    talks_ended,
)

AGENTS = {
    **CONFIG["agents"],  # type: ignore[dict-item]
    "sue": {"phone": "sip:sue@127.0.0.1:5079", "extension": "29", "role": "supervisor"},
}


def supervised(tmp_path: Path, **changes: Any) -> Rig:
    return Rig(tmp_path, **{"agents": AGENTS, **changes})


async def attends(rig: Rig, code: str, supervisor: str = "sue") -> ScriptedPhone:
    """A phone dials a supervisor's code."""
    name = f"{supervisor}-calls-{len(rig.phones.calling)}"
    leg = ScriptedPhone(id=name, peer=f"sip:{supervisor}@x", state=LegState.RINGING, called=code)
    rig.phones.calling.append(leg)
    rig.visits.append(asyncio.create_task(serve_code(leg, supervisor, rig.centre)))
    await asyncio.sleep(SOON)
    return leg


def ports(caller: Caller, phone: ScriptedPhone) -> tuple[str, str]:
    return caller.call.caller.port, port(phone)


def port(leg: ScriptedPhone) -> str:
    return leg.id


def of(rig: Rig, sup: ScriptedPhone) -> tuple[set[str], set[str]]:
    """Whom the supervisor hears, and who hears the supervisor."""
    edges = rig.media.hearing()
    return {one for one, other in edges if other == port(sup)}, {o for one, o in edges if one == port(sup)}


async def test_listening_is_heard_by_nobody_and_journalled(tmp_path: Path) -> None:
    rig = supervised(tmp_path)
    caller, phone = await talking(rig)
    sup = await attends(rig, "*421")
    assert of(rig, sup) == (set(ports(caller, phone)), set())
    attended = rig.events(CallAttended)[0]
    assert (attended.call_id, attended.supervisor, attended.agent, attended.mode) == (
        caller.call.id,
        "sue",
        "ana",
        "listen",
    )
    sup.remote_hangs_up()
    await asyncio.sleep(SOON)
    assert caller.stage == "talking"
    assert rig.media.hearing() == both_ways(*ports(caller, phone))
    assert len(rig.events(CallUnattended)) == 1
    assert rig.events(SupervisionEnded)[0].why == "hung up"
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_keys_go_from_listening_to_whispering_to_barging_in_and_back(tmp_path: Path) -> None:
    rig = supervised(tmp_path)
    caller, phone = await talking(rig)
    sup = await attends(rig, "*521")
    everybody = set(ports(caller, phone))
    seen, recorded = [of(rig, sup)], []
    for key in "6451":
        sup.heard(key)
        await asyncio.sleep(SOON)
        seen.append(of(rig, sup))
        recorded.append(len(rig.media.recording_ids()))
    whisper, barge, listen = (everybody, {port(phone)}), (everybody, everybody), (everybody, set())
    assert seen == [whisper, barge, listen, whisper, whisper]
    assert [event.mode for event in rig.events(SupervisionChanged)] == ["barge", "listen", "whisper"]
    assert recorded == [2, 1, 1, 1]  # whoever is heard by all is recorded, beside the two
    assert phone.sent == ""  # keys of a supervisor are nobody else's
    sup.remote_hangs_up()
    caller.leg.remote_hangs_up()
    await all_over(rig)


@pytest.mark.parametrize("by_phone", [True, False])
async def test_taking_over_leaves_the_agent_and_goes_on_with_caller_and_call(
    tmp_path: Path, by_phone: bool
) -> None:
    rig = supervised(tmp_path)
    caller, phone = await talking(rig)
    sup = await attends(rig, "*421")
    if by_phone:
        sup.heard("7")
    else:
        Supervisors(rig.centre).supervise("ana", "takeover", "sue")
    await asyncio.sleep(SOON)
    assert rig.media.hearing() == both_ways(caller.call.caller.port, port(sup))
    assert rig.acd.agents["ana"].state is AgentState.WRAP_UP
    assert phone.state is LegState.ENDED
    assert caller.stage == "talking"
    assert rig.media.recording_ids() == [caller.call.id]
    assert rig.centre.supervisions.by_name == {}
    assert (talks_ended(rig), len(rig.events(CallTakenOver))) == (["supervisor"], 1)
    assert replayed(rig, caller.call.id) == caller.call.story
    assert caller.call.story.agent == "sue"
    sup.heard("5")  # a key for the caller now
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "answered"
    await all_over(rig)


async def test_a_supervisor_stays_with_the_agent_from_call_to_call(tmp_path: Path) -> None:
    rig = supervised(tmp_path)
    rig.acd.log_in("ana")
    sup = await attends(rig, "*421")
    assert of(rig, sup) == (set(), set())
    for _ in range(2):
        caller, phone = await talking(rig)
        assert of(rig, sup) == (set(ports(caller, phone)), set())
        caller.leg.remote_hangs_up()
        await caller.gone()
        await asyncio.sleep(12)
        assert rig.media.hearing() == set()
    assert len(rig.events(CallAttended)) == 2
    assert len(rig.events(SupervisionStarted)) == 1
    sup.remote_hangs_up()
    await all_over(rig)


async def test_who_supervises_a_call_stays_with_it_when_it_is_transferred(tmp_path: Path) -> None:
    rig = supervised(tmp_path)
    caller, phone = await talking(rig)
    Supervisors(rig.centre).supervise(caller.call.id, "listen", "sue")
    await asyncio.sleep(2)
    sup = rig.phones.rung[-1]
    assert of(rig, sup) == (set(ports(caller, phone)), set())
    rig.desk.transfer("ana", "22")
    await asyncio.sleep(2)
    ben = rig.phones.rung[-1]
    assert of(rig, sup) == ({caller.call.caller.port, port(ben)}, set())
    caller.leg.remote_hangs_up()
    await asyncio.sleep(SOON)
    assert sup.state is LegState.ENDED
    assert rig.events(SupervisionEnded)[-1].why == "call over"
    await all_over(rig)


async def test_who_supervises_an_agent_leaves_a_transferred_caller_alone(tmp_path: Path) -> None:
    rig = supervised(tmp_path)
    caller, _ = await talking(rig)
    sup = await attends(rig, "*421")
    rig.desk.transfer("ana", "22")
    await asyncio.sleep(2)
    assert (caller.stage, of(rig, sup)) == ("talking", (set(), set()))
    caller.leg.remote_hangs_up()
    sup.remote_hangs_up()
    await all_over(rig)


async def test_an_agent_sent_to_a_queue_by_a_colleague_is_heard_by_nobody_there(tmp_path: Path) -> None:
    rig = supervised(tmp_path)
    rig.phones.behave = answers_after(1)
    ana = rig.calls("ana", "22")
    await asyncio.sleep(2)
    sup = await attends(rig, "*521")
    assert of(rig, sup) == ({port(ana), port(rig.phones.rung[-1])}, {port(ana)})
    rig.phones.rung[-1].refers("sales")
    await asyncio.sleep(SOON)
    assert (ana.state, of(rig, sup)) == (LegState.UP, (set(), set()))
    ana.remote_hangs_up()
    sup.remote_hangs_up()
    await all_over(rig)


async def test_while_the_agent_holds_a_listener_hears_nothing_of_the_caller(tmp_path: Path) -> None:
    rig = supervised(tmp_path)
    caller, phone = await talking(rig)
    sup = await attends(rig, "*521")
    rig.desk.hold("ana", True)
    assert of(rig, sup) == ({port(phone)}, {port(phone)})
    assert rig.media.heard_now(caller.call.caller.port) == ["music"]
    sup.heard("6")
    await asyncio.sleep(1)
    assert of(rig, sup)[1] == set(ports(caller, phone))
    assert rig.media.heard_now(caller.call.caller.port) == []  # nobody alone hears music
    caller.leg.remote_hangs_up()
    sup.remote_hangs_up()
    await all_over(rig)


async def test_while_a_third_is_asked_the_caller_hears_nobody(tmp_path: Path) -> None:
    rig = supervised(tmp_path)
    caller, _first, second = await consulting(rig)
    ben = rig.phones.rung[-1]
    sup = await attends(rig, "*621")
    assert of(rig, sup) == ({port(second), port(ben)}, {port(second), port(ben)})
    assert rig.media.heard_now(caller.call.caller.port) == ["music"]
    for leg in (second, caller.leg, sup):
        leg.remote_hangs_up()
    await all_over(rig)


async def test_taking_over_a_conference_of_three_goes_on_with_both_others(tmp_path: Path) -> None:
    rig = supervised(tmp_path)
    caller, phone = await talking(rig)
    rig.desk.consult("ana", "22")
    await asyncio.sleep(2)
    ben = rig.phones.rung[-1]
    sup = await attends(rig, "*421")
    sup.heard("7")
    await asyncio.sleep(SOON)
    assert phone.state is LegState.ENDED
    assert rig.media.hearing() == both_ways(caller.call.caller.port, port(sup), port(ben))
    assert replayed(rig, caller.call.id) == caller.call.story
    assert caller.call.story.conference
    caller.leg.remote_hangs_up()
    sup.remote_hangs_up()
    ben.remote_hangs_up()
    await all_over(rig)


async def test_only_supervisors_may_and_only_others(tmp_path: Path) -> None:
    rig = supervised(tmp_path)
    caller, phone = await talking(rig)
    supervise = Supervisors(rig.centre).supervise
    for whom, act, who, why in (
        ("ana", "listen", "ben", "may not supervise"),
        ("ana", "listen", "nobody", "there is no agent"),
        ("sue", "listen", "sue", "in that conversation"),
        ("nobody", "listen", "sue", "no agent, no extension and no call"),
        ("ana", "shout", "sue", "cannot 'shout'"),
    ):
        with pytest.raises(AgentRefused, match=why):
            supervise(whom, act, who)
    leg = await attends(rig, "*421", "ben")
    await asyncio.sleep(1)
    assert leg.state is LegState.ENDED
    assert rig.media.hearing() == both_ways(*ports(caller, phone))
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_a_supervisor_who_does_not_come_to_the_phone_changes_nothing(tmp_path: Path) -> None:
    rig = supervised(tmp_path)
    caller, phone = await talking(rig)
    rig.phones.behave = lambda leg: None
    Supervisors(rig.centre).supervise("ana", "barge", "sue")
    await asyncio.sleep(60)
    assert rig.phones.rung[-1].state is LegState.ENDED
    assert rig.media.hearing() == both_ways(*ports(caller, phone))
    caller.leg.remote_hangs_up()
    await all_over(rig)


@pytest.mark.parametrize("beep", ["never", "barge", "always"])
async def test_a_beep_is_heard_where_the_configuration_wants_it(tmp_path: Path, beep: str) -> None:
    rig = supervised(tmp_path, supervision={"beep": beep})
    caller, phone = await talking(rig)
    told: list[tuple[int, str]] = []
    sup = await attends(rig, "*421")
    for number in (0, 1):
        for who, name in ((caller.call.caller.port, "caller"), (port(phone), "agent")):
            if "call_waiting of de" in rig.media.heard_now(who):
                told.append((number, name))
        sup.heard("6")
        await asyncio.sleep(SOON)
    wanted = {"never": [], "barge": [(1, "caller"), (1, "agent")]}
    assert told == wanted.get(beep, [(0, "agent"), (1, "caller"), (1, "agent")])
    caller.leg.remote_hangs_up()
    sup.remote_hangs_up()
    await all_over(rig)


@pytest.mark.parametrize("code", ["*421", "*521", "*621"])
async def test_a_brain_that_comes_back_finds_supervisors_as_they_were(tmp_path: Path, code: str) -> None:
    rig = supervised(tmp_path)
    caller, _phone = await talking(rig)
    sup = await attends(rig, code)
    heard, by = of(rig, sup)
    life = await killed(tmp_path, rig, caller.leg, agents=AGENTS)
    async with life.running() as second:
        again = life.legs[sup.id]
        assert of(second, again) == (heard, by)
        life.callers[0].remote_hangs_up()
        await asyncio.sleep(1)
        assert of(second, again) == (set(), set())
        again.remote_hangs_up()
        await asyncio.sleep(1)
        assert second.centre.facts.supervisions == {}


async def test_a_supervisor_lost_with_the_brain_is_journalled_as_lost(tmp_path: Path) -> None:
    rig = supervised(tmp_path)
    caller, _phone = await talking(rig)
    sup = await attends(rig, "*421")
    sup.remote_hangs_up()
    life = await killed(tmp_path, rig, caller.leg, agents=AGENTS)
    life.legs.pop(sup.id, None)
    async with life.running() as second:
        assert second.events(SupervisionEnded)[0].why == "lost"
        assert len(second.media.hearing()) == 2


COACHED = {**AGENTS, "ana": {**AGENTS["ana"], "coach": "ben", "coached_calls": 1}}  # type: ignore[dict-item]


async def test_a_coach_is_rung_to_listen_to_the_first_calls_of_a_trainee(tmp_path: Path) -> None:
    rig = supervised(tmp_path, agents=COACHED)
    caller, _ = await talking(rig)
    await asyncio.sleep(2)
    phone, coach = rig.phones.rung
    assert coach.peer.startswith("sip:ben")
    assert of(rig, coach) == (set(ports(caller, phone)), set())
    coach.heard("5")
    await asyncio.sleep(SOON)
    assert of(rig, coach)[1] == {port(phone)}
    caller.leg.remote_hangs_up()
    await caller.gone()
    await asyncio.sleep(12)
    assert coach.state is LegState.ENDED
    caller, _ = await talking(rig)  # the second call is no more
    await asyncio.sleep(2)
    assert len(rig.phones.rung) == 3
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_a_busy_coach_is_left_alone(tmp_path: Path) -> None:
    rig = supervised(tmp_path, agents=COACHED)
    with rig.centre.engaged.on_a_call("ben"):
        caller, _ = await talking(rig)
        await asyncio.sleep(2)
        assert len(rig.phones.rung) == 1
        caller.leg.remote_hangs_up()
        await caller.gone()
    await all_over(rig)


async def test_a_supervisor_at_a_number_outside_is_dialled_and_presses_keys_there(tmp_path: Path) -> None:
    sue = {**AGENTS["sue"], "phone": "number:+4930123456", "permission": "all"}
    rig = await supervised(tmp_path, agents={**AGENTS, "sue": sue}).opened()
    caller, phone = await talking(rig)
    Supervisors(rig.centre).supervise("ana", "listen", "sue")
    await asyncio.sleep(2)
    home = await outside(rig)
    home.press("1")
    await asyncio.sleep(SOON)
    assert (caller.call.caller.port, home.leg.id) in rig.media.hearing()
    rig.centre.heard(home.leg.id, "5")
    await asyncio.sleep(SOON)
    assert (home.leg.id, port(phone)) in rig.media.hearing()
    home.remote_hangs_up()
    await asyncio.sleep(SOON)
    assert rig.media.hearing() == both_ways(*ports(caller, phone))
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_a_supervisor_whose_phone_is_dead_is_hung_up(tmp_path: Path) -> None:
    rig = supervised(tmp_path)
    caller, _ = await talking(rig)
    sup = await attends(rig, "*421")
    sup._silent(asyncio.get_running_loop().time())
    await asyncio.sleep(70)
    assert (sup.state, caller.stage) == (LegState.ENDED, "talking")
    assert rig.centre.supervisions.by_name == {}
    caller.leg.remote_hangs_up()
    await all_over(rig)
