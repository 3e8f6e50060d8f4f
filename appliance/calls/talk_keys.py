"""Codes that an agent presses in a conversation: the same as dialled on another line of the phone.

| code | does                                                         |
|------|--------------------------------------------------------------|
| *2   | the conversation is recorded from now on, or no more         |
| *8   | the recording pauses (card data), or goes on                 |
| *9   | help is wanted: supervisors are told, the call is flagged    |

A * waits a moment for what may follow; what is no code goes on to those who hear the agent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from appliance.acd.agent import AgentRefused
from appliance.calls.agents import AgentDesk
from appliance.calls.party import Party

log = logging.getLogger(__name__)

CODES = {"*2": "record-key", "*8": "record-pause-key", "*9": "panic"}
WAIT_SECONDS = 1.5  # between the two keys; twice what fingers need (ITU-T E.161 asks nothing)


class TalkKeys:
    """Of one conversation; `pass_on(party, digit)` is for keys that are none of ours."""

    def __init__(self, pass_on: Callable[[Party, str], None], desk: AgentDesk) -> None:
        self._pass_on = pass_on
        self._desk = desk
        self._waiting: dict[Party, asyncio.TimerHandle] = {}  # who pressed * last

    def press(self, party: Party, digit: str) -> None:
        """A key of a party."""
        star = self._waiting.pop(party, None)
        if star is not None:
            star.cancel()
            command = CODES.get(f"*{digit}")
            if command is not None:
                self._obey(party.agent, command)
                return
            self._send(party, "*")
        if digit == "*" and party.agent:
            later = asyncio.get_running_loop().call_later(WAIT_SECONDS, self._too_late, party)
            self._waiting[party] = later
        else:
            self._send(party, digit)

    def close(self) -> None:
        """The conversation is over."""
        for star in self._waiting.values():
            star.cancel()
        self._waiting.clear()

    def _too_late(self, party: Party) -> None:
        del self._waiting[party]
        self._send(party, "*")

    def _send(self, party: Party, digit: str) -> None:
        if not party.leg.digits_in_audio:  # else the others have heard it
            self._pass_on(party, digit)

    def _obey(self, agent: str, command: str) -> None:
        try:
            self._desk.commands()[command](agent, "")
        except AgentRefused as error:
            log.warning("agent %s: %s", agent, error)
        else:
            log.info("agent %s: %s by key", agent, command)
