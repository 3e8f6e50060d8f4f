"""Who is to be told of a message is told, once, however often it goes wrong first; old messages go."""

from __future__ import annotations

import asyncio
import contextlib
import json
import smtplib
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from appliance.bus import Bus
from appliance.clock import Clock
from appliance.config.schema import Config
from appliance.config.voicemail import Mail
from appliance.event import Event, Stamped
from appliance.voicemail import notices
from appliance.voicemail.desk import RETRY_SECONDS, VoicemailDesk
from appliance.voicemail.mailboxes import Mailboxes
from appliance.voicemail.notices import NotTold
from appliance.voicemail_events import (
    MessageDeleted,
    MessageDropped,
    MessageHeard,
    MessageLeft,
    NotificationFailed,
    NotificationSent,
)


async def at_once(work: Any, *arguments: Any) -> Any:
    return work(*arguments)


class Life:
    """A desk over a journal that outlives it."""

    def __init__(self, folder: Path, journal: list[Stamped] | None = None, **box: Any) -> None:
        loop = asyncio.get_running_loop()
        clock = Clock(mono=loop.time, wall=lambda: 1.7e9 + loop.time(), boot="test")
        self.config = Config.model_validate({"voicemail": {"office": box}})
        self.journal = [] if journal is None else journal
        self.mailboxes = Mailboxes(folder)
        self.bus = Bus(clock)
        before = list(self.journal)
        self.bus.subscribe(self.mailboxes.apply)
        self.bus.subscribe(self.journal.append)
        self.texts: list[tuple[str, str, str]] = []
        self.refuse = 0
        self.desk = VoicemailDesk(
            self.config,
            self.mailboxes,
            bus=self.bus,
            clock=clock,
            send_text=self._send,
            aside=at_once,
        )
        self.desk.start(before)

    async def _send(self, line: str, number: str, text: str) -> str:
        if self.refuse:
            self.refuse -= 1
            return "the line is down"
        self.texts.append((line, number, text))
        return ""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Life]:
        task = asyncio.create_task(self.desk.run())
        await asyncio.sleep(0.01)
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def leave(self, message: str = "m1", **fields: Any) -> None:
        left = {"mailbox": "office", "message": message, "seconds": 7.4, "caller": "+4930123", **fields}
        self.bus.publish(MessageLeft(**left))

    def count(self, kind: type[Event]) -> int:
        return sum(isinstance(stamped.event, kind) for stamped in self.journal)


async def test_a_text_tells_who_called_and_how_many_are_new(tmp_path: Path) -> None:
    async with Life(tmp_path, sms_line="gsm-1").running() as life:
        life.leave(notify=["sms:+49170"])
        await asyncio.sleep(1)
        assert life.texts == [("gsm-1", "+49170", "office: message from +4930123, 7 s, 1 new")]
        assert life.count(NotificationSent) == 1
        await asyncio.sleep(100_000)
        assert len(life.texts) == 1


async def test_a_line_that_is_down_is_tried_again_and_in_the_end_given_up(tmp_path: Path) -> None:
    async with Life(tmp_path).running() as life:
        life.refuse = 2
        life.leave(notify=["sms:+49170"])
        await asyncio.sleep(5)
        assert life.count(NotificationFailed) == 1
        await asyncio.sleep(100)
        assert len(life.texts) == 1
        life.refuse = 100
        life.leave("m2", notify=["sms:+49170"])
        await asyncio.sleep(sum(RETRY_SECONDS) + 10)
        failed = [s.event for s in life.journal if isinstance(s.event, NotificationFailed)]
        assert [event.last for event in failed[2:]] == [False] * len(RETRY_SECONDS) + [True]
        assert life.mailboxes.messages()[1].untold == {}


async def test_a_restart_tells_only_those_who_are_still_to_be_told(tmp_path: Path) -> None:
    async with Life(tmp_path).running() as life:
        life.leave(notify=["sms:+49170", "sms:+49171"])
        life.refuse = 1
        await asyncio.sleep(1)
        assert len(life.texts) == 1
    again = Life(tmp_path, life.journal)
    assert [dict(message.untold) for message in again.mailboxes.messages()] == [{"sms:+49170": 1}]
    async with again.running():
        await asyncio.sleep(1)
    assert [number for _, number, _ in again.texts] == ["+49170"]


async def test_nobody_is_told_of_a_message_that_is_gone(tmp_path: Path) -> None:
    async with Life(tmp_path).running() as life:
        life.leave(notify=["sms:+49170"])
        life.bus.publish(MessageDeleted(mailbox="office", message="m1", by="ana"))
        await asyncio.sleep(10)
        assert life.texts == []


async def test_old_messages_are_deleted_with_their_files_and_others_are_not(tmp_path: Path) -> None:
    async with Life(tmp_path, keep_days=2).running() as life:
        files = [tmp_path / f"m{n}.wav" for n in (1, 2)]
        for number, file in enumerate(files, 1):
            file.touch()
            life.leave(f"m{number}", paths=[str(file)])
            await asyncio.sleep(1.5 * 86400)
        assert [message.message for message in life.mailboxes.messages()] == ["m2"]
        assert [file.exists() for file in files] == [False, True]


async def test_files_of_a_dropped_message_go_and_nothing_outside_the_folder_ever(tmp_path: Path) -> None:
    inside, outside = tmp_path / "boxes" / "m1.wav", tmp_path / "m1.wav"
    inside.parent.mkdir()
    inside.touch()
    outside.touch()
    paths = [str(inside), str(outside)]
    life = Life(tmp_path / "boxes")
    life.bus.publish(MessageDropped(mailbox="office", message="m1", why="short", paths=paths))
    async with Life(tmp_path / "boxes", life.journal).running():  # it died before it deleted
        await asyncio.sleep(1)
    assert not inside.exists()
    assert outside.exists()


async def test_heard_messages_are_no_longer_new(tmp_path: Path) -> None:
    life = Life(tmp_path)
    life.leave("m1")
    life.leave("m2")
    life.bus.publish(MessageHeard(mailbox="office", message="m1", by="ana"))
    assert life.mailboxes.new("office") == 1
    assert [message.message for message in life.mailboxes.messages("office")] == ["m2", "m1"]


@pytest.mark.realtime
async def test_a_hook_gets_json_and_is_ended_in_time(tmp_path: Path) -> None:
    program = tmp_path / "hook"
    program.write_text(f'#!/bin/sh\ncat > "{tmp_path}/told"\n[ "$1" = "fine; rm -rf" ] || exit 3\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    await notices.run_hook([str(program), "fine; rm -rf"], {"caller": "+49"}, 5)
    assert json.loads((tmp_path / "told").read_text()) == {"caller": "+49"}
    with pytest.raises(NotTold, match="ended with 3"):
        await notices.run_hook([str(program), "else"], {}, 5)
    with pytest.raises(NotTold, match="was ended after"):
        await notices.run_hook(["/bin/sh", "-c", "sleep 60 & sleep 60"], {}, 0.05)
    with pytest.raises(NotTold, match="cannot be run"):
        await notices.run_hook([str(tmp_path / "nothing")], {}, 5)


def test_an_e_mail_carries_the_message_and_a_dead_mail_host_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []

    class Host:
        def __init__(self, host: str, port: int, timeout: float) -> None:
            if port == 1:
                raise ConnectionRefusedError(111, "Connection refused")

        def __enter__(self) -> Host:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def send_message(self, letter: Any) -> None:
            sent.append(letter)

    monkeypatch.setattr(smtplib, "SMTP", Host)
    sound = tmp_path / "m1.wav"
    sound.write_bytes(b"RIFF")
    notices.send_mail(Mail(), "a@b.de", "office: message", "text", [sound])
    [part] = sent[0].iter_attachments()
    assert (part.get_filename(), part.get_content()) == ("m1.wav", b"RIFF")
    with pytest.raises(NotTold, match="Connection refused"):
        notices.send_mail(Mail(port=1), "a@b.de", "x", "text", [])
    with pytest.raises(NotTold, match="No such file"):
        notices.send_mail(Mail(), "a@b.de", "x", "text", [tmp_path / "gone"])
