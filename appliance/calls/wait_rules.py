"""Whether a queue lets a caller in, and whether one who waits is sent on: by its length, hours, agents."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from appliance.acd.agent import Agent, AgentState
from appliance.acd.distributor import Distributor
from appliance.acd.roster import REST, UNKNOWN
from appliance.calendars.calendars import Calendars, Closed
from appliance.calls.engaged import REASON
from appliance.calls.expected import ExpectedWaits
from appliance.clock import Clock
from appliance.config.schema import Queue
from appliance.config.section import Destination

LOOK_SECONDS = 2.0  # between two looks at the rules of the queue
EMPTY_SECONDS = 10.0  # a queue must be without agents for so long: a phone that registers anew takes less


#: What hinders an agent for a moment: a call of his own, a rest, a box that has just started.
PASSING = frozenset({REASON, REST, UNKNOWN})


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


class WaitLimits:
    """When the rules of the queue end one caller's wait. Times are those of one clock, in seconds."""

    def __init__(self, queue: str, place: float, call_id: str, site: Site, ends_at: float | None) -> None:
        """`ends_at` is when the caller has waited for too long, None for never."""
        self._queue = queue
        self._place = place
        self._call_id = call_id
        self._site = site
        self._ends_at = ends_at
        self._empty_since: float | None = None

    def sent_on(self, now: float, *, rings: bool) -> SentOn | None:
        """Where the caller goes now; `rings` says that an agent's phone rings for the caller."""
        if self._ends_at is not None and now >= self._ends_at:
            return SentOn(Why.WAITED, self._site.queue(self._queue).overflow)
        nobody = empty(self._queue, self._site)
        self._empty_since = None if nobody is None else self._empty_since or now
        if nobody is not None and now - (self._empty_since or now) >= EMPTY_SECONDS:
            return nobody
        return None if rings else too_long(self._queue, self._place, self._call_id, self._site)

    def seconds_to_look(self, now: float) -> float | None:
        """Until the rules may have changed their mind; None = they never will."""
        settings = self._site.queue(self._queue)
        ends = [] if self._ends_at is None else [max(0.0, self._ends_at - now)]
        changes = settings.empty_when != "never" or settings.overflow_expected_seconds
        return min([*ends, LOOK_SECONDS] if changes else ends, default=None)


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
    """Logged out, or in a pause that does not end by itself in a moment."""
    if agent.state is AgentState.PAUSED:
        return counts_paused and not (agent.hindered and PASSING.issuperset(agent.hindrances))
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
