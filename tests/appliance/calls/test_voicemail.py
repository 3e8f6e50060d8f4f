"""Callers leave messages: what they hear and may press, what is kept, and that nothing of it gets lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.events import CallEnded, Event
from appliance.store.derive import derive
from appliance.store.legs import LegOutcome
from appliance.voicemail_events import (
    MessageBegun,
    MessageDropped,
    MessageHeard,
    MessageLeft,
    PinRefused,
)
from drivers.port import EndCause, LegState
from dsp import wav
from tests.appliance.calls.rig import Caller, Rig
from tests.appliance.calls.second_life import killed
from tests.appliance.calls.steps import assert_all_free, replayed

SENTENCES = (
    *("voicemail-greeting", "voicemail-review", "voicemail-kept", "voicemail-full", "voicemail-unavailable"),
    *("voicemail-pin", "voicemail-wrong-pin", "voicemail-none", "voicemail-new", "voicemail-old"),
    *("voicemail-keys", "voicemail-deleted", "voicemail-end"),
)
MENU = {"prompt": "welcome", "keys": {"5": "voicemail:office", "1": "queue:sales"}, "attempts": 1}
BOX: dict[str, Any] = {"agents": ["ana"], "silence_seconds": 0, "pin": "4711"}
FULL_GREETING = 2.2  # s, with the beep


async def at_once(work: Callable[..., Any], *arguments: Any) -> Any:
    return work(*arguments)


def centre(tmp_path: Path, **box: Any) -> Rig:
    """A centre whose menu leads to the mailbox "office" with key 5; `box` changes its settings."""
    rig = Rig(tmp_path, **settings(**box))
    prepare(rig, tmp_path)
    return rig


def settings(**box: Any) -> dict[str, Any]:
    prompts = {name: f"{name}.wav" for name in ("welcome", "music", *SENTENCES)}
    queue = {"agents": ["ana"], "max_wait_seconds": 20, "overflow": "voicemail:office"}
    return {
        "menus": {"main": MENU},
        "queues": {"sales": queue},
        "prompts": prompts,
        "voicemail": {"office": {**BOX, **box}},
    }


def prepare(rig: Rig, tmp_path: Path) -> None:
    rig.centre.aside = at_once
    rig.centre.mailboxes.folder = tmp_path / "voicemail"


async def speaking(rig: Rig) -> Caller:
    """A caller after the beep."""
    caller = rig.caller()
    await caller.presses("5")
    await asyncio.sleep(FULL_GREETING + 0.5)
    assert rig.events(MessageBegun)
    return caller


def heard(rig: Rig) -> list[str]:
    return [name for _, name in rig.media.heard]


def of(rig: Rig, kind: type[Event]) -> list[Any]:
    return list(rig.events(kind))


async def test_a_caller_who_hangs_up_has_left_a_message(tmp_path: Path) -> None:
    rig = centre(tmp_path, sms_to=["+4930111"], mail_to=["a@b.de"], hook=["/bin/true"])
    caller = await speaking(rig)
    assert caller.stage == "leaving a message"
    await asyncio.sleep(5)
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "voicemail"
    [left] = of(rig, MessageLeft)
    assert 5 < left.seconds < 6
    assert (left.mailbox, left.caller) == ("office", "+15550123")
    assert left.notify == ["sms:+4930111", "mail:a@b.de", "hook:"]
    [message] = rig.centre.mailboxes.messages("office")
    assert message.is_new
    assert message.paths == (str(tmp_path / "voicemail" / "office" / f"{left.message}.wav"),)
    assert_all_free(rig)


async def test_the_message_can_be_heard_and_spoken_again_before_it_is_kept(tmp_path: Path) -> None:
    rig = centre(tmp_path)
    caller = await speaking(rig)
    await caller.presses("#", after=4)
    await caller.presses("1")
    assert Path(heard(rig)[-2]).name.startswith(caller.call.id)
    assert heard(rig)[-1] == "voicemail-review"
    await caller.presses("2")
    await asyncio.sleep(6)
    await caller.presses("#")
    await caller.presses("3")
    assert await caller.gone() == "voicemail"
    assert heard(rig)[-1] == "voicemail-kept"
    assert [dropped.why for dropped in of(rig, MessageDropped)] == ["recorded again"]
    [left] = of(rig, MessageLeft)
    assert left.message != of(rig, MessageDropped)[0].message
    assert 5.5 < left.seconds < 7
    assert_all_free(rig)


async def test_a_message_that_is_too_short_is_not_kept(tmp_path: Path) -> None:
    rig = centre(tmp_path)
    caller = await speaking(rig)
    await asyncio.sleep(0.5)
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "menu"
    assert of(rig, MessageLeft) == []
    [dropped] = of(rig, MessageDropped)
    assert len(dropped.paths) == 1


async def test_the_longest_message_ends_by_itself_and_no_key_keeps_it(tmp_path: Path) -> None:
    rig = centre(tmp_path, most_seconds=30)
    caller = await speaking(rig)
    assert await caller.gone() == "voicemail"
    assert of(rig, MessageLeft)[0].seconds == pytest.approx(30, abs=0.2)


async def test_silence_ends_a_message(tmp_path: Path) -> None:
    rig = centre(tmp_path, silence_seconds=4)
    caller = await speaking(rig)
    path = Path(caller.call.story.draft.paths[-1]) if caller.call.story.draft else Path()
    wav.write(path, b"\0\0" * 16000, 2)
    await asyncio.sleep(1.5)
    assert caller.call.story.draft is not None
    assert caller.call.story.draft.seconds is None
    wav.write(path, b"\0\0" * 8000 * 2 * 6, 2)
    await asyncio.sleep(1.5)
    assert heard(rig)[-1] == "voicemail-review"
    assert await caller.gone() == "voicemail"


async def test_a_storm_of_keys_is_part_of_the_message(tmp_path: Path) -> None:
    rig = centre(tmp_path)
    rig.media._link.up.set()
    caller = await speaking(rig)
    for _ in range(200):
        caller.leg.heard("5")
        await asyncio.sleep(0.001)
    await asyncio.sleep(3)
    assert caller.stage == "leaving a message"
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "voicemail"


async def test_a_disk_that_fills_ends_the_message_and_the_caller_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rig = centre(tmp_path)
    rig.media._link.up.set()
    caller = await speaking(rig)
    assert await caller.gone() == "voicemail"
    assert heard(rig)[-1] == "voicemail-unavailable"
    assert "Make room on the disk" in caplog.text
    caplog.clear()


async def test_a_caller_whose_message_cannot_be_begun_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = centre(tmp_path)
    rig.media._link.up.set()
    monkeypatch.setattr(rig.media, "recording", lambda *_, **__: contextlib.nullcontext())
    caller = rig.caller()
    await caller.presses("5")
    assert await caller.gone() == "menu"
    assert heard(rig)[-1] == "voicemail-unavailable"
    assert of(rig, MessageLeft) == []
    caplog.clear()


async def test_a_full_box_leads_on_and_takes_nothing(tmp_path: Path) -> None:
    rig = centre(tmp_path, most_messages=1, otherwise="play:music")
    first = await speaking(rig)
    await asyncio.sleep(3)
    first.leg.remote_hangs_up()
    await first.gone()
    second = rig.caller("+15550124")
    await second.presses("5")
    assert await second.gone() == "menu"
    assert heard(rig)[-2:] == ["voicemail-full", "music"]
    assert len(of(rig, MessageLeft)) == 1


@pytest.mark.parametrize("free", [0, None])
async def test_a_disk_without_room_takes_no_message(
    free: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rig = centre(tmp_path)
    if free is None:
        rig.centre.mailboxes.folder = tmp_path / "a-file" / "voicemail"
        (tmp_path / "a-file").touch()
    else:
        monkeypatch.setattr("appliance.calls.voicemail._free_bytes", lambda folder: free)
    caller = rig.caller()
    await caller.presses("5")
    assert await caller.gone() == "menu"
    assert heard(rig)[-1] == "voicemail-unavailable"
    assert of(rig, MessageBegun) == []
    caplog.clear()


async def test_a_wait_too_long_flows_out_into_the_mailbox(tmp_path: Path) -> None:
    rig = centre(tmp_path)
    caller = rig.caller()
    await caller.presses("1")
    await asyncio.sleep(20 + FULL_GREETING + 5)
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "voicemail"
    progress = derive(caller.call.id, [s for s in rig.stamped if s.event.call_id == caller.call.id])
    [leg] = progress.legs.legs
    assert leg.outcome is LegOutcome.FLOWED_OUT
    assert progress.row.outcome == "voicemail"
    assert progress.row.wait_ms == pytest.approx(20_000, abs=100)
    assert replayed(rig, caller.call.id) == caller.call.story


async def test_an_owner_listens_from_outside_with_the_pin_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    rig = centre(tmp_path)
    first = await speaking(rig)
    await asyncio.sleep(3)
    first.leg.remote_hangs_up()
    await first.gone()
    owner = rig.caller("+15550199")
    await owner.presses("5")
    await owner.presses("*", after=0.2)
    for digit in "1234":
        await owner.presses(digit, after=0.2)
    assert heard(rig)[-1] == "voicemail-wrong-pin"
    for digit in "4711":
        await owner.presses(digit, after=0.2)
    assert "voicemail-new" in heard(rig)
    await owner.presses("3", after=1)
    assert await owner.gone() == "menu"
    assert len(of(rig, PinRefused)) == 1
    assert [event.by for event in of(rig, MessageHeard)] == ["pin"]
    assert rig.centre.mailboxes.messages("office") == []


async def test_ten_wrong_pins_close_the_way_for_an_hour(tmp_path: Path) -> None:
    rig = centre(tmp_path)
    for _ in range(10):
        rig.bus.publish(PinRefused(mailbox="office"))
    owner = rig.caller()
    await owner.presses("5")
    await owner.presses("*", after=0.2)
    await asyncio.sleep(FULL_GREETING)
    assert of(rig, MessageBegun)  # an ordinary caller, then
    owner.leg.remote_hangs_up()
    await owner.gone()
    assert not rig.centre.mailboxes.is_locked("office", rig.clock.wall() + 3600)


async def test_a_restart_of_the_brain_goes_on_with_the_message(tmp_path: Path) -> None:
    rig = centre(tmp_path)
    caller = await speaking(rig)
    await asyncio.sleep(4)
    life = await killed(tmp_path, rig, caller.leg, **settings())
    prepare(life.rig, tmp_path)
    async with life.running() as again:
        [call] = again.centre.calls.values()
        assert call.story.stage.value == "leaving a message"
        assert again.media.recording_ids() == [rig.events(MessageBegun)[0].message]  # type: ignore[attr-defined]
        await asyncio.sleep(2)
        life.callers[0].remote_hangs_up()
        await asyncio.sleep(1)
        assert life.outcomes() == ["voicemail"]
        [left] = of(again, MessageLeft)
    assert left.seconds > 4


async def test_a_caller_who_left_while_the_brain_was_away_has_left_a_message(tmp_path: Path) -> None:
    rig = centre(tmp_path, least_seconds=1)
    caller = await speaking(rig)
    draft = caller.call.story.draft
    assert draft is not None
    wav.write(draft.paths[0], b"\0\0" * 2 * 8000 * 5, 2)
    life = await killed(tmp_path, rig, **settings(least_seconds=1))
    prepare(life.rig, tmp_path)
    async with life.running() as again:
        assert life.outcomes() == ["voicemail"]
        assert of(again, MessageLeft)[0].seconds == 5.0


async def test_an_engine_that_died_begins_another_file_of_the_same_message(tmp_path: Path) -> None:
    rig = centre(tmp_path)
    caller = await speaking(rig)
    draft = caller.call.story.draft
    assert draft is not None
    Path(draft.paths[0]).parent.mkdir(parents=True, exist_ok=True)
    wav.write(draft.paths[0], b"\0\0" * 2 * 8000, 2)
    await asyncio.sleep(2)
    rig.media.recordings.declare_all()  # a new engine has met the brain
    await asyncio.sleep(3)
    caller.leg.remote_hangs_up()
    assert await caller.gone() == "voicemail"
    [left] = of(rig, MessageLeft)
    assert [Path(path).name for path in left.paths] == [f"{left.message}.wav", f"{left.message}-2.wav"]
    assert 5 < left.seconds < 6


async def test_a_lost_line_keeps_what_was_said(tmp_path: Path) -> None:
    rig = centre(tmp_path)
    caller = await speaking(rig)
    await asyncio.sleep(4)
    caller.leg.moved(LegState.ENDED, EndCause.PORT_LOST)
    assert await caller.gone() == "voicemail"
    assert len(of(rig, MessageLeft)) == 1
    assert [event.by for event in of(rig, CallEnded)] == ["line"]
