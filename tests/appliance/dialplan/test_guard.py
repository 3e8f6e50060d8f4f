"""The guard: what is counted, what locks, what people are told, and what a restart remembers."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from appliance.dialplan.guard import UnlockRefused
from appliance.dialplan.permit import Cause, DialRefused, Kind
from appliance.outbound_events import (
    OutboundAllowed,
    OutboundAnswered,
    OutboundEnded,
    OutboundLocked,
    OutboundRefused,
)
from appliance.store import opening
from tests.appliance.dialplan.rig import ABROAD, DEAR, INLAND, MOBILE, Box, permission, site

MINUTE, DAY = 60.0, 86400.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "callbox.db"


@pytest.fixture
def box(path: Path) -> Box:
    return Box(path)


# --- who may ------------------------------------------------------------------------------------------


def test_a_permit_says_everything_needed_to_dial(box: Box) -> None:
    permit = box.ask("07400 123456", call_id="c1")
    assert (permit.number, permit.kind, permit.country) == ("+447400123456", Kind.MOBILE, "GB")
    assert permit.national == "07400123456"
    assert (permit.lines, permit.a_minute, permit.longest_seconds) == (("gsm", "trunk"), 0.5, 3600.0)
    assert not permit.emergency
    [event] = box.events(OutboundAllowed)
    assert (event.call_id, event.agent, event.number, event.cause) == (
        "c1",
        "ana",
        "+447400123456",
        "dialled",
    )


@pytest.mark.parametrize("nobody", ["", "mallory", "ana@evil", "outgoing calls"])
def test_nobody_dials_nothing_not_even_an_emergency_number(box: Box, nobody: str) -> None:
    for dialled in (INLAND, "999", "112", "0800123456"):
        with pytest.raises(DialRefused, match="may dial nothing") as refused:
            box.ask(dialled, nobody)
        assert refused.value.sip_code == 403
    assert box.stamped == []


def test_emergency_numbers_are_told_from_extensions_before_anything_else(box: Box) -> None:
    assert [box.guard.is_emergency(each) for each in ("999", "112", "21", "*21#", "")] == [True, True] + [
        False
    ] * 3


def test_emergency_calls_go_out_whatever_is_locked_used_up_or_closed(path: Path) -> None:
    box = Box(path, site(permissions=permission(days=["mon"], spend_a_day=0), outbound={"calls_a_minute": 0}))
    for _ in range(12):
        box.refusal(INLAND)
    assert "locked" in box.refusal(INLAND)
    for agent in ("ana", "ben", "eve"):
        for dialled in ("999", "112") * 20:
            permit = box.ask(dialled, agent)
            assert (permit.emergency, permit.lines, permit.number) == (True, ("trunk", "gsm"), dialled)
            with box.guard.call(permit) as call:
                call.answered("trunk")
    assert box.used("ben")["calls a day"] == 0


async def test_an_emergency_call_is_never_ended(box: Box) -> None:
    with box.up("999") as call:
        box.passes(DAY)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10 * DAY):
                await call.must_end()


# --- tries --------------------------------------------------------------------------------------------


def test_more_tries_in_a_minute_lock_the_agent_and_nobody_else(box: Box) -> None:
    for dialled in (INLAND, DEAR, "nonsense", INLAND):
        box.refusal(dialled)
    assert box.refusal(INLAND) == (
        "agent ana: locked, 4 of 4 calls a minute are used. A person unlocks: callbox outbound unlock ana"
    )
    box.passes(DAY)
    assert "locked" in box.refusal(INLAND)
    assert box.refusal(INLAND, "ben") == ""
    assert [event.agent for event in box.events(OutboundLocked)] == ["ana"]


def test_tries_of_a_minute_ago_do_not_count(box: Box) -> None:
    for _ in range(20):
        assert box.refusal(INLAND) == ""
        box.passes(15.1)


def test_more_tries_of_all_agents_in_a_minute_lock_the_way_out(box: Box) -> None:
    for number in range(6):
        assert box.refusal(INLAND, ("ana", "ben")[number % 2]) == ""
    assert box.refusal(INLAND, "ben").startswith("outgoing calls: locked, 6 of 6 calls a minute are used")
    assert box.refusal(INLAND, "ana").endswith("callbox outbound unlock")


def test_a_slow_guesser_of_numbers_is_locked_as_well(box: Box) -> None:
    for number in range(10):
        assert "may not dial premium" in box.refusal(f"090123456{number:02}")
        box.passes(1000.0)
    assert "may not dial premium" in box.refusal(DEAR)
    box.passes(1000.0)
    assert "locked, 11 of 10 refused a day are used" in box.refusal(INLAND)


def test_calls_a_day_are_counted_by_the_calendar(path: Path) -> None:
    box = Box(path, site(permissions=permission(calls_a_day=3)))
    for _ in range(3):
        box.talks("0800123456", 60.0)
    box.passes(12 * 3600.0)
    assert box.refusal(INLAND) == ""  # another day
    for _ in range(2):
        box.passes(61.0)
        assert box.refusal(INLAND) == ""
    box.passes(61.0)
    assert "3 of 3 calls a day" in box.refusal(INLAND)


# --- money --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "cost"), [(0.1, 0.1), (60.0, 0.1), (60.1, 0.2), (179.0, 0.3)])
def test_a_call_costs_each_minute_begun(box: Box, seconds: float, cost: float) -> None:
    box.talks(INLAND, seconds)
    [event] = box.events(OutboundEnded)
    assert (event.seconds, event.cost) == (pytest.approx(seconds), pytest.approx(cost))
    assert box.used()["spend a day"] == pytest.approx(cost)


def test_a_call_that_nobody_answers_costs_nothing(box: Box) -> None:
    with box.guard.call(box.ask(ABROAD)):
        box.passes(30.0)
        assert box.used()["spend a day"] == 1.0  # put by, as it may be answered
    assert box.used()["spend a day"] == 0.0
    assert box.events(OutboundAnswered) == []


def test_money_is_put_by_for_calls_that_are_up(box: Box) -> None:
    with box.up(ABROAD), box.up(ABROAD), box.up(ABROAD):
        assert "agent ana: locked, 3 of 3 spend a day are used" in box.refusal(INLAND)
        assert box.refusal(MOBILE, "ben") == ""


def test_between_asking_and_dialling_the_money_may_be_gone(box: Box) -> None:
    permits = [box.ask(ABROAD) for _ in range(4)]
    with contextlib.ExitStack() as held:
        for permit in permits[:3]:
            held.enter_context(box.guard.call(permit))
        with pytest.raises(DialRefused, match="spend a day"):
            held.enter_context(box.guard.call(permits[3]))


def test_money_of_all_agents_locks_the_way_out(path: Path) -> None:
    box = Box(path, site(outbound={"spend_a_day": 2.5}))
    for agent in ("ana", "ben"):
        box.talks(ABROAD, 50.0, agent)
    assert "outgoing calls: locked, 2 of 2.5 spend a day are used" in box.refusal(ABROAD)
    assert "locked" in box.refusal("0800123456", "ben")


def test_the_cap_of_a_month_holds_over_days_and_ends_with_the_month(path: Path) -> None:
    box = Box(path, site(outbound={"spend_a_month": 4.0}))
    for _ in range(4):
        box.talks(ABROAD, 50.0)
        box.passes(DAY)
    box = box.again()
    assert "outgoing calls: locked, 4 of 4 spend a month" in box.refusal(ABROAD)
    box = Box(path.with_name("other.db"), box.config)
    for _ in range(4):
        box.talks(ABROAD, 50.0)
        box.passes(DAY)
    box.passes(datetime(2026, 12, 1).timestamp() - box.wall_s)
    assert box.refusal(ABROAD) == ""


def test_a_number_dearer_than_the_cap_is_refused_and_locks_nobody(path: Path) -> None:
    box = Box(path, site(permissions=permission(spend_a_day=0.5)))
    assert "a minute costs 1, and agent ana may spend a day 0.5" in box.refusal(ABROAD)
    assert box.refusal(INLAND) == ""


def test_without_rates_nothing_costs_and_no_cap_of_money_is_in_the_way(path: Path) -> None:
    config = site(permissions=permission(spend_a_day=0), outbound={"spend_a_day": 0, "spend_a_month": 0})
    box = Box(path, config.model_copy(update={"rates": {}}))
    for _ in range(9):
        box.talks(ABROAD, 3000.0)


async def test_a_call_is_ended_before_a_minute_that_the_cap_does_not_allow(box: Box) -> None:
    with box.up(ABROAD) as call:
        for minute in (1, 2):
            box.passes(MINUTE - 2.0 if minute == 1 else MINUTE)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await call.must_end()
        box.passes(MINUTE)
        assert await call.must_end() == "3 of 3 spend a day are used"
        assert call.seconds < 3 * MINUTE
    [event] = box.events(OutboundEnded)
    assert event.cost == 3.0
    assert "locked" in box.refusal(INLAND)


async def test_a_call_is_ended_after_the_longest_time(box: Box) -> None:
    with box.up("0800123456") as call:
        box.passes(3550.0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await call.must_end()
        box.passes(48.0)
        assert await call.must_end() == "it lasted 60 minutes, the longest that is allowed"
    assert box.refusal(INLAND) == ""  # that is no breach


async def test_time_runs_from_the_answer_not_from_the_dial(path: Path) -> None:
    loop = asyncio.get_running_loop()
    box = Box(path)
    with box.guard.call(box.ask(ABROAD)) as call:
        box.passes(600.0)
        ending = asyncio.ensure_future(call.must_end())
        await asyncio.sleep(1.0)
        call.answered("trunk")
        call.answered("trunk")
        await asyncio.sleep(0)
        assert not ending.done()
        before = loop.time()
        while not ending.done():
            await asyncio.sleep(1.0)
            box.passes(1.0)
        assert 174 < loop.time() - before < 180
    assert len(box.events(OutboundAnswered)) == 1


# --- unlocking, alarms --------------------------------------------------------------------------------


def test_a_person_unlocks_and_the_cap_counts_anew_from_there(box: Box) -> None:
    box.talks(ABROAD, 170.0)
    assert "3 of 3 spend a day" in box.refusal(INLAND)
    box.guard.unlock("ana", by="root")
    assert box.used() == {"calls a minute": 0, "calls a day": 1, "refused a day": 0, "spend a day": 0}
    assert box.refusal(INLAND) == ""
    with pytest.raises(
        UnlockRefused, match=r"agent ana cannot be unlocked, it is not locked\. Locked: nothing"
    ):
        box.guard.unlock("ana", by="root")


def test_an_alarm_is_told_before_a_cap_is_reached_and_at_a_lock_and_ends_with_it(box: Box) -> None:
    assert box.standing() == {}
    box.talks(ABROAD, 70.0)
    with box.up(INLAND):
        box.passes(50.0)
    assert box.standing() == {}
    box.talks(MOBILE, 50.0)
    assert box.standing() == {("agent ana", "outgoing calls: spend a day"): "2.6 of 3 spend a day"}
    assert box.refusal(ABROAD)
    assert box.standing()["agent ana", "outgoing calls locked"] == "2.6 of 3 spend a day are used"
    box.guard.unlock("ana", by="root")
    assert box.standing() == {}


async def test_alarms_are_looked_at_when_something_happens_and_when_a_day_begins(box: Box) -> None:
    loop = asyncio.get_running_loop()
    begun = box.wall_s - loop.time()

    async def moves() -> None:
        while True:
            box.wall_s = begun + loop.time()
            await asyncio.sleep(10.0)

    box.bus.subscribe(box.told.hear)
    tasks = [asyncio.create_task(moves()), asyncio.create_task(box.told.watch())]
    with box.up(ABROAD) as call:
        call.goes_on(170.0)
        await asyncio.sleep(1.0)
        assert list(box.alarms) == [("agent ana", "outgoing calls: spend a day")]
    await asyncio.sleep(11.9 * 3600)
    assert box.alarms
    await asyncio.sleep(0.2 * 3600)
    assert box.alarms == {}
    for task in tasks:
        task.cancel()


# --- forwarded and transferred ------------------------------------------------------------------------


@pytest.mark.parametrize("cause", list(Cause))
def test_who_forwards_or_transfers_may_no_more_than_who_dials(box: Box, cause: Cause) -> None:
    assert "may not dial premium" in box.refusal(DEAR, cause=cause)
    assert "may dial nothing" in box.refusal(INLAND, "", cause=cause)
    assert box.refusal(INLAND, cause=cause) == ""
    assert [event.cause for event in box.events(OutboundRefused, OutboundAllowed)] == [cause.value] * 2


# --- after a restart ----------------------------------------------------------------------------------


def test_a_restart_forgets_neither_counts_nor_locks(box: Box) -> None:
    box.talks(ABROAD, 170.0)
    box.refusal(DEAR, "ben")
    assert "locked" in box.refusal(INLAND)
    before = {agent: box.used(agent) for agent in ("ana", "ben", "")}
    for _ in range(3):
        box = box.again(after_s=0.0)
        assert {agent: box.used(agent) for agent in ("ana", "ben", "")} == before
        assert "locked, 3 of 3 spend a day" in box.refusal(INLAND)
    box.guard.unlock("ana", by="root")
    box = box.again()
    assert box.refusal(INLAND) == ""


def test_a_lock_of_last_year_still_stands(box: Box) -> None:
    for _ in range(5):
        box.refusal(INLAND)
    box = box.again(after_s=400 * DAY)
    assert "locked, 4 of 4 calls a minute" in box.refusal(INLAND)
    assert box.used()["calls a minute"] == 0


def test_a_call_that_was_up_when_the_power_failed_is_charged_until_the_restart(box: Box) -> None:
    with box.up(INLAND, call_id="c1"):
        box.passes(100.0)
        after = box.again(after_s=30.0)
    [event] = after.events(OutboundEnded)
    assert (event.call_id, event.cost) == ("c1", pytest.approx(0.3))
    assert event.seconds == pytest.approx(130.0, abs=0.01)
    assert after.used()["spend a day"] == pytest.approx(0.3)
    assert after.again().events(OutboundEnded) == []


def test_it_is_charged_its_longest_time_at_most(path: Path) -> None:
    box = Box(path, site(permissions=permission(longest_minutes=5)))
    with box.up(INLAND):
        after = box.again(after_s=5 * DAY)
    [event] = after.events(OutboundEnded)
    assert (event.seconds, event.cost) == (300.0, pytest.approx(0.5))


def test_with_a_clock_set_back_it_is_charged_its_longest_time(path: Path) -> None:
    box = Box(path, site(permissions=permission(longest_minutes=5)))
    with box.up(INLAND):
        after = box.again(after_s=-3 * DAY)
    [event] = after.events(OutboundEnded)
    assert (event.seconds, event.cost) == (300.0, pytest.approx(0.5))
    assert after.used()["spend a day"] == pytest.approx(0.5)


def test_a_call_that_outlived_the_brain_goes_on_and_is_charged_once(box: Box) -> None:
    with box.up(INLAND, call_id="c1"), box.up(MOBILE, "ben", call_id="c2"):
        box.passes(100.0)
        after = box.again("c1", after_s=2.0)
    [permit] = after.guard.resume("c1")
    assert after.guard.resume("c2") == []
    assert (permit.agent, permit.number, permit.kind) == ("ana", "+442079460123", Kind.NATIONAL)
    assert after.used()["spend a day"] == pytest.approx(0.2)
    with after.guard.call(permit) as call:
        after.passes(50.0)
        assert call.seconds == pytest.approx(152.0, abs=0.01)
    assert after.used()["spend a day"] == pytest.approx(0.3)
    assert [event.call_id for event in after.events(OutboundEnded)] == ["c2", "c1"]


def test_a_call_that_still_rang_outside_is_taken_up_and_counts_from_its_answer(box: Box) -> None:
    with box.guard.call(box.ask(INLAND, call_id="c1")), box.guard.call(box.ask(ABROAD, call_id="c2")):
        after = box.again("c1", after_s=30.0)
    [event] = after.events(OutboundEnded)
    assert (event.call_id, event.cost) == ("c2", 0.0)
    [permit] = after.guard.resume("c1")
    with after.guard.call(permit) as call:
        assert call.seconds == 0
        call.answered("trunk")
        after.passes(70.0)
    assert after.used()["spend a day"] == pytest.approx(0.2)
    assert after.again().used()["spend a day"] == pytest.approx(0.2)


def test_a_call_that_nobody_takes_up_is_over(box: Box) -> None:
    with box.up(INLAND, call_id="c1"), box.up(MOBILE, call_id="c2"):
        after = box.again("c1", "c2", after_s=2.0)
    [permit] = after.guard.resume("c1")
    with after.guard.call(permit):
        after.guard.settle()
        assert [call.permit.call_id for call in after.guard.going()] == ["c1"]
        assert after.guard.resume("c2") == []
    assert [(event.call_id, event.cost) for event in after.events(OutboundEnded)] == [
        ("c2", 0.5),
        ("c1", 0.1),
    ]


def test_a_journal_that_cannot_be_read_locks_the_way_out_until_a_person_unlocks(box: Box) -> None:
    path = box.ledger.path
    opening.set_aside(path, "test")
    path.write_bytes(b"no database at all, certainly not " * 200)
    box.guard.start(path)
    assert "outgoing calls: locked, the journal could not be read" in box.refusal(INLAND)
    assert box.ask("999").emergency
    box.guard.unlock("", by="root")
    assert box.refusal(INLAND) == ""


def test_a_clock_that_is_set_back_gives_nothing_back(box: Box) -> None:
    box.talks(ABROAD, 110.0)
    box.passes(-2 * DAY)
    assert box.used()["spend a day"] == 2.0
    assert box.refusal(INLAND) == ""


def test_the_log_has_a_line_a_minute_and_no_number(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(60):
        box.refusal(DEAR)
        box.refusal(DEAR, "")
        box.passes(1.0)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert not any("9012345678" in line for line in lines)


def test_a_locked_account_cannot_fill_the_journal(box: Box) -> None:
    for _ in range(1000):
        box.refusal(DEAR)
    assert len(box.stamped) == 5


def test_midnight_of_the_longest_night_is_midnight(box: Box) -> None:
    box.passes((datetime(2026, 11, 20, 23, 59, 30) - datetime(2026, 11, 20, 12, 0)).total_seconds())
    with box.up(ABROAD):
        box.passes(50.0)  # a call over midnight counts on the day on which it ends
    assert box.used()["spend a day"] == 1.0
    box.passes(timedelta(hours=24).total_seconds())
    assert box.used()["spend a day"] == 0.0
