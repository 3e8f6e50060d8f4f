"""What the command line asks of call-backs: which are open, and to end one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from appliance.calls.call import Call
from appliance.calls.call_backs import open_call_backs
from appliance.calls.centre import Centre
from drivers import wire


class CallBackRequests:
    """The requests by their op."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self.ops: Mapping[str, Callable[[wire.Message], wire.Message]] = {
            "call_backs": self._list,
            "call_back_cancel": self._cancel,
        }

    async def answer(self, message: wire.Message) -> wire.Answer:
        """The reply to a request whose op is in `ops`. Raises WireError."""
        return self.ops[message["op"]](message), ()

    def _list(self, message: wire.Message) -> wire.Message:
        return {"call_backs": [self._row(call) for call in open_call_backs(self._centre)]}

    def _cancel(self, message: wire.Message) -> wire.Message:
        wanted, by = str(message["call"]), str(message.get("by", ""))
        found = [call.id for call in open_call_backs(self._centre) if wanted in _names(call)]
        if not found:
            raise wire.WireError(f"no call-back is open for {wanted!r}. List them: callbox callbacks")
        for call_id in found:
            self._centre.call_backs[call_id](f"cancelled by {by}" if by else "cancelled")
        return {"done": True, "call_backs": found}

    def _row(self, call: Call) -> dict[str, Any]:
        """Times in seconds; `again_seconds` is until the next attempt may begin, 0 for one that waits."""
        story, now = call.story, self._centre.clock.wall()
        assert story.back is not None
        back = story.back
        return {
            "call": call.id,
            "number": back.number,
            "queue": back.queue,
            "stage": story.stage.value,
            "agent": story.agent,
            "position": self._centre.acd.position(back.queue, call.id, story.place),
            "waited_seconds": round(now - back.place_wall_s, 1),
            "attempts": back.attempts,
            "again_seconds": round(max(0.0, back.again_wall_s - now), 1),
            "expires_seconds": round(back.expires_wall_s - now, 1),
            "of": back.of,
        }


def _names(call: Call) -> tuple[str, str]:
    """What a person may name it by."""
    return call.id, call.story.caller
