"""Agents who are on the phone outside any queue: they are not rung for callers while it lasts."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

from appliance.acd.agent import AgentState
from appliance.acd.distributor import Distributor

REASON = "on a call"


class Engaged:
    """Counts the legs of each agent that no queue knows of; the first hinders, the last lets go."""

    def __init__(self, acd: Distributor) -> None:
        self._acd = acd
        self._legs: Counter[str] = Counter()

    @contextlib.contextmanager
    def on_a_call(self, agent: str) -> Iterator[None]:
        """The agent has a leg of this kind while the body runs."""
        self._legs[agent] += 1
        if self._legs[agent] == 1:
            self._acd.hinder(agent, REASON)
        try:
            yield
        finally:
            self._legs[agent] -= 1
            if not self._legs[agent]:
                del self._legs[agent]
                self._acd.unhinder(agent, REASON)

    def is_busy(self, agent: str) -> bool:
        """The agent has a call of whatever kind, or is being rung for one."""
        state = self._acd.agents[agent].state
        return self._legs[agent] > 0 or state in (AgentState.OFFERED, AgentState.TALKING)
