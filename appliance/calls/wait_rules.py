"""Whether a queue lets a caller in, and whether one who waits is sent on: by its length, hours, agents."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from appliance.acd.agent import Agent, AgentState
from appliance.acd.distributor import Distributor
from appliance.calendars.calendars import Calendars, Closed
from appliance.calls.engaged import REASON
from appliance.calls.expected import ExpectedWaits
from appliance.clock import Clock
from appliance.config.schema import Queue
from appliance.config.section import Destination


class Site(Protocol):
    """What the rules look at: a `Centre`, or one that is simulated."""

    @property
    def acd(self) -> Distributor:
        """Queues and agents."""

    @property
    def waits(self) -> ExpectedWaits:
        """How long it takes in each queue."""

    @property
    def calendars(self) -> Calendars:
        """When it is open."""

    @property
    def clock(self) -> Clock:
        """The time."""

    def queue(self, name: str) -> Queue:
        """Settings of a queue."""


class Why(enum.Enum):
    """Why a caller is not let into a queue, or leaves it without an agent."""

    CLOSED = "closed"
    FULL = "full"
    EMPTY = "nobody there"
    EXPECTED = "long expected wait"
    WAITED = "waited too long"
    KEY = "key"
    CALL_BACK = "call-back"


@dataclass(frozen=True)
class SentOn:
    """Where a caller goes instead of waiting. `number` is the one to call back, for Why.CALL_BACK."""

    why: Why
    to: Destination
    number: str = ""


def refusal(queue: str, place: float, call_id: str, site: Site) -> SentOn | None:
    """Where a caller goes who would join now; None lets him in."""
    settings = site.queue(queue)
    if settings.hours:
        state = site.calendars.state(settings.hours, site.clock.wall())
        if isinstance(state, Closed):
            return SentOn(Why.CLOSED, state.to or settings.closed)
    if settings.max_callers and len(site.acd.queues[queue]) >= settings.max_callers:
        return SentOn(Why.FULL, settings.full)
    return empty(queue, site) or too_long(queue, place, call_id, site)


def empty(queue: str, site: Site) -> SentOn | None:
    """Where callers of a queue go that nobody serves now."""
    settings = site.queue(queue)
    agents = (site.acd.agents[name] for name in site.acd.queues[queue].agents)
    counts_paused = settings.empty_when == "all-paused"
    if settings.empty_when == "never" or not all(_is_away(agent, counts_paused) for agent in agents):
        return None
    return SentOn(Why.EMPTY, settings.empty)


def _is_away(agent: Agent, counts_paused: bool) -> bool:
    """Logged out, or in a pause that is not just a call of the agent's own."""
    if agent.state is AgentState.PAUSED:
        return counts_paused and REASON not in agent.hindrances
    return agent.state is AgentState.OFFLINE


def too_long(queue: str, place: float, call_id: str, site: Site) -> SentOn | None:
    """Where a caller goes who would wait longer than the queue allows, if it is better there.

    Section 5.1 of the definitions: if EWT(q) > x and EWT(q2) + cost < EWT(q).
    """
    settings, waits = site.queue(queue), site.waits
    limit, to = settings.overflow_expected_seconds, settings.overflow
    if not limit:
        return None
    here = waits.expected(queue, site.acd.position(queue, call_id, place) - 1)
    if here is None or here <= limit:
        return None
    if to.kind == "queue":
        there = waits.expected(to.name, site.acd.position(to.name, call_id, place) - 1)
        if there is None or there + settings.overflow_cost_seconds >= here:
            return None
    return SentOn(Why.EXPECTED, to)
