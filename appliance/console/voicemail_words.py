"""What happens to messages of callers, as a person would say it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from appliance.events import Event
from appliance.voicemail_events import (
    MailboxEntered,
    MessageBegun,
    MessageDeleted,
    MessageDropped,
    MessageFile,
    MessageHeard,
    MessageLeft,
    MessageRecorded,
    NotificationFailed,
    NotificationSent,
    PinRefused,
)

VOICEMAIL_WORDS: Mapping[type[Event], Callable[[Any], str]] = {
    MailboxEntered: lambda e: f"comes to mailbox {e.mailbox}",
    MessageBegun: lambda e: f"leaves message {e.message}",
    MessageFile: lambda e: f"the message is written to {e.path}",
    MessageRecorded: lambda e: f"has spoken {e.seconds:g} s",
    MessageDropped: lambda e: f"message {e.message} is not kept: {e.why}",
    MessageLeft: lambda e: f"message {e.message} of {e.seconds:g} s is in mailbox {e.mailbox}",
    MessageHeard: lambda e: f"{e.by} listens to message {e.message}",
    MessageDeleted: lambda e: f"{e.by} deletes message {e.message}",
    NotificationSent: lambda e: f"{e.to} is told of message {e.message}",
    NotificationFailed: lambda e: f"{e.to} is not told of message {e.message}: {e.why}",
    PinRefused: lambda e: f"a wrong PIN for mailbox {e.mailbox}",
}
