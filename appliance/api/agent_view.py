"""One agent's own view of the box, for a screen: state, present call, and commands. No live objects."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

from appliance.acd.agent import AgentRefused
from appliance.api.snapshot import agent_row, call_row, supervisor_row
from appliance.calls.centre import Centre
from appliance.calls.supervise import SUPERVISOR
from appliance.calls.talk_desk import codes
from appliance.events import Stamped


class CommandRefused(Exception):
    """What the agent asked for is not possible now; the message says what to do."""


class AgentView:
    """What an agent sees and asks for."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    def names(self) -> list[str]:
        """The agents there are."""
        return list(self._centre.config.agents)

    def settings(self, agent: str) -> dict[str, Any]:
        """What the agent's phone is to know of the configuration."""
        own = self._centre.agent(agent)
        reasons = self._centre.config.pause_reasons.names
        return {
            "name": own.name or agent,
            "extension": own.extension,
            "auto_answer": own.auto_answer,
            "pause_reasons": reasons,
        }

    def now(self, agent: str) -> dict[str, Any]:
        """`agent` and `call` as in a snapshot; `call` is None without one.

        A supervisor sees the `team`, by name, and whom he `supervises`.
        """
        calls = self._centre.calls.values()
        call = next((call for call in calls if agent in (call.story.agent, call.story.maker)), None)
        return {
            "agent": agent_row(agent, self._centre) | {"codes": codes(agent, self._centre)},
            **self._team(agent),
            "call": call_row(call, self._centre) if call else None,
            "emergency": now.title if (now := self._centre.emergencies.now) else "",
            "new_messages": sum(
                self._centre.mailboxes.new(name)
                for name, box in self._centre.config.voicemail.items()
                if agent in box.agents
            ),
        }

    def _team(self, agent: str) -> dict[str, Any]:
        if not self._supervises(agent):
            return {}
        present = self._centre.supervisions.by_name.get(agent)
        others = [name for name in self._centre.config.agents if name != agent]
        return {
            "team": {name: agent_row(name, self._centre) for name in others},
            "supervises": supervisor_row(present) if present is not None else None,
        }

    def _supervises(self, agent: str) -> bool:
        return self._centre.agent(agent).role == SUPERVISOR

    def command(self, agent: str, command: str, reason: str) -> None:
        """What `callbox agent NAME COMMAND` does; raises CommandRefused."""
        commands = self._centre.desk.commands()
        if command not in commands:
            raise CommandRefused(f"there is no command {command!r}. Known: {', '.join(sorted(commands))}.")
        try:
            commands[command](agent, reason)
        except AgentRefused as error:
            raise CommandRefused(str(error)) from error

    @contextlib.contextmanager
    def changes(self, agent: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever something of this agent, or of a call, may be new."""
        changed, everybody = asyncio.Event(), self._supervises(agent)

        def heard(stamped: Stamped) -> None:
            about = getattr(stamped.event, "agent", agent)
            if about == agent or everybody:
                changed.set()

        end = self._centre.bus.subscribe(heard)
        try:
            yield changed
        finally:
            end()
