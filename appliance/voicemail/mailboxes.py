"""What is in the mailboxes, by their events alone: messages, who has been told, wrong PINs. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from appliance.event import Event, Stamped
from appliance.voicemail_events import (
    MessageDeleted,
    MessageHeard,
    MessageLeft,
    NotificationFailed,
    NotificationSent,
    PinRefused,
)

#: The events a mailbox is made of.
EVENTS: tuple[type[Event], ...] = (
    MessageLeft,
    MessageHeard,
    MessageDeleted,
    NotificationSent,
    NotificationFailed,
    PinRefused,
)
MOST_WRONG_PINS = 10  # of everybody together, within
WRONG_PIN_SECONDS = 3600.0


@dataclass(frozen=True)
class Message:
    """One message; `left_s` is wall-clock seconds since 1970, `heard_by` "" while it is new.

    `untold` is who is still to be told, each with the number of failed attempts so far.
    """

    message: str
    mailbox: str
    left_s: float
    seconds: float
    caller: str
    line: str
    call_id: str
    paths: tuple[str, ...]
    heard_by: str = ""
    untold: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        """Nobody has listened to it."""
        return not self.heard_by

    def deleted(self, by: str) -> MessageDeleted:
        """The event that takes it away."""
        return MessageDeleted(mailbox=self.mailbox, message=self.message, by=by, paths=list(self.paths))

    def plain(self) -> dict[str, Any]:
        """As values for JSON."""
        return {
            "message": self.message,
            "mailbox": self.mailbox,
            "left_s": self.left_s,
            "seconds": self.seconds,
            "caller": self.caller,
            "line": self.line,
            "call": self.call_id,
            "new": self.is_new,
            "heard_by": self.heard_by,
            "paths": list(self.paths),
            "untold": list(self.untold),
        }


class Mailboxes:
    """A fold: `apply` every event. `folder` is where the files are."""

    def __init__(self, folder: Path = Path()) -> None:
        self.folder = folder
        self._messages: dict[str, Message] = {}
        self._ids: dict[str, set[str]] = {}  # by mailbox
        self._new: dict[str, set[str]] = {}  # of those that nobody has listened to
        self._wrong: dict[str, deque[float]] = {}  # wall-clock seconds

    def apply(self, stamped: Stamped) -> None:
        """Let one more event happen; those of messages that are gone change nothing."""
        match stamped.event:
            case MessageLeft():
                self._put(_left(stamped.event, stamped.wall_s))
            case MessageHeard(message=message, by=by):
                self._change(message, heard_by=by)
            case MessageDeleted(message=message):
                self._drop(message)
            case NotificationSent(message=message, to=to):
                self._told(message, to)
            case NotificationFailed(message=message, to=to, attempt=attempt, last=last):
                self._told(message, to, None if last else attempt)
            case PinRefused(mailbox=mailbox):
                times = self._wrong.setdefault(mailbox, deque(maxlen=MOST_WRONG_PINS))
                times.append(stamped.wall_s)

    def messages(self, mailbox: str = "") -> list[Message]:
        """Those of a mailbox, or of all, new ones first, then oldest first."""
        ids = self._ids.get(mailbox, set()) if mailbox else self._messages
        found = [self._messages[id] for id in ids]
        return sorted(found, key=lambda each: (not each.is_new, each.left_s, each.message))

    def message(self, message: str) -> Message | None:
        """That one, None when it is gone."""
        return self._messages.get(message)

    def new(self, mailbox: str) -> int:
        """How many nobody has listened to; asked for every screen at every event, so it is at hand."""
        return len(self._new.get(mailbox, ()))

    def count(self, mailbox: str) -> int:
        """How many there are."""
        return len(self._ids.get(mailbox, ()))

    def is_locked(self, mailbox: str, wall_s: float) -> bool:
        """So many wrong PINs were entered lately that none is taken now."""
        times = self._wrong.get(mailbox, deque())
        return len(times) == MOST_WRONG_PINS and wall_s - times[0] < WRONG_PIN_SECONDS

    def _change(self, message: str, **fields: Any) -> None:
        if message in self._messages:
            self._put(replace(self._messages[message], **fields))

    def _put(self, message: Message) -> None:
        self._messages[message.message] = message
        self._ids.setdefault(message.mailbox, set()).add(message.message)
        new = self._new.setdefault(message.mailbox, set())
        (new.add if message.is_new else new.discard)(message.message)

    def _drop(self, id: str) -> None:
        message = self._messages.pop(id, None)
        if message is not None:
            self._ids[message.mailbox].discard(id)
            self._new[message.mailbox].discard(id)

    def _told(self, message: str, to: str, failed: int | None = None) -> None:
        """`failed` attempts so far; None: nobody tries again."""
        known = self._messages.get(message)
        if known is None or to not in known.untold:
            return
        rest = {other: count for other, count in known.untold.items() if other != to}
        self._change(message, untold=rest if failed is None else {**rest, to: failed})


def _left(event: MessageLeft, wall_s: float) -> Message:
    return Message(
        message=event.message,
        mailbox=event.mailbox,
        left_s=wall_s,
        seconds=event.seconds,
        caller=event.caller,
        line=event.line,
        call_id=event.call_id,
        paths=tuple(event.paths),
        untold=dict.fromkeys(event.notify, 0),
    )
