"""Who writes up a call until when: the timers, their extensions, and the codes of what it was about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from appliance.acd.agent import AgentRefused
from appliance.agent_events import CallCoded, WrapUpExtended
from appliance.bus import Bus
from appliance.events import WrapUpEnded, WrapUpStarted


@dataclass(frozen=True)
class Rule:
    """How long a call of a queue may be written up: `seconds`, then `extensions` times so many more."""

    seconds: float = 0.0
    extend_seconds: float = 0.0
    extensions: int = 0
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class WrapUp:
    """One that is running; `until` is loop time."""

    call_id: str
    rule: Rule
    until: float
    timer: asyncio.TimerHandle


class WrapUps:
    """Those that are running, by agent; `over(agent)` is called when the time is."""

    def __init__(self, bus: Bus, over: Callable[[str], None]) -> None:
        self._bus = bus
        self._over = over
        self._running: dict[str, WrapUp] = {}

    def __contains__(self, agent: str) -> bool:
        return agent in self._running

    def begin(self, agent: str, call_id: str, rule: Rule) -> None:
        """The agent writes up the call from now on."""
        self._bus.publish(WrapUpStarted(call_id=call_id, agent=agent, seconds=rule.seconds))
        self.go_on(agent, call_id, rule, rule.seconds)

    def go_on(self, agent: str, call_id: str, rule: Rule, seconds: float) -> None:
        """It ends after `seconds`; also after a restart."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(max(0.0, seconds), self._time_is_over, agent)
        self._running[agent] = WrapUp(call_id, rule, loop.time() + seconds, timer)

    def left(self, agent: str) -> float | None:
        """The seconds left, None for one who writes nothing up."""
        running = self._running.get(agent)
        return None if running is None else max(0.0, running.until - asyncio.get_running_loop().time())

    def rule(self, agent: str) -> Rule | None:
        """By which the agent writes up, None for one who writes nothing up."""
        running = self._running.get(agent)
        return None if running is None else running.rule

    def extend(self, agent: str) -> None:
        """More time, as often as the queue allows. Raises AgentRefused."""
        running = self._of(agent)
        rule, left = running.rule, self.left(agent) or 0.0
        if not rule.extensions:
            raise AgentRefused(f"agent {agent}: there is no more time for this wrap-up. Pause instead.")
        running.timer.cancel()
        self._bus.publish(WrapUpExtended(call_id=running.call_id, agent=agent, seconds=rule.extend_seconds))
        rule = replace(rule, extensions=rule.extensions - 1)
        self.go_on(agent, running.call_id, rule, left + rule.extend_seconds)

    def code(self, agent: str, code: str) -> None:
        """What the call that is written up was about. Raises AgentRefused."""
        running = self._of(agent)
        note_code(agent, code, running.call_id, running.rule, self._bus)

    def drop(self, agent: str, by: str) -> bool:
        """End it before its time; says whether there was one."""
        running = self._running.pop(agent, None)
        if running is None:
            return False
        running.timer.cancel()
        self._bus.publish(WrapUpEnded(call_id=running.call_id, agent=agent, by=by))
        return True

    def close(self) -> None:
        """Stop the timers."""
        for running in self._running.values():
            running.timer.cancel()
        self._running.clear()

    def _of(self, agent: str) -> WrapUp:
        if agent not in self._running:
            raise AgentRefused(f"agent {agent}: is not in wrap-up, so there is nothing to write up.")
        return self._running[agent]

    def _time_is_over(self, agent: str) -> None:
        self.drop(agent, "timer")
        self._over(agent)


def note_code(agent: str, code: str, call_id: str, rule: Rule, bus: Bus) -> None:
    """Let the call have this code. Raises AgentRefused for one its queue does not know."""
    if code not in rule.codes:
        known = ", ".join(rule.codes) or "none, give its queue some in `codes`"
        raise AgentRefused(f"call {call_id}: there is no code {code!r} here. Known: {known}.")
    bus.publish(CallCoded(call_id=call_id, agent=agent, code=code))
