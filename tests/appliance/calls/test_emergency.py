"""One switch leads callers elsewhere and alerts people until they acknowledge it; a drill changes no call."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from appliance.calls.alerting import Alerting
from appliance.calls.emergency import EmergencyRefused, switch_off, switch_on, take_note
from appliance.calls.phone_codes import SERVICES, serve
from appliance.emergency_events import AlertCalled, AlertTexted, CallDiverted, EmergencyBegun, EmergencyEnded
from appliance.events import CallEnded, CallQueued
from drivers.port import LegState
from tests.appliance.calls.rig import Rig, ScriptedPhone
from tests.appliance.calls.second_life import killed
from tests.appliance.calls.steps import all_over, outside, talking

PROMPTS = (
    *("welcome", "wrong", "music", "evacuated", "go-home"),
    *("emergency-on", "emergency-off", "emergency-pin", "emergency-refused", "emergency-drill-on"),
    *("emergency-alert", "emergency-drill", "emergency-press-1", "emergency-acknowledged", "not-allowed"),
)
EMERGENCY: dict[str, Any] = {"to": "play:evacuated", "announcement": "go-home"}


def settings(**emergency: Any) -> dict[str, Any]:
    queues = {name: {"agents": ["ana"], "music": "music"} for name in ("sales", "hotline")}
    menu = {"prompt": "welcome", "keys": {"1": "queue:sales", "2": "queue:hotline"}, "attempts": 9}
    return {
        "prompts": {name: f"{name}.wav" for name in PROMPTS},
        "menus": {"main": menu},
        "queues": queues,
        "emergency": {**EMERGENCY, **emergency},
        "outbound": {"calls_a_minute": 100_000, "permission": "all"},
    }


async def centre(tmp_path: Path, **emergency: Any) -> Rig:
    return await Rig(tmp_path, **settings(**emergency)).opened()


class Texts:
    """The outbox: the first `refuse` texts cannot be sent."""

    def __init__(self, refuse: int = 0) -> None:
        self.sent: list[tuple[str, str]] = []
        self.refuse = refuse

    async def send(self, line: str, number: str, text: str) -> str:
        await asyncio.sleep(0.01)
        if self.refuse:
            self.refuse -= 1
            return "no line"
        self.sent.append((number, text))
        return ""


@contextlib.asynccontextmanager
async def alerting(rig: Rig, texts: Texts | None = None) -> AsyncIterator[Texts]:
    texts = texts or Texts()
    task = asyncio.create_task(Alerting(rig.centre, texts.send).run())
    await asyncio.sleep(0.01)
    try:
        yield texts
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await asyncio.sleep(1)


def heard(rig: Rig) -> list[str]:
    return [name for _, name in rig.media.heard]


def of(rig: Rig, kind: Any) -> list[Any]:
    return list(rig.events(kind))


# --- callers ------------------------------------------------------------------------------------------


async def test_a_new_caller_hears_the_announcement_and_goes_where_it_is_prepared(tmp_path: Path) -> None:
    rig = await centre(tmp_path)
    switch_on(rig.centre, by="ana", reason="fire")
    caller = rig.caller()
    assert await caller.gone() == "menu"
    assert heard(rig) == ["go-home", "evacuated"]
    assert [event.to for event in of(rig, CallDiverted)] == ["play:evacuated"]
    assert rig.centre.emergencies.now is not None
    assert rig.centre.emergencies.now.diverted == 1
    switch_off(rig.centre, by="ana")
    again = rig.caller("+15550124")
    await again.presses("1")
    assert again.stage == "waiting"
    again.leg.remote_hangs_up()
    await again.gone()


async def test_a_line_may_have_its_own_place(tmp_path: Path) -> None:
    rig = await centre(tmp_path, lines={"gsm-1": "queue:hotline"}, queues=["hotline"])
    switch_on(rig.centre, by="ana")
    caller = rig.caller()
    await asyncio.sleep(3)
    assert (caller.stage, caller.call.story.queue) == ("waiting", "hotline")
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "abandoned"


@pytest.mark.parametrize("where", ["menu", "queue"])
async def test_who_waits_already_is_led_there_too(where: str, tmp_path: Path) -> None:
    rig = await centre(tmp_path)
    caller = rig.caller()
    if where == "queue":
        await caller.presses("1")
    await asyncio.sleep(1)
    switch_on(rig.centre, by="ana")
    assert await caller.gone() in ("menu", "blocked")
    assert heard(rig)[-2:] == ["go-home", "evacuated"]
    await all_over(rig)


async def test_who_waits_may_be_told_only_and_keeps_the_place(tmp_path: Path) -> None:
    rig = await centre(tmp_path, waiting="tell")
    caller = rig.caller()
    await caller.presses("1")
    place = caller.call.story.place
    switch_on(rig.centre, by="ana")
    await asyncio.sleep(3)
    assert "go-home" in heard(rig)
    assert caller.stage == "waiting"
    assert len(of(rig, CallQueued)) == 1
    assert [ticket.place for ticket in rig.acd.queues["sales"]] == [place]
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "abandoned"


@pytest.mark.parametrize("change", [{"waiting": "leave"}, {"queues": ["sales"]}, {"drill": True}])
async def test_who_waits_is_left_alone_where_it_is_to_be_so(change: dict[str, Any], tmp_path: Path) -> None:
    drill = bool(change.pop("drill", False))
    rig = await centre(tmp_path, **change)
    caller = rig.caller()
    await caller.presses("1")
    switch_on(rig.centre, by="ana", drill=drill)
    await asyncio.sleep(5)
    assert caller.stage == "waiting"
    assert "go-home" not in heard(rig)
    caller.leg.remote_hangs_up()
    await caller.gone()


async def test_conversations_go_on_and_the_next_caller_is_led_elsewhere(tmp_path: Path) -> None:
    rig = await centre(tmp_path)
    caller, phone = await talking(rig)
    switch_on(rig.centre, by="ana")
    await asyncio.sleep(5)
    assert caller.stage == "talking"
    phone.remote_hangs_up()
    assert await caller.gone() == "answered"


async def test_an_agent_who_rings_is_let_go_when_the_caller_is_moved(tmp_path: Path) -> None:
    rig = await centre(tmp_path)
    rig.acd.log_in("ana")
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(1)
    assert caller.stage == "agent ringing"
    switch_on(rig.centre, by="ana")
    await caller.gone()
    assert rig.phones.rung[-1].state is LegState.ENDED
    await all_over(rig)


async def test_a_restart_keeps_it_on_and_moves_who_was_not_moved_yet(tmp_path: Path) -> None:
    rig = await centre(tmp_path)
    caller = rig.caller()
    await caller.presses("1")
    rig.bus.publish(EmergencyBegun(by="ana"))  # and the brain dies before it does anything
    life = await killed(tmp_path, rig, caller.leg, **settings())
    for stamped in life.stamped:
        life.rig.centre.emergencies.apply(stamped)
    async with life.running() as again:
        await asyncio.sleep(5)
        assert "evacuated" in heard(again)
        assert life.outcomes() == ["blocked"]


# --- the switch ---------------------------------------------------------------------------------------


async def test_it_cannot_be_switched_twice_or_without_a_place(tmp_path: Path) -> None:
    rig = await centre(tmp_path)
    with pytest.raises(EmergencyRefused, match="not on"):
        switch_off(rig.centre, by="ana")
    with pytest.raises(EmergencyRefused, match="no log"):
        take_note(rig.centre, by="ana", text="x")
    switch_on(rig.centre, by="ana", drill=True)
    with pytest.raises(EmergencyRefused, match="on already"):
        switch_on(rig.centre, by="ben", drill=True)
    switch_on(rig.centre, by="ben")  # the drill has become serious
    assert rig.centre.emergencies.diverts
    with pytest.raises(EmergencyRefused, match="on already"):
        switch_on(rig.centre, by="ben")
    with pytest.raises(EmergencyRefused, match="empty"):
        take_note(rig.centre, by="ana", text=" ")
    assert len(of(rig, EmergencyEnded)) == 1
    bare = Rig(tmp_path)
    with pytest.raises(EmergencyRefused, match="not prepared"):
        switch_on(bare.centre, by="ana")


async def dials(rig: Rig, agent: str, code: str, *keys: str) -> None:
    """An agent dials a code and presses keys."""
    leg = ScriptedPhone(id=f"code-{code}", peer=f"sip:{agent}@x", state=LegState.RINGING, called=code)
    task = asyncio.create_task(serve(SERVICES[code], leg, agent, rig.centre))
    for key in keys:
        await asyncio.sleep(0.1)
        leg.heard(key)
    await task
    assert leg.state is LegState.ENDED or leg.cause is None


async def test_it_is_switched_by_a_code_at_a_phone(tmp_path: Path) -> None:
    rig = await centre(tmp_path, agents=["ana"])
    await dials(rig, "ana", "*91")
    assert rig.centre.emergencies.diverts
    await dials(rig, "ana", "*91")
    await dials(rig, "ana", "*90")
    await dials(rig, "ana", "*92")
    assert not rig.centre.emergencies.diverts
    assert heard(rig) == ["emergency-on", "emergency-refused", "emergency-off", "emergency-drill-on"]
    assert [event.by for event in of(rig, EmergencyBegun)] == ["ana", "ana"]


async def test_other_agents_need_the_pin_and_none_can_without_one(tmp_path: Path) -> None:
    rig = await centre(tmp_path, pin="4711")
    await dials(rig, "ben", "*91", *"123#", *"0000", *"999#")
    assert heard(rig)[-1] == "not-allowed"
    await dials(rig, "ben", "*91", *"4711")
    assert rig.centre.emergencies.diverts
    without = await centre(tmp_path)
    await dials(without, "ben", "*91")
    assert heard(without) == ["not-allowed"]


# --- alerts -------------------------------------------------------------------------------------------


async def test_people_are_called_one_after_the_other_until_one_presses_1(tmp_path: Path) -> None:
    rig = await centre(tmp_path, call=["+4930111111", "+4930222222", "+4930333333"])
    async with alerting(rig):
        switch_on(rig.centre, by="ana", reason="fire")
        await asyncio.sleep(1)
        first = await outside(rig)
        assert first.leg.peer == "+4930111111"
        first.remote_hangs_up()
        await asyncio.sleep(2)
        second = await outside(rig)
        second.answers()
        await asyncio.sleep(1)
        assert heard(rig) == ["emergency-alert", "emergency-press-1"]
        second.press("1")
        await asyncio.sleep(5)
        assert heard(rig)[-1] == "emergency-acknowledged"
        await asyncio.sleep(300)
        assert [event.result for event in of(rig, AlertCalled)] == ["not reached", "acknowledged"]
        assert rig.lines["out-1"].dialled.empty()
    await all_over(rig)
    assert [event.outcome for event in of(rig, CallEnded)] == ["unanswered", "answered"]


async def test_nobody_who_only_listens_has_acknowledged_and_the_list_is_gone_through_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rig = await centre(tmp_path, call=["+4930111111"], rounds=2, pause_seconds=60)
    async with alerting(rig):
        switch_on(rig.centre, by="ana", drill=True)
        await asyncio.sleep(1)
        far = await outside(rig)
        far.answers()
        await asyncio.sleep(60)  # three times, and no key
        assert "emergency-drill" in heard(rig)
        assert rig.lines["out-1"].dialled.empty()
        await asyncio.sleep(30)
        assert not rig.lines["out-1"].dialled.empty()
        await outside(rig)
        await asyncio.sleep(300)
        assert [event.result for event in of(rig, AlertCalled)] == ["answered, not acknowledged"] * 2
        assert rig.lines["out-1"].dialled.empty()
    assert "too few have acknowledged" in caplog.text
    caplog.clear()
    await all_over(rig)


async def test_switching_off_hangs_up_on_who_is_being_called(tmp_path: Path) -> None:
    rig = await centre(tmp_path, call=["+4930111111"])
    async with alerting(rig):
        switch_on(rig.centre, by="ana")
        await asyncio.sleep(1)
        assert rig.lines["out-1"].leg is not None
        switch_off(rig.centre, by="ana")
        await asyncio.sleep(1)
        assert rig.lines["out-1"].leg is None
        await asyncio.sleep(300)
        assert rig.lines["out-1"].dialled.qsize() == 1
    await all_over(rig)


async def test_a_number_the_dial_plan_refuses_is_passed_over(tmp_path: Path) -> None:
    rig = await centre(tmp_path, call=["+12425550100", "+4930222222"])
    async with alerting(rig):
        switch_on(rig.centre, by="ana")
        await asyncio.sleep(2)
        assert (await outside(rig)).leg.peer == "+4930222222"
        assert "may not dial" in of(rig, AlertCalled)[0].why
        switch_off(rig.centre, by="ana")
    await all_over(rig)


async def test_without_a_free_line_nobody_counts_as_called_and_it_is_tried_again(tmp_path: Path) -> None:
    rig = await centre(tmp_path, call=["+4930111111", "+4930222222"], rounds=1)
    rig.tariffs.why = {"out-1": "limit reached", "out-2": "limit reached"}
    async with alerting(rig):
        switch_on(rig.centre, by="ana")
        await asyncio.sleep(60)
        assert {event.result for event in of(rig, AlertCalled)} == {"no line was free"}
        assert len(of(rig, AlertCalled)) >= 4
        rig.tariffs.why = {}
        await asyncio.sleep(25)
        assert (await outside(rig)).leg.peer == "+4930111111"
        switch_off(rig.centre, by="ana")
    await all_over(rig)


async def test_texts_go_to_all_and_are_tried_until_the_line_takes_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rig = await centre(tmp_path, sms_to=["+49170", "+49171"])
    async with alerting(rig, Texts(refuse=1)) as texts:
        switch_on(rig.centre, by="ana", reason="fire")
        await asyncio.sleep(100)
        assert {number for number, _ in texts.sent} == {"+49170", "+49171"}
        assert all("EMERGENCY MODE, switched on by ana: fire" in text for _, text in texts.sent)
        assert [event.why for event in of(rig, AlertTexted)].count("no line") == 1
    caplog.clear()


async def test_a_restart_goes_on_where_the_alerts_were(tmp_path: Path) -> None:
    rig = await centre(tmp_path, call=["+4930111111", "+4930222222"], sms_to=["+49170"])
    before = [
        EmergencyBegun(by="ana"),
        AlertTexted(number="+49170"),
        AlertCalled(number="+4930111111", call="c", result="not reached"),
    ]
    for event in before:
        rig.bus.publish(event)
    async with alerting(rig) as texts:
        await asyncio.sleep(1)
        assert (await outside(rig)).leg.peer == "+4930222222"
        assert texts.sent == []
        switch_off(rig.centre, by="ana")
    await all_over(rig)


async def test_a_restart_in_an_alert_call_ends_it_and_calls_on(tmp_path: Path) -> None:
    emergency = {"call": ["+4930111111"]}
    rig = await centre(tmp_path, **emergency)
    async with alerting(rig):
        switch_on(rig.centre, by="ana")
        await asyncio.sleep(1)
        (await outside(rig)).answers()
        await asyncio.sleep(1)
        life = await killed(tmp_path, rig, **settings(**emergency))
    async with life.running() as again:
        await asyncio.sleep(3)
        assert life.outcomes() == ["answered"]
        assert again.lines["out-1"].leg is None
