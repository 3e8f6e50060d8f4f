"""An agent wants help in a conversation, with *9: the call is flagged and supervisors know at once.

An alarm stands until the conversation is over, and those of supervision.sms_to get a text.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from appliance.acd.agent import AgentRefused
from appliance.calls.centre import Centre
from appliance.calls.transfer import talks_of
from appliance.emergency_events import HelpWanted
from appliance.events import Stamped, TalkEnded

log = logging.getLogger(__name__)

ALARM = "help wanted"


class Panic:
    """`alarm(name, object, text)` raises one, "" clears it; `send_text` as `LineDesk.send_text`."""

    def __init__(
        self,
        centre: Centre,
        *,
        alarm: Callable[[str, str, str], None],
        send_text: Callable[[str, str, str], Awaitable[str]],
    ) -> None:
        self._centre = centre
        self._alarm = alarm
        self._send_text = send_text
        centre.bus.subscribe(self._hear)

    def commands(self) -> dict[str, Callable[[str, str], None]]:
        """Command word -> what takes (agent, nothing)."""
        return {"panic": lambda agent, text: self.panic(agent)}

    def panic(self, agent: str) -> None:
        """Raises AgentRefused for an agent who speaks with nobody."""
        talks = talks_of(agent, self._centre)
        if not talks:
            raise AgentRefused(f"agent {agent}: speaks with nobody. Call a supervisor instead.")
        call = talks[0][0].call
        call.note(HelpWanted(call_id=call.id, agent=agent))
        self._alarm(ALARM, f"agent {agent}", f"in call {call.id}. Listen: callbox calls show {call.id}")
        for number in self._centre.config.supervision.sms_to:
            self._centre.chore(self._text(number, agent, call.id), f"tell of {agent}")

    async def _text(self, number: str, agent: str, call_id: str) -> None:
        line = self._centre.config.supervision.sms_line
        text = f"{self._centre.config.box.name}: agent {agent} wants help in call {call_id}"
        why = await self._send_text(line, number, text)
        if why:
            log.error("agent %s wants help, and …%s is not told: %s", agent, number[-3:], why)

    def _hear(self, stamped: Stamped) -> None:
        if isinstance(stamped.event, TalkEnded) and stamped.event.agent:
            self._alarm(ALARM, f"agent {stamped.event.agent}", "")
