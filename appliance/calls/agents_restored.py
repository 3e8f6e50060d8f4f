"""Agents after a restart of the brain: what each was doing, and what the journal knows of them beside it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from appliance.acd.agent import AgentState
from appliance.calls.agent_facts import midnight
from appliance.calls.assign import assign_again
from appliance.calls.centre import Centre
from appliance.calls.recovery import WrapUp, restored_state, talking
from appliance.calls.story import Story
from appliance.calls.wrap_ups import Rule
from appliance.events import AgentChanged, WrapUpEnded
from appliance.store.agent_reads import agent_events
from appliance.store.opening import StoreError
from appliance.store.read import AgentLast

log = logging.getLogger(__name__)


def remember_agents(database: Path, centre: Centre) -> None:
    """Holds, phones, queues, supervisors and times of the day, as the journal has them."""
    try:
        past = agent_events(database, midnight(centre.clock.wall()))
    except StoreError as error:
        log.error("the journal cannot be read, so holds, phones and times of agents are lost: %s", error)
        return
    for stamped in past:
        centre.facts.apply(stamped)
        if isinstance(stamped.event, AgentChanged) and stamped.boot == centre.clock.boot:
            centre.acd.remember(stamped.event, stamped.mono_s)
    assign_again(centre)


def restore_agents(
    last: Mapping[str, AgentLast],
    going_on: Iterable[Story],
    wrapping: Iterable[WrapUp],
    centre: Centre,
    *,
    begins: Callable[[str], None],
) -> None:
    """Put every agent where the journal left off; `begins` is called before one logs in by itself."""
    talks = talking(going_on)
    wrap = {wrap_up.agent: wrap_up for wrap_up in wrapping}
    calls = {name: wrap_up.call_id for name, wrap_up in wrap.items()}
    for name, agent in centre.config.agents.items():
        if name not in last:
            if agent.ready_at_start:
                begins(name)
                centre.acd.log_in(name)
            continue
        was = (AgentState(last[name].state), last[name].reason)
        state, reason, call_id = restored_state(name, was, talks, calls)
        since = last[name].mono_s if last[name].boot == centre.clock.boot else centre.clock.mono()
        hindered = last[name].hindered and state is AgentState.PAUSED
        centre.acd.restore(name, state, since=since, reason=reason, call_id=call_id, hindered=hindered)
        if state is AgentState.WRAP_UP:
            _restore_wrap_up(wrap.pop(name), centre)
    for wrap_up in wrap.values():  # nobody goes on with it: the agent is gone from the configuration
        centre.bus.publish(WrapUpEnded(call_id=wrap_up.call_id, agent=wrap_up.agent, by="box"))


def _restore_wrap_up(was: WrapUp, centre: Centre) -> None:
    rule = centre.wrap_up(was.queue, was.agent) if was.queue in centre.acd.queues else Rule()
    rule = replace(rule, extensions=max(0, rule.extensions - was.extended))
    centre.desk.wrap_ups.go_on(was.agent, was.call_id, rule, was.until_wall_s - centre.clock.wall())
