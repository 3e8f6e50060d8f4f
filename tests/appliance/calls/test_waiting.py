"""What a caller hears and may press while waiting, and who is let in, sent on or sent away."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any

import pytest

from appliance.calls.expected import ExpectedWaits
from appliance.events import CallEnded, CallQueued, OfferEnded
from appliance.wait_events import PutThrough, QueueLeft, QueueRefused, WaitPromised
from drivers.virtual import answers, fails
from tests.appliance.calls.rig import CONFIG, PROMPT_SECONDS, Caller, Rig, answers_after
from tests.appliance.calls.steps import all_over, assert_all_free

PROMPTS = ("welcome", "wrong", "music", "music-2", "hello", "comfort-1", "comfort-2", "sorry")
SALES = {"agents": ["ana", "ben"], "ring_seconds": 20, "music": "music"}


def site(queues: dict[str, Any] | None = None, **sales: Any) -> dict[str, Any]:
    """The rig's configuration with these options of queue sales, and these other queues."""
    return {
        "queues": {"sales": {**SALES, **sales}, **(queues or {})},
        "prompts": {name: f"{name}.wav" for name in PROMPTS},
        "outbound": {"calls_a_minute": 100_000, "permission": "all"},
        "box": {**CONFIG["box"], "zone": "UTC"},
    }


def spoken(tmp_path: Path, *names: str) -> None:
    """These were spoken when the box was made; every number is."""
    pieces = [str(n) for n in range(21)]
    words = ("you-are-number", "in-the-queue", "wait-between", "wait-about", "wait-less", "wait-more", "and")
    folder = tmp_path / "spoken" / "en"
    folder.mkdir(parents=True)
    for name in (*pieces, *words, "minute", "minute-many", "to", "pause", "plus", *names):
        (folder / f"{name}.wav").touch()


async def waiting(rig: Rig) -> Caller:
    caller = rig.caller()
    await caller.presses("1")
    return caller


def heard(rig: Rig, caller: Caller) -> list[str]:
    """What the caller was made to hear since the menu."""
    return [name for port, name in rig.media.heard if port == caller.leg.id][1:]


async def left(caller: Caller) -> str:
    caller.leg.remote_hangs_up()
    return await caller.gone()


# --- what is heard ------------------------------------------------------------------------------------


async def test_want_8_music_goes_on_after_the_greeting_and_comfort_messages_in_turn(tmp_path: Path) -> None:
    comfort = ["comfort-1", "comfort-2"]
    rig = Rig(tmp_path, **site(greeting="hello", comfort=comfort, comfort_seconds=10))
    caller = await waiting(rig)
    assert rig.media.heard_now(caller.leg.id) == ["hello"]
    await asyncio.sleep(35)
    assert heard(rig, caller) == [
        "hello",
        "music",
        "comfort-1",
        "music",
        "comfort-2",
        "music",
        "comfort-1",
        "music",
    ]
    assert await left(caller) == "abandoned"
    assert_all_free(rig)


async def test_a_queue_may_have_several_pieces_of_music_each_begins_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **site(music=["music", "music-2"], comfort="comfort-1", comfort_seconds=10))
    caller = await waiting(rig)
    await asyncio.sleep(14)
    assert heard(rig, caller) == ["music", "music-2", "comfort-1", "music-2", "music"]
    await left(caller)


async def test_want_8_a_phone_that_rings_ends_an_announcement_at_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **site(greeting="hello"))
    caller = await waiting(rig)
    await asyncio.sleep(PROMPT_SECONDS / 2)
    assert rig.media.heard_now(caller.leg.id) == ["hello"]
    rig.phones.behave = answers_after(5)
    rig.acd.log_in("ana")
    await asyncio.sleep(0.1)
    assert rig.media.heard_now(caller.leg.id) == ["music"]
    await asyncio.sleep(5)
    assert caller.stage == "talking"
    await left(caller)
    await all_over(rig)


async def test_want_8_nothing_is_said_while_a_phone_rings_and_the_answer_waits_for_nothing(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path, **site(comfort="comfort-1", comfort_seconds=10))
    caller = await waiting(rig)
    rig.phones.behave = answers_after(15)
    rig.acd.log_in("ana")
    await asyncio.sleep(14.9)
    assert "comfort-1" not in heard(rig, caller)
    await asyncio.sleep(0.2)
    assert caller.stage == "talking"
    assert rig.media.heard_now(caller.leg.id) == []
    await left(caller)


async def test_want_8_a_message_is_said_after_a_phone_that_nobody_picked_up(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **site(comfort="comfort-1", comfort_seconds=10))
    caller = await waiting(rig)
    rig.acd.log_in("ana")
    await asyncio.sleep(25)
    assert [e.result for e in rig.events(OfferEnded)] == ["no answer"]
    assert "comfort-1" in heard(rig, caller)
    await left(caller)


async def test_a_missing_announcement_is_left_out(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **site(tell_position=True, tell_wait=True, tell_seconds=10))
    caller = await waiting(rig)
    await asyncio.sleep(30)
    assert heard(rig, caller) == ["music"]
    assert rig.events(WaitPromised) == []
    await left(caller)


# --- position and expected wait -----------------------------------------------------------------------


async def test_want_7_position_and_wait_are_told_as_a_range_and_journalled(tmp_path: Path) -> None:
    spoken(tmp_path)
    rig = Rig(tmp_path, **site(tell_position=True, tell_wait=True))
    rig.acd.log_in("ana")
    rig.phones.behave = answers_after(1)
    first = await waiting(rig)
    await asyncio.sleep(2)
    caller = rig.caller("+15550124")
    await caller.presses("1")
    await asyncio.sleep(3)
    assert first.stage == "talking"
    told = rig.events(WaitPromised)
    assert len(told) == 1
    promise = told[0]
    assert isinstance(promise, WaitPromised)
    low, high = rig.centre.waits.between("sales", 0) or (0, 0)
    assert (promise.low_s, promise.high_s) == (60 * math.ceil(low / 60), 60 * math.ceil(high / 60))
    assert heard(rig, caller)[:3] == ["you-are-number", "1", "in-the-queue"]
    await left(caller)
    await left(first)


class Told(ExpectedWaits):
    """Waits that a test sets: low and high in seconds."""

    now: tuple[float, float] = (60.0, 120.0)
    there = 2.0

    def agents(self, queue: str) -> float:
        return self.there

    def expected(self, queue: str, ahead: int) -> float | None:
        return sum(self.now) / 2

    def between(self, queue: str, ahead: int) -> tuple[float, float] | None:
        return self.now


async def with_waits(tmp_path: Path, **sales: Any) -> tuple[Rig, Told]:
    spoken(tmp_path, "call-back-offer")
    rig = Rig(tmp_path, **site(**{"tell_wait": True, "tell_seconds": 10, **sales}))
    waits = rig.centre.waits = Told(rig.acd)
    return rig, waits


def promises(rig: Rig) -> list[tuple[int, int]]:
    """The minutes that were told."""
    return [
        (round(e.low_s / 60), round(e.high_s / 60))
        for e in rig.events(WaitPromised)
        if isinstance(e, WaitPromised)
    ]


async def test_want_7_the_wait_told_never_rises(tmp_path: Path) -> None:
    rig, waits = await with_waits(tmp_path)
    caller = await waiting(rig)
    await asyncio.sleep(5)
    waits.now = (300.0, 500.0)
    await asyncio.sleep(10)
    waits.now = (10.0, 61.0)
    await asyncio.sleep(10)
    waits.now = (60.0, 120.0)
    await asyncio.sleep(10)
    assert promises(rig) == [(1, 2), (1, 2), (1, 2), (1, 2)]
    waits.now = (10.0, 50.0)
    await asyncio.sleep(10)
    waits.now = (100.0, 150.0)
    await asyncio.sleep(10)
    assert promises(rig)[4:] == [(1, 1), (1, 1)]
    await left(caller)


async def test_want_7_nothing_is_said_when_the_wait_rose_because_agents_left(tmp_path: Path) -> None:
    rig, waits = await with_waits(tmp_path)
    caller = await waiting(rig)
    await asyncio.sleep(5)
    waits.now, waits.there = (300.0, 500.0), 1.0
    await asyncio.sleep(30)
    assert promises(rig) == [(1, 2)]
    await left(caller)


async def test_want_7_nothing_is_said_of_more_than_15_minutes(tmp_path: Path) -> None:
    rig, waits = await with_waits(tmp_path)
    waits.now = (400.0, 901.0)
    caller = await waiting(rig)
    await asyncio.sleep(5)
    assert promises(rig) == []
    waits.now = (400.0, 900.0)
    await asyncio.sleep(10)
    assert promises(rig) == [(7, 15)]
    await left(caller)


async def test_the_call_back_is_announced_when_the_wait_is_long_enough(tmp_path: Path) -> None:
    rig, waits = await with_waits(
        tmp_path, tell_wait=False, keys={"2": "call-back"}, call_back_over_seconds=300
    )
    caller = await waiting(rig)
    await asyncio.sleep(15)
    assert heard(rig, caller) == ["music"]
    waits.now = (300.0, 400.0)
    await asyncio.sleep(10)
    assert heard(rig, caller) == ["music", "call-back-offer", "2", "music"]
    await left(caller)


# --- keys ---------------------------------------------------------------------------------------------


async def test_want_8_a_key_works_while_the_greeting_plays_and_the_place_is_carried(tmp_path: Path) -> None:
    """Want 6: what was waited in one queue counts in the next."""
    support = {"support": {"agents": ["ben"], "music": "music"}}
    rig = Rig(tmp_path, **site(support, greeting="hello", keys={"5": "queue:support"}))
    caller = await waiting(rig)
    place = caller.call.story.place
    await asyncio.sleep(0.5)
    await caller.presses("5")
    assert caller.call.story.queue == "support"
    assert [e.place for e in rig.events(CallQueued)] == [place, place]  # type: ignore[attr-defined]
    assert [(e.why, e.to) for e in rig.events(QueueLeft)] == [("key", "queue:support")]  # type: ignore[attr-defined]
    assert await left(caller) == "abandoned"
    assert_all_free(rig)


async def test_a_key_pressed_twice_in_the_menu_is_none_of_the_queues(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **site(keys={"1": "hangup"}))
    caller = rig.caller()
    await asyncio.sleep(0.5)
    caller.leg.heard("1")
    caller.leg.heard("1")
    await asyncio.sleep(5)
    assert caller.stage == "waiting"
    await left(caller)


async def test_other_keys_do_nothing_and_do_not_cut_a_prompt(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **site(greeting="hello", keys={"5": "hangup"}))
    caller = await waiting(rig)
    await caller.presses("7")
    assert rig.media.heard_now(caller.leg.id) == ["hello"]
    await asyncio.sleep(3)
    await caller.presses("8")
    assert rig.media.heard_now(caller.leg.id) == ["music"]
    await caller.presses("5")
    assert await caller.gone() == "blocked"


async def test_a_key_while_a_phone_rings_takes_the_offer_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **site(keys={"5": "play:sorry"}))
    rig.acd.log_in("ana")
    caller = await waiting(rig)
    await asyncio.sleep(1)
    assert caller.stage == "agent ringing"
    await caller.presses("5")
    await asyncio.sleep(1)
    assert rig.acd.agents["ana"].state.value == "ready"
    assert rig.media.heard_now(caller.leg.id) == ["sorry"]
    await caller.gone()
    assert_all_free(rig)


# --- rules --------------------------------------------------------------------------------------------


async def refused_at_once(tmp_path: Path, **sales: Any) -> tuple[Rig, Caller, list[tuple[str, str]]]:
    rig = Rig(tmp_path, **site(**sales))
    caller = await waiting(rig)
    await asyncio.sleep(0.5)
    return rig, caller, [(e.why, e.to) for e in rig.events(QueueRefused)]  # type: ignore[attr-defined]


async def test_a_full_queue_lets_nobody_in(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **site(max_callers=1, full="play:sorry"))
    first = await waiting(rig)
    second = await waiting(rig)
    assert rig.media.heard_now(second.leg.id)[-1] == "sorry"
    assert await second.gone() == "blocked"
    assert [e.why for e in rig.events(QueueRefused)] == ["full"]  # type: ignore[attr-defined]
    assert await left(first) == "abandoned"


@pytest.mark.parametrize(
    ("counts", "state", "why"),
    [
        ("nobody-logged-in", "offline", ["nobody there"]),
        ("nobody-logged-in", "paused", []),
        ("all-paused", "paused", ["nobody there"]),
        ("all-paused", "ready", []),
        ("never", "offline", []),
    ],
)
async def test_what_counts_as_empty_is_the_queues_to_say(
    tmp_path: Path, counts: str, state: str, why: list[str]
) -> None:
    rig = Rig(tmp_path, **site(empty_when=counts, empty="play:sorry"))
    if state != "offline":
        rig.acd.log_in("ana")
    if state == "paused":
        rig.acd.pause("ana", "lunch")
    caller = await waiting(rig)
    await asyncio.sleep(0.5)
    assert [e.why for e in rig.events(QueueRefused)] == why  # type: ignore[attr-defined]
    await left(caller)
    await all_over(rig)


@pytest.mark.parametrize(("hindrance", "lets_in"), [("on a call", True), ("rest", True), ("no phone", False)])
async def test_who_is_hindered_for_a_moment_is_there(tmp_path: Path, hindrance: str, lets_in: bool) -> None:
    rig = Rig(tmp_path, **site(empty_when="all-paused", empty="play:sorry"))
    rig.acd.log_in("ana")
    rig.acd.hinder("ana", hindrance)
    caller = await waiting(rig)
    assert (caller.stage == "waiting") is lets_in
    await left(caller)


async def test_callers_are_sent_on_when_the_last_agent_leaves_but_not_by_a_phone_that_registers_anew(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path, **site(empty_when="all-paused", empty="play:sorry"))
    rig.acd.log_in("ana")
    rig.phones.behave = answers_after(1)
    speaks = await waiting(rig)
    await asyncio.sleep(2)
    caller = await waiting(rig)
    rig.phones.behave = lambda leg: None
    speaks.leg.remote_hangs_up()
    await asyncio.sleep(11)
    rig.acd.hinder("ana", "no phone")
    await asyncio.sleep(6)
    rig.acd.unhinder("ana", "no phone")
    await asyncio.sleep(6)
    assert rig.events(QueueLeft) == []
    rig.acd.log_out("ana")
    await asyncio.sleep(35)  # the phone that rings rings on
    assert [e.why for e in rig.events(QueueLeft)] == ["nobody there"]  # type: ignore[attr-defined]
    await caller.gone()
    assert_all_free(rig)


async def test_outside_its_hours_a_queue_is_closed_and_a_holiday_may_say_where_to(tmp_path: Path) -> None:
    # the rig's day is 2023-11-14, a Tuesday, 22:30 UTC
    calendars = {"office": {"open": ["mon-fri 09:00-18:00"], "holidays": ["2023-11-14 Feast -> play:hello"]}}
    changes = {**site(hours="office", closed="play:sorry"), "calendars": calendars}
    rig = Rig(tmp_path, **changes)
    caller = await waiting(rig)
    assert rig.media.heard_now(caller.leg.id) == ["hello"]
    assert await caller.gone() == "blocked"
    calendars["office"]["holidays"] = []
    (tmp_path / "2").mkdir()
    rig = Rig(tmp_path / "2", **changes)
    caller = await waiting(rig)
    assert rig.media.heard_now(caller.leg.id) == ["sorry"]
    assert await caller.gone() == "blocked"
    assert [e.outcome for e in rig.events(CallEnded)] == ["blocked"]  # type: ignore[attr-defined]


async def test_a_circle_of_closed_queues_lets_the_caller_go_and_stops_nobody(tmp_path: Path) -> None:
    support = {"support": {"agents": ["ben"], "hours": "never", "closed": "queue:sales"}}
    changes = {**site(support, hours="never", closed="queue:support"), "calendars": {"never": {}}}
    rig = Rig(tmp_path, **changes)  # `callbox check` refuses it; a calendar that changes may still make one
    caller = await waiting(rig)
    assert await caller.gone() == "blocked"
    assert 10 < len(rig.events(QueueRefused)) < 30
    assert_all_free(rig)


@pytest.mark.parametrize(("there", "goes"), [((0.0, 100.0), True), ((200.0, 300.0), False)])
async def test_overflow_by_expected_wait_only_where_it_is_better(
    tmp_path: Path, there: tuple[float, float], goes: bool
) -> None:
    class Waits(Told):
        def expected(self, queue: str, ahead: int) -> float | None:
            return sum(self.now if queue == "sales" else there) / 2

    rules = {"overflow": "queue:support", "overflow_expected_seconds": 60, "overflow_cost_seconds": 30}
    rig = Rig(tmp_path, **site({"support": {"agents": ["ben"]}}, **rules))
    waits = rig.centre.waits = Waits(rig.acd)
    waits.now = (200.0, 300.0)
    caller = await waiting(rig)
    assert caller.call.story.queue == ("support" if goes else "sales")
    if not goes:
        waits.now = (400.0, 600.0)
        await asyncio.sleep(3)
        assert caller.call.story.queue == "support"
    await left(caller)


async def test_the_last_resort_is_a_number_over_the_boxs_own_permission(tmp_path: Path) -> None:
    rig = await Rig(tmp_path, **site(max_wait_seconds=5, overflow="number:+4930123456")).opened()
    rig.lines["out-1"].script = answers(2.0)
    caller = await waiting(rig)
    await asyncio.sleep(6)
    assert rig.media.heard_now(caller.leg.id) == ["ringback of de"]
    await asyncio.sleep(3)
    assert caller.stage == "talking"
    assert caller.call.parties[1].number == "+4930123456"
    assert not caller.call.story.offered  # no queue found him
    rig.lines["out-1"].dialled.get_nowait().remote_hangs_up()
    assert await caller.gone() == "answered"
    assert len(rig.events(PutThrough)) == 1
    assert_all_free(rig)


@pytest.mark.parametrize("way", ["busy", "not permitted"])
async def test_a_last_resort_that_cannot_be_reached_ends_the_call(tmp_path: Path, way: str) -> None:
    changes = site(max_wait_seconds=5, overflow="number:+4930123456")
    if way == "not permitted":
        changes["outbound"] = {}
    rig = await Rig(tmp_path, **changes).opened()
    rig.lines["out-1"].script = fails()
    caller = await waiting(rig)
    await asyncio.sleep(10)
    assert await caller.gone() == "blocked"
    await all_over(rig)


async def test_a_caller_who_hangs_up_while_put_through_leaves_nothing_behind(tmp_path: Path) -> None:
    rig = await Rig(tmp_path, **site(max_wait_seconds=5, overflow="number:+4930123456")).opened()
    rig.lines["out-1"].script = answers(20.0)
    caller = await waiting(rig)
    await asyncio.sleep(8)
    assert caller.stage == "put through outside"
    assert await left(caller) == "abandoned"
    await all_over(rig)
