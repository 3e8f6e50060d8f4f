"""An agent listens to messages with *98: keys for again, next, delete and calling back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from appliance.calls.phone_codes import SERVICES, serve
from appliance.calls.voicemail_listen import about
from appliance.events import CallArrived, CallConnected
from appliance.voicemail_events import MessageDeleted, MessageHeard, MessageLeft
from drivers.port import LegState
from drivers.virtual import FarEnd
from tests.appliance.calls.rig import Rig, ScriptedPhone
from tests.appliance.calls.steps import all_over
from tests.appliance.calls.test_voicemail import SENTENCES, settings


async def listening(tmp_path: Path, agent: str = "ana", messages: int = 2) -> tuple[Rig, ScriptedPhone]:
    """An agent who has dialled *98; the messages are of two seconds each."""
    rig = await Rig(tmp_path, **settings()).opened()
    for number in range(1, messages + 1):
        paths = [str(tmp_path / f"m{number}.wav")]
        left = MessageLeft(
            mailbox="office", message=f"m{number}", seconds=2, caller="+4930123456", paths=paths
        )
        rig.bus.publish(left)
        await asyncio.sleep(1)
    leg = ScriptedPhone(id="ana-listens", peer="sip:ana@x", state=LegState.RINGING, called="*98")
    rig.phones.calling.append(leg)
    rig.visits.append(asyncio.create_task(serve(SERVICES["*98"], leg, agent, rig.centre)))
    await asyncio.sleep(3)  # what it is about takes two
    return rig, leg


def heard(rig: Rig) -> list[str]:
    return [name for _, name in rig.media.heard]


async def presses(leg: ScriptedPhone, key: str) -> None:
    leg.heard(key)
    await asyncio.sleep(0.5)


async def test_messages_play_one_after_the_other_oldest_first(tmp_path: Path) -> None:
    rig, leg = await listening(tmp_path)
    assert heard(rig) == ["voicemail-new", "m1", "voicemail-keys"]
    assert rig.centre.mailboxes.new("office") == 1
    await presses(leg, "1")
    assert heard(rig)[-2:] == ["m1", "voicemail-keys"]
    await presses(leg, "2")
    await asyncio.sleep(2)
    assert "m2" in heard(rig)
    await asyncio.sleep(60)  # no key: on to the end
    assert heard(rig)[-1] == "voicemail-end"
    assert [event.message for event in rig.events(MessageHeard)] == ["m1", "m2"]  # type: ignore[attr-defined]
    assert leg.state is LegState.ENDED
    await all_over(rig)


async def test_when_it_was_left_and_by_whom_is_said_where_it_can_be(tmp_path: Path) -> None:
    rig = Rig(tmp_path, **settings())
    left = MessageLeft(mailbox="office", message="m1", seconds=2, caller="+4930", paths=[])
    rig.bus.publish(left)
    [message] = rig.centre.mailboxes.messages()
    asked: list[list[str]] = []
    rig.centre.prompts.paths = lambda names: asked.append(list(names)) or []  # type: ignore[method-assign, func-returns-value, assignment]
    about(message, rig.centre, "en")
    old = replace(message, left_s=message.left_s - 3 * 86400)
    about(old, rig.centre, "en")
    today, number, day, _ = asked
    assert number == ["en/voicemail-from", "en/plus", "en/4", "en/9", *number[4:]]
    assert len(day) > len(today)
    about(message, rig.centre, "ru")
    assert asked[-1][:3] == ["ru/voicemail-from", "ru/plus", "ru/4"]


async def test_a_message_is_deleted_with_3(tmp_path: Path) -> None:
    rig, leg = await listening(tmp_path)
    await presses(leg, "3")
    assert [message.message for message in rig.centre.mailboxes.messages()] == ["m2"]
    [gone] = rig.events(MessageDeleted)
    assert gone.paths == [str(tmp_path / "m1.wav")]  # type: ignore[attr-defined]
    leg.remote_hangs_up()
    await all_over(rig)


async def test_the_caller_is_called_back_with_4_over_the_dial_plan(tmp_path: Path) -> None:
    rig, leg = await listening(tmp_path)
    await presses(leg, "4")
    far: FarEnd = rig.lines["out-1"].dialled.get_nowait()
    assert rig.media.heard_now(leg.id) == ["ringback of de"]
    far.answers()
    await asyncio.sleep(1)
    assert [event.number for event in rig.events(CallConnected)] == ["+4930123456"]  # type: ignore[attr-defined]
    assert rig.media.heard_now(leg.id) == []
    leg.remote_hangs_up()
    await all_over(rig)
    assert len(rig.events(CallArrived)) == 1


async def test_who_owns_no_mailbox_hears_nothing_of_any(tmp_path: Path) -> None:
    rig, leg = await listening(tmp_path, agent="ben")
    await asyncio.sleep(3)
    assert leg.state is LegState.ENDED
    assert not any(name.startswith("m") for name in heard(rig))
    await all_over(rig)


async def test_an_empty_mailbox_says_so(tmp_path: Path) -> None:
    rig, leg = await listening(tmp_path, messages=0)
    assert heard(rig) == ["voicemail-none"]
    assert leg.state is LegState.ENDED
    assert set(heard(rig)) <= set(SENTENCES)
    await all_over(rig)
