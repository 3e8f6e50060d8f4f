"""A caller in a flow: what is heard, pressed, learned and told, and where a killed brain goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from appliance.api.snapshot import call_row
from appliance.events import CallEnded
from appliance.flow_events import (
    CallerTexted,
    FactLearned,
    FlowEntered,
    FlowLeft,
    LookupEnded,
    PinTried,
    SurveyAnswered,
)
from appliance.flows.actions import Answer, History
from appliance.flows.answers import LookupFailed
from drivers.port import LegState
from tests.appliance.calls.rig import CONFIG, Caller, Rig, ScriptedPhone, answers_after
from tests.appliance.calls.second_life import killed
from tests.appliance.calls.steps import assert_all_free, replayed, talking

PROMPTS = ("hello", "ask", "number", "again", "pin", "wrong", "music", "welcome", "nps", "thanks", "tongue")
NODES: dict[str, dict[str, Any]] = {
    "hello": {"do": "play", "prompt": "hello", "next": "ask"},
    "ask": {
        "do": "menu",
        "prompt": "ask",
        "keys": {"1": "number", "2": "known", "3": "pin", "4": "tongue", "5": "text", "6": "past"},
        "otherwise": "queue:sales",
    },
    "number": {"do": "digits", "prompt": "number", "into": "order", "next": "again", "least": 3, "most": 5},
    "again": {"do": "play", "prompt": "again", "next": "queue:sales"},
    "known": {"do": "lookup", "lookup": "crm", "music": "music", "next": "again", "error": "hello"},
    "pin": {
        "do": "pin",
        "prompt": "pin",
        "fact": "secret.pin",
        "tries": 2,
        "attempts": 2,
        "next": "again",
        "otherwise": "hangup",
    },
    "tongue": {"do": "language", "prompt": "tongue", "keys": {"1": "en", "2": "zh"}, "next": "again"},
    "text": {"do": "sms", "text": "Your number is {caller}.", "next": "text2", "error": "queue:sales"},
    "text2": {"do": "sms", "text": "Again.", "next": "text", "error": "queue:sales"},
    "past": {"do": "when", "cases": [{"calls": 2, "go": "again"}], "otherwise": "hangup"},
}
NPS = {
    "score": {"do": "question", "prompt": "nps", "metric": "nps", "question": "again", "next": "bye"},
    "bye": {"do": "play", "prompt": "thanks", "next": "hangup", "goal": True},
}
SITE: dict[str, Any] = {
    "flows": {"main": {"start": "hello", "nodes": NODES}, "nps": {"start": "score", "nodes": NPS}},
    "lookups": {"crm": {"url": "http://127.0.0.1:1/{caller}", "facts": {"customer": "name"}}},
    "menus": {"main": {"prompt": "welcome", "keys": {"1": "flow:main", "2": "flow:nps"}}},
    "prompts": {**{name: f"{name}.wav" for name in PROMPTS}, "zh/again": "zh-again.wav"},
}


class Answers:
    """In the place of lookups: gives what it is told, after a while."""

    def __init__(self, answer: Answer | None, seconds: float = 1.0) -> None:
        self.answer, self.seconds = answer, seconds
        self.asked: list[dict[str, str]] = []

    async def ask(self, name: str, facts: Any) -> Answer:
        self.asked.append(dict(facts))
        await asyncio.sleep(self.seconds)
        if self.answer is None:
            raise LookupFailed("no answer within 3 s")
        return self.answer


async def in_flow(rig: Rig, key: str = "1", number: str = "+15550123") -> Caller:
    """A caller for whom the flow has just begun."""
    caller = rig.caller(number)
    await caller.presses(key)
    return caller


def told(rig: Rig, *kinds: type) -> list[Any]:
    return list(rig.events(*kinds))


async def test_a_caller_walks_through_a_flow_to_a_queue_and_all_of_it_is_told(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **SITE)
    caller = await in_flow(rig)
    assert call_row(caller.call, rig.centre)["node"] == "main/hello"
    await caller.presses("1", after=3)
    await caller.presses("4", after=3)
    for key in "711#":
        await caller.presses(key, after=0.2)
    await asyncio.sleep(3)
    assert caller.stage == "waiting"
    assert caller.call.story.facts == {"order": "4711"}
    assert call_row(caller.call, rig.centre)["node"] == ""
    assert [name for _, name in rig.media.heard][-5:-1] == ["hello", "ask", "number", "again"]
    assert [(e.node, e.by, e.to) for e in told(rig, FlowLeft)] == [
        ("hello", "next", "flow:main/ask"),
        ("ask", "1", "flow:main/number"),
        ("number", "next", "flow:main/again"),
        ("again", "next", "queue:sales"),
    ]
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "abandoned"
    assert_all_free(rig)


async def test_want_8_keys_count_while_a_prompt_plays_and_typed_ahead_are_kept(tmp_path: Path) -> None:
    """want 8: a key is never ignored because an announcement plays."""
    rig = Rig(tmp_path, **SITE)
    caller = await in_flow(rig)
    for key in "1123#":  # all while the first prompt plays
        caller.leg.heard(key)
    await asyncio.sleep(5)
    assert caller.call.story.facts == {"order": "123"}
    assert caller.stage == "waiting"
    caller.leg.remote_hangs_up()
    await caller.gone()


async def test_a_caller_who_says_nothing_is_led_on(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **SITE)
    caller = await in_flow(rig)
    await asyncio.sleep(40)
    assert caller.stage == "waiting"
    assert told(rig, FlowLeft)[-1].by == "timeout"
    caller.leg.remote_hangs_up()
    await caller.gone()


@pytest.mark.parametrize("after", [0.01, 1.0, 2.5, 5.0, 6.5, 8.0, 10.0])
async def test_a_caller_may_leave_at_any_moment(tmp_path: Path, after: float) -> None:
    rig = Rig(tmp_path, **SITE)
    caller = await in_flow(rig)
    caller.leg.heard("1")
    await asyncio.sleep(after)
    caller.leg.remote_hangs_up()
    assert await caller.gone() in ("menu", "abandoned")
    assert_all_free(rig)


async def test_a_lookup_plays_music_and_teaches_facts(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **SITE)
    rig.centre.outside.lookups = answers = Answers(Answer({"customer": "Ana\x07" + "x" * 999}))  # type: ignore[assignment]
    caller = await in_flow(rig)
    caller.leg.heard("2")
    await asyncio.sleep(2.5)
    assert rig.media.heard_now(caller.leg.id) == ["music"]
    await asyncio.sleep(4)
    customer = caller.call.story.facts["customer"]
    assert (customer[:5], len(customer)) == ("Anaxx", 256)
    assert answers.asked[0]["caller"] == "+15550123"
    assert told(rig, LookupEnded)[0].seconds == pytest.approx(1.0, abs=0.1)
    caller.leg.remote_hangs_up()
    await caller.gone()


async def test_a_lookup_that_fails_takes_the_way_of_errors(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **SITE)
    rig.centre.outside.lookups = Answers(None, 3.0)  # type: ignore[assignment]
    caller = await in_flow(rig)
    caller.leg.heard("2")
    await asyncio.sleep(6)
    assert told(rig, LookupEnded)[0].why == "no answer within 3 s"
    assert (told(rig, FlowLeft)[-1].by, caller.call.story.node) == ("error", "main/hello")
    caller.leg.remote_hangs_up()
    await caller.gone()


async def try_pin(rig: Rig, typed: str, number: str = "+15550123") -> Caller:
    caller = await in_flow(rig, number=number)
    caller.call.secrets["secret.pin"] = "2468"
    for key in "3" + typed:
        caller.leg.heard(key)
    await asyncio.sleep(4)
    return caller


async def test_a_pin_is_in_no_event_and_its_tries_are_counted_by_number(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **SITE)
    first = await try_pin(rig, "9876#")
    first.leg.remote_hangs_up()
    await first.gone()
    second = await try_pin(rig, "2468#")
    assert second.stage == "waiting" or second.call.story.node == "main/again"
    second.leg.remote_hangs_up()
    await second.gone()
    third = await try_pin(rig, "9875#")
    assert third.call.story.node == "main/pin"
    third.leg.remote_hangs_up()
    await third.gone()
    last = await try_pin(rig, "2468#")  # right, but two wrong ones came from this number
    assert await last.gone() == "menu"
    assert told(rig, FlowLeft)[-1].by == "locked"
    other = await try_pin(rig, "2468#", "+15559999")
    assert other.call.story.node != "main/pin"
    other.leg.remote_hangs_up()
    await other.gone()
    assert [event.right for event in told(rig, PinTried)] == [False, True, False, True]
    written = repr(rig.events())
    assert not any(pin in written for pin in ("2468", "9876", "9875"))
    assert_all_free(rig)


async def test_a_language_is_that_of_the_prompts_that_follow(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **SITE)
    caller = await in_flow(rig)
    caller.leg.heard("4")
    caller.leg.heard("2")
    await asyncio.sleep(4)
    assert rig.media.heard[-1][1] in ("zh-again", "music")
    assert "zh-again" in [name for _, name in rig.media.heard]
    assert told(rig, FactLearned)[0].value == "zh"
    caller.leg.remote_hangs_up()
    await caller.gone()


async def test_a_caller_gets_three_messages_at_most(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **{**SITE, "box": {"country": "us"}})
    sent: list[tuple[str, str, str]] = []

    async def send(line: str, number: str, text: str) -> str:
        sent.append((line, number, text))
        return ""

    rig.centre.outside._send_text = send
    caller = await in_flow(rig, number="+12125550123")
    caller.leg.heard("5")
    await asyncio.sleep(4)
    assert sent == [
        ("gsm-1", "+12125550123", "Your number is +12125550123."),
        ("gsm-1", "+12125550123", "Again."),
        ("gsm-1", "+12125550123", "Your number is +12125550123."),
    ]
    assert caller.stage == "waiting"
    assert [bool(event.why) for event in told(rig, CallerTexted)] == [False, False, False, True]
    caller.leg.remote_hangs_up()
    await caller.gone()


async def test_a_message_goes_to_no_dear_or_foreign_number(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **SITE)
    for number in ("+19005550123", "+8816123456", "", "anonymous", "\ud800\x1b[2J", "9" * 999):
        caller = await in_flow(rig, number=number)
        caller.leg.heard("5")
        await asyncio.sleep(3)
        assert told(rig, CallerTexted)[-1].why == "no ordinary number of this country"
        caller.leg.remote_hangs_up()
        await caller.gone()


async def test_earlier_calls_decide(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **SITE)

    async def history(number: str, days: int, wall_s: float, *, but: str) -> History:
        return History(2 if number == "+15550123" else 0)

    rig.centre.outside.history = history  # type: ignore[method-assign]
    caller = await in_flow(rig)
    caller.leg.heard("6")
    await asyncio.sleep(4)
    assert told(rig, FlowLeft)[1].by == "6"
    assert "again" in [name for _, name in rig.media.heard]
    caller.leg.remote_hangs_up()
    await caller.gone()


@pytest.mark.parametrize(("after", "node"), [(1.0, "main/hello"), (3.0, "main/ask"), (5.5, "main/number")])
async def test_a_caller_found_up_in_a_flow_goes_on_at_the_node(
    tmp_path: Path, after: float, node: str
) -> None:
    rig = Rig(tmp_path, **SITE)
    caller = Caller(rig, "+15550123", leg=ScriptedPhone(id="c-1", peer="+15550123", state=LegState.RINGING))
    await caller.presses("1")
    if after > 5:
        await caller.presses("1", after=4)
    await asyncio.sleep(after if after < 5 else 1)
    assert caller.call.story.node == node
    life = await killed(tmp_path, rig, caller.leg, **SITE)
    async with life.running() as second:
        entered = [f"{event.flow}/{event.node}" for event in told(second, FlowEntered)]
        assert entered[0] == node
        life.callers[0].remote_hangs_up()
        await asyncio.sleep(2)
    assert life.outcomes() == ["menu"]


async def test_replaying_the_journal_gives_the_same_story_with_its_facts(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **SITE)
    caller = await in_flow(rig)
    for key in "1123#":
        caller.leg.heard(key)
    await asyncio.sleep(3)
    assert replayed(rig, caller.call.id) == caller.call.story
    caller.leg.remote_hangs_up()
    await caller.gone()


async def test_flows_and_queues_that_lead_round_at_once_let_the_caller_go(tmp_path: Path) -> None:
    round_about = {
        **SITE,
        "flows": {"main": {"start": "on", "nodes": {"on": {"do": "go", "to": "menu:main"}}}},
        "menus": {"main": {"prompt": "welcome", "keys": {"1": "flow:main"}, "otherwise": "flow:main",
                           "attempts": 1, "wait_seconds": 0.0}},
    }  # fmt: skip
    rig = Rig(tmp_path, **round_about)
    caller = rig.caller()
    for _ in range(100):
        caller.leg.heard("1")
    assert await caller.gone() == "menu"
    assert len(told(rig, FlowEntered)) < 25
    assert_all_free(rig)


async def test_the_survey_after_a_call_is_asked_when_the_agent_hangs_up(tmp_path: Path) -> None:
    queues = {"sales": {**CONFIG["queues"]["sales"], "survey": "flow:nps"}}
    menus = {"main": {"prompt": "welcome", "keys": {"1": "queue:sales"}}}
    rig = Rig(tmp_path, **{**SITE, "queues": queues, "menus": menus})
    caller, phone = await talking(rig)
    phone.remote_hangs_up()
    await asyncio.sleep(0.5)
    assert (caller.stage, caller.call.story.node) == ("menu", "nps/score")
    assert rig.acd.agents["ana"].state.value == "wrap-up"
    caller.leg.heard("1")
    caller.leg.heard("0")
    assert await caller.gone() == "answered"
    [answered] = told(rig, SurveyAnswered)
    assert (answered.metric, answered.question, answered.answer) == ("nps", "again", 10)
    assert told(rig, CallEnded)[0].by == "box"
    assert_all_free(rig)


async def test_a_caller_who_hangs_up_first_is_asked_nothing(tmp_path: Path) -> None:
    queues = {"sales": {**CONFIG["queues"]["sales"], "survey": "flow:nps"}}
    menus = {"main": {"prompt": "welcome", "keys": {"1": "queue:sales"}}}
    rig = Rig(tmp_path, **{**SITE, "queues": queues, "menus": menus})
    rig.phones.behave = answers_after(1)
    caller, _ = await talking(rig)
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "answered"
    assert told(rig, FlowEntered) == []
    assert_all_free(rig)


async def test_a_survey_goes_on_after_a_kill_and_the_call_stays_answered(tmp_path: Path) -> None:
    queues = {"sales": {**CONFIG["queues"]["sales"], "survey": "flow:nps"}}
    menus = {"main": {"prompt": "welcome", "keys": {"1": "queue:sales"}}}
    site = {**SITE, "queues": queues, "menus": menus}
    rig = Rig(tmp_path, **site)
    caller, phone = await talking(rig)
    phone.remote_hangs_up()
    await asyncio.sleep(1)
    assert caller.call.story.node == "nps/score"
    life = await killed(tmp_path, rig, caller.leg, **site)
    async with life.running() as second:
        assert told(second, FlowEntered)[0].node == "score"
        life.callers[0].heard("9")
        await asyncio.sleep(4)
        assert [event.answer for event in told(second, SurveyAnswered)] == [9]
    assert life.outcomes() == ["answered"]
