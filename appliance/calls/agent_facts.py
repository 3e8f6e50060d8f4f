"""What the journal knows of agents beside their state, folded from its events: holds, phones, legs, days.

`apply` is the only thing that changes it, so a brain that comes back knows the same.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime

from appliance.acd.agent import AgentState
from appliance.agent_events import (
    AgentForced,
    AgentLegDown,
    AgentLegUp,
    CoachRung,
    PhoneTaken,
    QueueAssigned,
    SupervisionChanged,
    SupervisionEnded,
    SupervisionStarted,
)
from appliance.events import AgentChanged, Stamped, TalkEnded


@dataclass
class Day:
    """One agent's day: seconds in each state, in each reason of a pause, and conversations."""

    states: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, float] = field(default_factory=dict)
    talks: int = 0
    now: tuple[str, str, float] = (AgentState.OFFLINE.value, "", 0.0)  # state, reason, since (wall clock)

    def count(self, state: str, reason: str, seconds: float) -> None:
        """So long in a state; a clock that was set back counts as nothing."""
        seconds = max(0.0, seconds)
        self.states[state] = self.states.get(state, 0.0) + seconds
        if state == AgentState.PAUSED.value:
            self.reasons[reason] = self.reasons.get(reason, 0.0) + seconds


@dataclass
class AgentFacts:
    """The fold.

    - held: agent -> who holds the agent in a forced pause
    - places: agent -> whose phones the agent works at
    - legs: agent -> the leg by which the agent stays connected
    - supervisions: supervisor -> what the leg attends, in its present mode
    - coached: (agent, coach) -> calls for which the coach was rung
    - assigned: (queue, agent) -> the last word on whether the agent serves it
    """

    held: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    legs: dict[str, AgentLegUp] = field(default_factory=dict)
    supervisions: dict[str, SupervisionStarted] = field(default_factory=dict)
    coached: Counter[tuple[str, str]] = field(default_factory=Counter)
    assigned: dict[tuple[str, str], QueueAssigned] = field(default_factory=dict)
    _days: dict[str, Day] = field(default_factory=dict)
    _day: str = ""

    def apply(self, stamped: Stamped) -> None:
        """One more event."""
        match stamped.event:
            case AgentChanged(agent=agent, was=was, now=now, reason=reason):
                self._new_day(stamped.wall_s)
                self._change(agent, was, (now, reason, stamped.wall_s))
                if now == AgentState.OFFLINE.value:
                    self.places.pop(agent, None)
            case TalkEnded(agent=agent) if agent:
                self._new_day(stamped.wall_s)
                self._days.setdefault(agent, Day()).talks += 1
            case AgentForced(agent=agent, by=by, hold=hold):
                self.held.pop(agent, None)
                if hold:
                    self.held[agent] = by
            case PhoneTaken(agent=agent, place=place):
                self.places[agent] = place
            case AgentLegUp(agent=agent):
                self.legs[agent] = stamped.event
            case AgentLegDown(agent=agent):
                self.legs.pop(agent, None)
            case SupervisionStarted(supervisor=supervisor):
                self.supervisions[supervisor] = stamped.event
            case SupervisionChanged(supervisor=supervisor, mode=mode) if supervisor in self.supervisions:
                self.supervisions[supervisor] = replace(self.supervisions[supervisor], mode=mode)
            case SupervisionEnded(supervisor=supervisor):
                self.supervisions.pop(supervisor, None)
            case CoachRung(agent=agent, coach=coach):
                self.coached[agent, coach] += 1
            case QueueAssigned(queue=queue, agent=agent):
                self.assigned[queue, agent] = stamped.event

    def place_of(self, agent: str) -> str:
        """Whose phones are rung for the agent: the agent's own, but for one who works somewhere else."""
        return self.places.get(agent, agent)

    def who_is_at(self, place: str) -> str:
        """Who works at these phones now."""
        return next((agent for agent, at in self.places.items() if at == place), place)

    def today(self, agent: str, wall_s: float) -> Day:
        """The agent's day until now, as a copy."""
        self._new_day(wall_s)
        day = self._days.get(agent, Day(now=(AgentState.OFFLINE.value, "", midnight(wall_s))))
        state, reason, since = day.now
        today = Day(dict(day.states), dict(day.reasons), day.talks, day.now)
        today.count(state, reason, wall_s - since)
        return today

    def _change(self, agent: str, was: str, now: tuple[str, str, float]) -> None:
        """One of whom nothing is known was `was` since midnight."""
        day = self._days.get(agent)
        if day is None:
            day = self._days[agent] = Day(now=(was, "", midnight(now[2])))
        before, reason, since = day.now
        day.count(before, reason, now[2] - since)
        day.now = now

    def _new_day(self, wall_s: float) -> None:
        """At midnight of the box's time zone everybody begins again, in the state of the moment."""
        today = _date(wall_s)
        if today == self._day:
            return
        self._day, begun = today, midnight(wall_s)
        self._days = {agent: Day(now=(*day.now[:2], begun)) for agent, day in self._days.items()}


def _date(wall_s: float) -> str:
    return f"{datetime.fromtimestamp(wall_s):%Y-%m-%d}"


def midnight(wall_s: float) -> float:
    """The beginning of that day."""
    at = datetime.fromtimestamp(wall_s)
    return at.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
