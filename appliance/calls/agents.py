"""What agents ask of the box, by star code, command line or screen, and the wrap-up timers.

The states are the distributor's; here is who ends a wrap-up, and when.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from appliance.acd.agent import AgentRefused, AgentState
from appliance.acd.distributor import Distributor
from appliance.bus import Bus
from appliance.events import WrapUpEnded, WrapUpStarted


class AgentDesk:
    """Commands for agents; all raise AgentRefused with what to do instead."""

    def __init__(self, acd: Distributor, bus: Bus) -> None:
        self._acd = acd
        self._bus = bus
        self._timers: dict[str, tuple[asyncio.TimerHandle, str]] = {}
        self._more: dict[str, Callable[[str, str], None]] = {}

    def commands(self) -> dict[str, Callable[[str, str], None]]:
        """Command word -> what takes (agent, reason)."""
        return {
            "login": lambda agent, reason: self.log_in(agent),
            "logout": lambda agent, reason: self.log_out(agent),
            "pause": self.pause,
            "ready": lambda agent, reason: self.ready(agent),
            "end-wrap-up": lambda agent, reason: self.end_wrap_up(agent),
            **self._more,
        }

    def add(self, commands: Mapping[str, Callable[[str, str], None]]) -> None:
        """Others are known from now on (those for a conversation, `talk_desk.py`)."""
        self._more.update(commands)

    def log_in(self, agent: str) -> None:
        """Begin work, ready."""
        self._acd.log_in(agent)

    def log_out(self, agent: str) -> None:
        """End work, after the present call."""
        self._drop_wrap_up(agent)
        self._acd.log_out(agent)

    def pause(self, agent: str, reason: str) -> None:
        """Take no calls, after the present one."""
        self._drop_wrap_up(agent)
        self._acd.pause(agent, reason)

    def ready(self, agent: str) -> None:
        """Take calls again; ends wrap-up too."""
        self._drop_wrap_up(agent)
        self._acd.resume(agent)

    def end_wrap_up(self, agent: str) -> None:
        """Ready for the next caller before the timer says so."""
        if not self._drop_wrap_up(agent):
            raise AgentRefused(f"agent {agent} is not in wrap-up, so there is nothing to end.")
        self._acd.wrap_up_ended(agent)

    def talk_ended(self, agent: str, call_id: str, seconds: float) -> None:
        """A conversation is over: `seconds` of wrap-up, or none."""
        if seconds <= 0:
            self._acd.talk_ended(agent, wrap_up=False)
            return
        self._bus.publish(WrapUpStarted(call_id=call_id, agent=agent, seconds=seconds))
        self._start(agent, call_id, seconds)
        self._acd.talk_ended(agent, wrap_up=True)

    def restore_wrap_up(self, agent: str, call_id: str, seconds: float) -> None:
        """After a restart: the rest of a wrap-up that was running."""
        self._start(agent, call_id, max(0.0, seconds))

    def wraps_up(self, agent: str) -> bool:
        """Whether a wrap-up of the agent will end by itself."""
        return agent in self._timers

    def close(self) -> None:
        """Stop the timers."""
        for timer, _ in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _start(self, agent: str, call_id: str, seconds: float) -> None:
        timer = asyncio.get_running_loop().call_later(seconds, self._over, agent)
        self._timers[agent] = (timer, call_id)

    def _over(self, agent: str) -> None:
        _, call_id = self._timers.pop(agent)
        self._bus.publish(WrapUpEnded(call_id=call_id, agent=agent, by="timer"))
        self._acd.wrap_up_ended(agent)

    def _drop_wrap_up(self, agent: str) -> bool:
        """The agent ends a running wrap-up by asking for something else; says whether there was one."""
        known = self._acd.agents.get(agent)
        if known is None or known.state is not AgentState.WRAP_UP or agent not in self._timers:
            return False
        timer, call_id = self._timers.pop(agent)
        timer.cancel()
        self._bus.publish(WrapUpEnded(call_id=call_id, agent=agent, by="agent"))
        return True
