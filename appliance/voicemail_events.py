"""What happens to messages that callers leave: recorded, kept or dropped, heard, deleted, told of.

`mailbox` is its name in the configuration, `message` our id of the message, `by` an agent, "pin" for somebody
outside, "console" or "box".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.event import Event


@dataclass(frozen=True, kw_only=True)
class MailboxEntered(Event):
    """A caller may leave a message."""

    mailbox: str


@dataclass(frozen=True, kw_only=True)
class MessageBegun(Event):
    """The caller speaks after the beep."""

    mailbox: str
    message: str


@dataclass(frozen=True, kw_only=True)
class MessageFile(Event):
    """A file of the message was begun: one, and one more after each death of the engine."""

    message: str
    path: str


@dataclass(frozen=True, kw_only=True)
class MessageRecorded(Event):
    """The caller has ended the message and may listen to it; `seconds` is its length."""

    message: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class MessageDropped(Event):
    """The message is not kept: too short, or the caller began again. Its files are deleted."""

    mailbox: str
    message: str
    why: str
    paths: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class MessageLeft(Event):
    """The message is in the mailbox. `notify` is who is to be told: "sms:+49...", "mail:a@b", "hook:"."""

    mailbox: str
    message: str
    seconds: float
    caller: str
    line: str = ""
    paths: list[str] = field(default_factory=list)
    notify: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class MessageHeard(Event):
    """Somebody listened to it."""

    mailbox: str
    message: str
    by: str


@dataclass(frozen=True, kw_only=True)
class MessageDeleted(Event):
    """It is gone, with its files."""

    mailbox: str
    message: str
    by: str
    paths: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class NotificationSent(Event):
    """Whoever stands at `to` (as in `MessageLeft.notify`) has been told."""

    mailbox: str
    message: str
    to: str


@dataclass(frozen=True, kw_only=True)
class NotificationFailed(Event):
    """Telling went wrong for the `attempt`th time (from 1); it is tried again unless it was the `last`."""

    mailbox: str
    message: str
    to: str
    attempt: int
    why: str
    last: bool = False


@dataclass(frozen=True, kw_only=True)
class PinRefused(Event):
    """Somebody outside entered a wrong PIN for the mailbox."""

    mailbox: str


EVENTS: tuple[type[Event], ...] = (
    MailboxEntered,
    MessageBegun,
    MessageFile,
    MessageRecorded,
    MessageDropped,
    MessageLeft,
    MessageHeard,
    MessageDeleted,
    NotificationSent,
    NotificationFailed,
    PinRefused,
)
