"""An agent as the queues see one: a state, since when, why. No phone, no audio."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.acd.busy import BusyLog


class AgentState(enum.Enum):
    """What an agent is doing."""

    OFFLINE = "offline"
    READY = "ready"
    OFFERED = "offered"
    TALKING = "talking"
    WRAP_UP = "wrap-up"
    PAUSED = "paused"

    __hash__ = object.__hash__  # Enum's own is a Python function, and states are looked up all the time


AGENT_MOVES: dict[AgentState, frozenset[AgentState]] = {
    AgentState.OFFLINE: frozenset({AgentState.READY, AgentState.PAUSED}),
    AgentState.READY: frozenset({AgentState.OFFERED, AgentState.PAUSED, AgentState.OFFLINE}),
    AgentState.OFFERED: frozenset(
        {AgentState.TALKING, AgentState.READY, AgentState.PAUSED, AgentState.OFFLINE}
    ),
    AgentState.TALKING: frozenset(
        {AgentState.WRAP_UP, AgentState.READY, AgentState.PAUSED, AgentState.OFFLINE}
    ),
    AgentState.WRAP_UP: frozenset({AgentState.READY, AgentState.PAUSED, AgentState.OFFLINE}),
    AgentState.PAUSED: frozenset({AgentState.READY, AgentState.OFFLINE}),
}

#: States that are work with a caller, and count as busy.
AT_WORK = frozenset({AgentState.TALKING, AgentState.WRAP_UP})
#: States in which an agent has a call; `Agent.call_id` is set in exactly these.
WITH_A_CALL = frozenset({AgentState.OFFERED, AgentState.TALKING, AgentState.WRAP_UP})


Profile = tuple[tuple[str, int], ...]


#: States in which nobody can count on an agent.
AWAY = frozenset({AgentState.OFFLINE, AgentState.PAUSED})


class AgentRefused(Exception):
    """What was asked of an agent is not possible in the present state; the message says what to do."""


@dataclass(slots=True, eq=False)
class Agent:
    """One agent; `since` and `ready_since` are monotonic seconds.

    `ready_since` is when the agent last became free of work; it is what "longest idle" compares, and an
    offer that came to nothing through no fault of the agent's does not change it.
    `afterwards` is the state asked for while a call was on, taken when the call lets go.
    `hindrances` are what keeps the agent from being rung, though nobody asked for a pause: reason -> detail.
    `hindered` says that the agent is PAUSED for them alone, and READY by itself when the last one goes.
    `profile` is the skills as one value: who has the same can serve the same callers.
    `misses` counts offers not taken since one was; `misses_before_pause` 0 is the queue's number.
    """

    name: str
    queues: tuple[str, ...] = ()
    state: AgentState = AgentState.OFFLINE
    since: float = 0.0
    reason: str = ""
    call_id: str = ""
    ready_since: float = 0.0
    handled: int = 0
    skills: Mapping[str, int] = field(default_factory=dict)
    profile: Profile = ()
    misses: int = 0
    misses_before_pause: int = 0
    busy: BusyLog = field(default_factory=BusyLog)
    afterwards: tuple[AgentState, str] | None = field(default=None)
    hindrances: dict[str, str] = field(default_factory=dict)
    hindered: bool = False

    @property
    def hindrance(self) -> str:
        """What keeps the agent from being rung, in words: "no phone registered: ..."; "" = nothing."""
        told = (f"{reason}: {detail}" if detail else reason for reason, detail in self.hindrances.items())
        return "; ".join(told)

    def move(
        self, state: AgentState, *, now: float, reason: str = "", call_id: str = "", hindered: bool = False
    ) -> None:
        """The one way a state changes; raises AssertionError for a move the table forbids (a bug)."""
        if state not in AGENT_MOVES[self.state]:
            raise AssertionError(f"agent {self.name}: {self.state.value} -> {state.value} is not a move")
        if (state in AT_WORK) != (self.state in AT_WORK):
            (self.busy.starts if state in AT_WORK else self.busy.ends)(now)
        self.state = state
        self.since = now
        self.reason = reason
        self.hindered = hindered
        self.call_id = call_id if state in WITH_A_CALL else ""

    def remember(self, was: str, now: str, at: float) -> None:
        """A change of before a restart, `AgentState` values: work counts, the state is not touched."""
        working = {state.value for state in AT_WORK}
        if (was in working) != (now in working):
            (self.busy.starts if now in working else self.busy.ends)(at)
        self.handled += was == AgentState.TALKING.value

    def restore(self, state: AgentState, *, since: float, reason: str, call_id: str, hindered: bool) -> None:
        """Be as the journal says, whatever was before."""
        self.state, self.since, self.ready_since = state, since, since
        self.reason, self.call_id, self.hindered = reason, call_id, hindered
        (self.busy.starts if state in AT_WORK else self.busy.ends)(since)
