"""What agents ask of the box, by star code, command line or screen, and what supervisors make them do.

The states are the distributor's, wrap-ups those of `wrap_ups.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from appliance.acd.agent import AgentRefused, AgentState
from appliance.acd.distributor import Distributor
from appliance.agent_events import AgentForced
from appliance.bus import Bus
from appliance.calls.agent_facts import AgentFacts
from appliance.calls.wrap_ups import Rule, WrapUps
from appliance.config.pause_reasons import PauseReasons

FORCED = ("login", "ready", "pause", "logout")


class AgentDesk:
    """Commands for agents; all raise AgentRefused with what to do instead. `facts` follow the journal."""

    def __init__(self, acd: Distributor, bus: Bus, reasons: PauseReasons | None = None) -> None:
        self.facts = AgentFacts()
        bus.subscribe(self.facts.apply)
        self.reasons = reasons or PauseReasons()
        self.wrap_ups = WrapUps(bus, acd.wrap_up_ended)
        self._acd = acd
        self._bus = bus
        self.begins: Callable[[str], None] = lambda agent: None  # somebody logs in; see `agent_legs.py`
        self._more: dict[str, Callable[[str, str], None]] = {}

    def commands(self) -> dict[str, Callable[[str, str], None]]:
        """Command word -> what takes (agent, reason)."""
        return {
            "login": lambda agent, reason: self.log_in(agent),
            "logout": lambda agent, reason: self.log_out(agent),
            "pause": self.pause,
            "ready": lambda agent, reason: self.ready(agent),
            "end-wrap-up": lambda agent, reason: self.end_wrap_up(agent),
            "extend-wrap-up": lambda agent, reason: self.wrap_ups.extend(agent),
            **self._more,
        }

    def add(self, commands: Mapping[str, Callable[[str, str], None]]) -> None:
        """Others are known from now on (those for a conversation, `talk_desk.py`)."""
        self._more.update(commands)

    def log_in(self, agent: str) -> None:
        """Begin work, ready."""
        self.not_held(agent)
        worker = self.facts.who_is_at(self.facts.place_of(agent))
        if worker != agent:
            raise AgentRefused(f"agent {agent}: the phone is {worker}'s until logged out. Use another one.")
        self._do("login", agent)

    def log_out(self, agent: str) -> None:
        """End work, after the present call."""
        self._do("logout", agent)

    def pause(self, agent: str, reason: str) -> None:
        """Take no calls, after the present one; a digit is the reason of that number."""
        reason = self.reasons.reason(reason)
        if not self.reasons.allows(reason):
            known = ", ".join(self.reasons.names)
            raise AgentRefused(f"agent {agent}: {reason!r} is no reason for a pause. Reasons: {known}.")
        self.not_held(agent)
        self._do("pause", agent, reason)

    def ready(self, agent: str) -> None:
        """Take calls again; ends wrap-up too."""
        self.not_held(agent)
        self._do("ready", agent)

    def end_wrap_up(self, agent: str) -> None:
        """Ready for the next caller before the timer says so."""
        if not self._in_wrap_up(agent) or not self.wrap_ups.drop(agent, "agent"):
            raise AgentRefused(f"agent {agent} is not in wrap-up, so there is nothing to end.")
        self._acd.wrap_up_ended(agent)

    def force(self, agent: str, command: str, by: str, reason: str = "", *, hold: bool = False) -> None:
        """Somebody else wants it so; a pause on `hold` is not the agent's to end."""
        if command not in FORCED:
            raise AgentRefused(f"nobody can be made to {command!r} by others. Known: {', '.join(FORCED)}.")
        if hold and command != "pause":
            raise AgentRefused(f"agent {agent}: only a pause can be held. Leave --hold out.")
        self._do(command, agent, self.reasons.reason(reason))
        self._bus.publish(AgentForced(agent=agent, command=command, by=by, reason=reason, hold=hold))

    def talk_ended(self, agent: str, call_id: str, rule: Rule) -> None:
        """A conversation is over: time to write it up, or none."""
        if rule.seconds > 0:
            self.wrap_ups.begin(agent, call_id, rule)
        self._acd.talk_ended(agent, wrap_up=rule.seconds > 0)

    def wraps_up(self, agent: str) -> bool:
        """Whether a wrap-up of the agent will end by itself."""
        return agent in self.wrap_ups

    def close(self) -> None:
        """Stop the timers."""
        self.wrap_ups.close()

    def _do(self, command: str, agent: str, reason: str = "") -> None:
        if command != "login":
            self.wrap_ups.drop(agent, "agent")
        match command:
            case "login":
                self._acd.log_in(agent)
                self.begins(agent)
            case "ready":
                self._acd.resume(agent)
            case "pause":
                self._acd.pause(agent, reason)
            case _:
                self._acd.log_out(agent)

    def not_held(self, agent: str) -> None:
        """Raises AgentRefused for one whose pause somebody else holds."""
        by = self.facts.held.get(agent)
        if by is not None:
            raise AgentRefused(f"agent {agent}: the pause is held by {by}, who must end it. Ask {by}.")

    def _in_wrap_up(self, agent: str) -> bool:
        known = self._acd.agents.get(agent)
        return known is not None and known.state is AgentState.WRAP_UP
