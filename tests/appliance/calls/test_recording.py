"""When a conversation is recorded, who may change that, and what pauses do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from appliance.acd.agent import AgentRefused
from appliance.calls.record_desk import RecordDesk
from appliance.calls.record_rules import may_be_recorded, rule
from appliance.calls.records import beep
from appliance.events import RecordingAsked, RecordingPaused, RecordingResumed, RecordingStarted
from drivers.port import EndCause, LegState
from tests.appliance.calls.rig import CONFIG, PROMPT_SECONDS, Caller, Rig, answers_after
from tests.appliance.calls.steps import SOON, all_over, both_ways, outside, talking


def changed(section: str, name: str, **options: Any) -> dict[str, Any]:
    """The rig's configuration with options of one of its entries changed."""
    table: dict[str, Any] = dict(CONFIG[section])  # type: ignore[call-overload]
    return {section: {**table, name: {**table.get(name, {}), **options}}}


LINE_NEVER = changed("lines", "gsm-1", record="never")
SALES_ALWAYS = changed("queues", "sales", record=True)
ANA_NEVER = changed("agents", "ana", record="never")
ANA_ALWAYS = changed("agents", "ana", record="always")


async def recorded_in(tmp_path: Path, **changes: Any) -> tuple[list[str], str]:
    """The recordings while a caller speaks with ana by queue sales, and what says so."""
    rig = Rig(tmp_path, **changes)
    caller, _ = await talking(rig)
    ids, why = rig.media.recording_ids(), rule(caller.call, rig.centre).why
    caller.leg.remote_hangs_up()
    await all_over(rig)
    return ids, why


@pytest.mark.parametrize(
    ("changes", "is_recorded", "why"),
    [
        ({}, True, "callers"),
        (LINE_NEVER, False, "lines.gsm-1"),
        (changed("queues", "sales", record=False), False, "queues.sales"),
        (SALES_ALWAYS | LINE_NEVER, True, "queues.sales"),
        (ANA_NEVER, False, "agents.ana"),
        (ANA_ALWAYS | changed("queues", "sales", record="never"), True, "agents.ana"),
        (changed("agents", "ben", record="never"), True, "callers"),
        (changed("queues", "sales", record="on-demand"), False, "queues.sales"),
        (ANA_NEVER | {"numbers": {"100": {"to": "menu:main", "record": "always"}}}, True, "numbers.100"),
    ],
)
async def test_the_most_particular_option_wins(
    tmp_path: Path, changes: dict[str, Any], is_recorded: bool, why: str
) -> None:
    lines = changed("lines", "gsm-1", number="100")["lines"] if "numbers" in changes else None
    ids, told = await recorded_in(tmp_path, **changes, **({"lines": lines} if lines else {}))
    assert (bool(ids), told) == (is_recorded, why)


@pytest.mark.parametrize(
    ("changes", "is_recorded"),
    [
        ({}, False),
        ({"outbound": {"record": True, "calls_a_minute": 1000}}, True),
        (changed("agents", "ana", record="always"), True),
        (changed("lines", "out-1", record="always"), True),
        (changed("agents", "ana", record="never") | changed("lines", "out-1", record="always"), False),
    ],
)
async def test_calls_that_agents_make_go_by_agent_line_and_outbound(
    tmp_path: Path, changes: dict[str, Any], is_recorded: bool
) -> None:
    rig = await Rig(tmp_path, **changes).opened()
    ana = rig.calls("ana", "030123456")
    await asyncio.sleep(1)
    await outside(rig)
    await asyncio.sleep(11)
    assert bool(rig.media.recording_ids()) is is_recorded
    ana.remote_hangs_up()
    await all_over(rig)


async def on_demand(tmp_path: Path) -> tuple[Rig, Caller, RecordDesk]:
    rig = Rig(tmp_path, **changed("queues", "sales", record="on-demand"))
    caller, _ = await talking(rig)
    return rig, caller, RecordDesk(rig.centre)


async def test_an_agent_has_it_recorded_and_stops_it_again(tmp_path: Path) -> None:
    rig, caller, desk = await on_demand(tmp_path)
    desk.commands()["record"]("ana", "")
    assert rig.media.recording_ids() == [caller.call.id]
    [begun] = rig.events(RecordingStarted)
    assert isinstance(begun, RecordingStarted)
    assert begun.why == "asked by ana"
    desk.commands()["record-key"]("ana", "")
    assert rig.media.recording_ids() == []
    assert [event.on for event in rig.events(RecordingAsked)] == [True, False]
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_a_wish_follows_the_call_to_the_next_agent(tmp_path: Path) -> None:
    rig, caller, desk = await on_demand(tmp_path)
    desk.command(caller.call.id, "start", "supervisor")
    rig.phones.behave = answers_after(1)
    rig.phones.rung[-1].refers("22")
    await asyncio.sleep(3)
    assert caller.call.story.agent == "ben"
    assert rig.media.recording_ids() == [caller.call.id]
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_only_those_in_the_call_and_supervisors_may_change_it(tmp_path: Path) -> None:
    rig = Rig(
        tmp_path,
        **changed("queues", "sales", record="on-demand"),
        **changed("agents", "eva", role="supervisor"),
    )
    caller, _ = await talking(rig)
    desk, call = RecordDesk(rig.centre), caller.call.id
    with pytest.raises(AgentRefused, match="ben is not in call"):
        desk.command(call, "start", "ben")
    with pytest.raises(AgentRefused, match="ben speaks with nobody"):
        desk.commands()["record"]("ben", "")
    with pytest.raises(AgentRefused, match="no call 2000"):
        desk.command("2000", "start", "supervisor")
    with pytest.raises(AgentRefused, match="start, stop, pause and resume"):
        desk.command(call, "rewind", "supervisor")
    desk.command(call, "start", "eva")
    assert rig.media.recording_ids() == [call]
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_what_is_always_recorded_is_stopped_by_supervisors_alone(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, _ = await talking(rig)
    desk = RecordDesk(rig.centre)
    with pytest.raises(AgentRefused, match="Pause it instead"):
        desk.commands()["record-stop"]("ana", "")
    desk.command(caller.call.id, "stop", "supervisor")
    assert rig.media.recording_ids() == []
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_what_is_never_recorded_is_not_on_demand_either(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **changed("queues", "sales", record="never"))
    caller, _ = await talking(rig)
    with pytest.raises(AgentRefused, match=r"never recorded: queues\.sales"):
        RecordDesk(rig.centre).commands()["record"]("ana", "")
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_a_pause_is_the_same_file_and_ends_when_all_who_paused_resume(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, _ = await talking(rig)
    desk, record = RecordDesk(rig.centre), rig.media.recordings.held
    desk.pause(caller.call, "ana")
    desk.pause(caller.call, "supervisor")
    assert record[caller.call.id].paused
    desk.resume(caller.call, "ana")
    assert record[caller.call.id].paused
    desk.resume(caller.call, "supervisor")
    assert not record[caller.call.id].paused
    caller.leg.remote_hangs_up()
    await all_over(rig)
    assert len(rig.events(RecordingStarted)) == 1
    assert [type(event) for event in rig.events(RecordingPaused, RecordingResumed)] == [
        RecordingPaused,
        RecordingPaused,
        RecordingResumed,
        RecordingResumed,
    ]


async def test_a_form_pauses_while_it_says_so_and_its_end_is_the_lease(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, _ = await talking(rig)
    desk, held = RecordDesk(rig.centre), rig.media.recordings.held
    running = asyncio.create_task(desk.run())
    for _ in range(4):
        desk.commands()["record-pause"]("ana", "5")
        await asyncio.sleep(4)
        assert held[caller.call.id].paused
    await asyncio.sleep(2)
    assert not held[caller.call.id].paused
    assert [event.why for event in rig.events(RecordingResumed)] == ["time"]
    desk.commands()["record-pause"]("ana", "")
    desk.commands()["record-pause"]("ana", "5")
    await asyncio.sleep(8)
    assert held[caller.call.id].paused, "the agent's own pause has no end"
    desk.commands()["record-resume"]("ana", "")
    assert not held[caller.call.id].paused
    running.cancel()
    caller.leg.remote_hangs_up()
    await all_over(rig)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "3601", "soon"])
async def test_a_lease_that_makes_no_sense_is_refused(tmp_path: Path, seconds: str) -> None:
    rig = Rig(tmp_path)
    caller, _ = await talking(rig)
    with pytest.raises(AgentRefused, match="give 1 to 3600"):
        RecordDesk(rig.centre).commands()["record-pause"]("ana", seconds)
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_a_disk_without_room_lets_nothing_begin_and_everything_go_on(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, _ = await talking(rig)
    room = False
    rig.centre.may_record = lambda: room
    later = rig.caller("+15550456")
    rig.acd.log_in("ben")
    await later.presses("1")
    await asyncio.sleep(2)
    assert later.stage == "talking"
    RecordDesk(rig.centre).pause(caller.call, "ana")
    assert rig.media.recording_ids() == [caller.call.id]
    room = True
    RecordDesk(rig.centre).begin_again()
    assert set(rig.media.recording_ids()) == {caller.call.id, later.call.id}
    for each in (caller, later):
        each.leg.remote_hangs_up()
    await all_over(rig)


def test_the_tone_is_the_countrys_own_under_speech_and_as_often_as_is_wished() -> None:
    assert beep("us", 15) == "1400@/500,0/14500"
    assert beep("de", 5).endswith(",0/4920")


async def test_both_hear_the_tone_while_they_are_recorded_and_not_in_a_pause(tmp_path: Path) -> None:
    rig = Rig(tmp_path, recording={"beep_seconds": 10})
    caller, ana = await talking(rig)
    beeps = [play.fields["to"] for play in rig.media._plays.values() if "/beep/" in play.id]
    assert sorted(beeps) == sorted([caller.leg.id, ana.id])
    RecordDesk(rig.centre).pause(caller.call, "ana")
    assert not [play for play in rig.media._plays if "/beep/" in play]
    caller.leg.remote_hangs_up()
    await all_over(rig)


async def test_a_caller_is_told_of_it_where_any_agent_of_the_queue_may_be_recorded(tmp_path: Path) -> None:
    never = changed("queues", "sales", record="never")
    rig = Rig(tmp_path, **never)
    caller, _ = await talking(rig)
    assert not may_be_recorded(caller.call, "sales", rig.centre)
    caller.leg.remote_hangs_up()
    await all_over(rig)
    rig = Rig(tmp_path, **never, **changed("agents", "ben", record="on-demand"))
    caller, _ = await talking(rig)
    assert may_be_recorded(caller.call, "sales", rig.centre)
    caller.leg.remote_hangs_up()
    await all_over(rig)
    await asyncio.sleep(SOON)


OUT: dict[str, Any] = {
    "outbound": {"record": "always", "calls_a_minute": 1000},
    "recording": {"announce_calls_out": "welcome"},
}


async def test_whom_an_agent_calls_is_told_before_anything_is_recorded(tmp_path: Path) -> None:
    rig = await Rig(tmp_path, **OUT).opened()
    ana = rig.calls("ana", "030123456")
    await asyncio.sleep(1.5)
    leg = rig.lines["out-1"].leg
    assert leg is not None
    assert rig.media.heard[-1] == (leg.id, "welcome")
    assert rig.media.recording_ids() == []
    assert rig.media.hearing() == set()
    await asyncio.sleep(PROMPT_SECONDS)
    assert rig.media.hearing() == both_ways(ana.id, leg.id)
    assert len(rig.media.recording_ids()) == 1
    ana.remote_hangs_up()
    await all_over(rig)


@pytest.mark.parametrize("who", ["agent", "other"])
async def test_one_who_leaves_during_the_announcement_leaves_nothing_behind(tmp_path: Path, who: str) -> None:
    rig = await Rig(tmp_path, **OUT).opened()
    ana = rig.calls("ana", "030123456")
    await asyncio.sleep(1.5)
    leg = rig.lines["out-1"].leg
    assert leg is not None
    if who == "agent":
        ana.remote_hangs_up()
    else:
        leg.moved(LegState.ENDED, EndCause.REMOTE)
    await all_over(rig)
    assert rig.events(RecordingStarted) == []


async def test_a_colleague_and_a_call_that_is_never_recorded_hear_no_announcement(tmp_path: Path) -> None:
    rig = await Rig(tmp_path, **{**OUT, "outbound": {"calls_a_minute": 1000}}).opened()
    rig.phones.behave = answers_after(1)
    for dialled in ("22", "030123456"):
        leg = rig.calls("ana", dialled)
        await asyncio.sleep(3)
        leg.remote_hangs_up()
        await asyncio.sleep(1)
    assert "welcome" not in {name for _, name in rig.media.heard}
    await all_over(rig)
