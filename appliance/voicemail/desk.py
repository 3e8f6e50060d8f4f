"""Keeps the mailboxes: tells people of new messages until they are told, deletes what is old or unwanted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Any

from appliance.bus import Bus
from appliance.clock import Clock
from appliance.config.schema import Config
from appliance.config.voicemail import Mailbox
from appliance.event import Stamped
from appliance.faults import say_if_it_failed
from appliance.voicemail.mailboxes import EVENTS as MAILBOX_EVENTS
from appliance.voicemail.mailboxes import Mailboxes, Message
from appliance.voicemail.notices import NotTold, run_hook, send_mail
from appliance.voicemail_events import (
    MessageDeleted,
    MessageDropped,
    MessageLeft,
    NotificationFailed,
    NotificationSent,
)

log = logging.getLogger(__name__)

#: What `start` wants to know.
EVENTS = (*MAILBOX_EVENTS, MessageDropped)

RETRY_SECONDS = (10.0, 60.0, 300.0, 1800.0, 7200.0)  # after each failure; then no more
AT_ONCE = 4  # people told at a time
CLOSED_SECONDS = 0.5  # for the recorder to close a file
LOOK_SECONDS = 3600.0  # how often old messages are looked for

#: Sends a text: line ("" for the only one), number, text. Gives why it could not, "" when it could.
SendText = Callable[[str, str, str], Awaitable[str]]


class VoicemailDesk:
    """`start` with what the journal knows, then `run` until cancelled."""

    def __init__(
        self,
        config: Config,
        mailboxes: Mailboxes,
        *,
        bus: Bus,
        clock: Clock,
        send_text: SendText,
        aside: Callable[..., Coroutine[Any, Any, Any]] = asyncio.to_thread,
    ) -> None:
        self._config = config
        self._mailboxes = mailboxes
        self._bus = bus
        self._clock = clock
        self._send_text = send_text
        self._aside = aside
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._unwanted: list[str] = []

    def start(self, before: Iterable[Stamped]) -> None:
        """Take up what was before, oldest first."""
        for stamped in before:
            self._mailboxes.apply(stamped)
            if isinstance(stamped.event, MessageDeleted | MessageDropped):
                self._unwanted += stamped.event.paths

    async def run(self) -> None:
        """Tell, and clean up, for ever."""
        unsubscribe = self._bus.subscribe(self._hear)
        try:
            self._delete_files(self._unwanted)
            self._unwanted = []
            for message in self._mailboxes.messages():
                self._tell_all(message)
            while True:
                self._delete_old()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            unsubscribe()
            for task in self._tasks:
                task.cancel()

    # --- inside ---------------------------------------------------------------------------------------

    def _hear(self, stamped: Stamped) -> None:
        match stamped.event:
            case MessageLeft(message=id):
                message = self._mailboxes.message(id)
                if message is not None:
                    self._tell_all(message)
            case MessageDropped(paths=paths) | MessageDeleted(paths=paths):
                self._delete_files(paths)

    def _tell_all(self, message: Message) -> None:
        for to in message.untold:
            self._do(self._tell(message.message, to), f"tell of message {message.message}")

    async def _tell(self, id: str, to: str) -> None:
        """Until whoever it is has been told, or it is given up, or the message is gone."""
        await asyncio.sleep(CLOSED_SECONDS)
        while (message := self._mailboxes.message(id)) is not None and to in message.untold:
            attempt = message.untold[to] + 1
            about = {"mailbox": message.mailbox, "message": id, "to": to}
            try:
                async with self._turns:
                    await self._send(message, to)
            except NotTold as error:
                last = attempt > len(RETRY_SECONDS)
                level = logging.ERROR if last else logging.WARNING
                log.log(
                    level, "mailbox %s: nobody told by %s: %s", message.mailbox, to.partition(":")[0], error
                )
                self._bus.publish(NotificationFailed(**about, attempt=attempt, why=str(error), last=last))
                if not last:
                    await asyncio.sleep(RETRY_SECONDS[attempt - 1])
            else:
                self._bus.publish(NotificationSent(**about))

    async def _send(self, message: Message, to: str) -> None:
        box = self._config.voicemail.get(message.mailbox)
        if box is None:
            raise NotTold(f"there is no mailbox {message.mailbox} any more")
        way, _, where = to.partition(":")
        text = self._text(message, box)
        if way == "sms":
            why = await self._send_text(box.sms_line, where, text)
            if why:
                raise NotTold(why)
        elif way == "mail":
            files = [Path(path) for path in message.paths] if box.mail_attach else []
            await self._aside(send_mail, self._config.mail, where, text, text, files)
        elif box.hook:
            told = {**message.plain(), "new_messages": self._mailboxes.new(message.mailbox)}
            await run_hook(box.hook, told, box.hook_seconds)

    def _text(self, message: Message, box: Mailbox) -> str:
        words: Mapping[str, Any] = {
            "box": message.mailbox,
            "caller": message.caller or "?",
            "seconds": round(message.seconds),
            "new": self._mailboxes.new(message.mailbox),
        }
        return " ".join(box.sms_text.format(**words).split())  # one line, as a subject must be

    def _delete_old(self) -> None:
        now = self._clock.wall()
        for message in self._mailboxes.messages():
            box = self._config.voicemail.get(message.mailbox)
            if box is not None and box.keep_days and now - message.left_s > box.keep_days * 86400.0:
                self._bus.publish(message.deleted("box"))

    def _delete_files(self, paths: list[str]) -> None:
        if paths:
            self._do(self._aside(_delete_files, paths, self._mailboxes.folder), "delete messages")

    def _do(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=f"voicemail: {name}")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        say_if_it_failed(task)


def _delete_files(paths: list[str], folder: Path) -> None:
    """Those that are in the folder; blocks."""
    for path in map(Path, paths):
        if not path.is_relative_to(folder):
            continue
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.error("message %s cannot be deleted: %s. Delete it by hand", path, error)
