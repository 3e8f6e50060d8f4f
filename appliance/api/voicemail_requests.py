"""What the command line asks of mailboxes beside reading them: to delete a message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from appliance.bus import Bus
from appliance.config.schema import Config
from appliance.voicemail.mailboxes import Mailboxes
from drivers import wire


class VoicemailRequests:
    """The requests by their op."""

    def __init__(self, mailboxes: Mailboxes, bus: Bus) -> None:
        self._mailboxes = mailboxes
        self._bus = bus
        self.ops: Mapping[str, Callable[[wire.Message], wire.Message]] = {"voicemail_delete": self._delete}

    async def answer(self, message: wire.Message) -> wire.Answer:
        """The reply to a request whose op is in `ops`. Raises WireError."""
        return self.ops[message["op"]](message), ()

    def _delete(self, message: wire.Message) -> wire.Message:
        found = self._mailboxes.message(str(message["message"]))
        if found is None:
            raise wire.WireError(f"there is no message {message['message']!r}. List them: callbox voicemail")
        self._bus.publish(found.deleted("console"))
        return {"done": True}


def mailbox_rows(config: Config, mailboxes: Mailboxes) -> list[dict[str, Any]]:
    """Every mailbox with its counts, for a snapshot."""
    rows = []
    for name, box in config.voicemail.items():
        count = mailboxes.count(name)
        new, full = mailboxes.new(name), count >= box.most_messages
        rows.append({"mailbox": name, "new": new, "messages": count, "full": full, "agents": box.agents})
    return rows
