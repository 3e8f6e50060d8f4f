"""One simulated day: callers and agents on a fake clock, brought together by the box's own distributor.

Events are a heap of (moment, what to do); nothing waits and nothing is read, so a day takes a second. The
phones of agents ring for `ring_s` and are answered. Moments are seconds since the beginning of the day.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from appliance.acd.agent import AgentState
from appliance.acd.caller import Caller
from appliance.acd.distributor import Distributor
from appliance.acd.queue import Ticket, TicketState
from appliance.calls.wait_rules import WaitLimits, refusal
from appliance.config.schema import Config
from appliance.events import AgentChanged, Event
from appliance.simulate.arrivals import Arrival
from appliance.simulate.floor import Floor
from appliance.simulate.promises import Promise, Promises
from appliance.store.agent_time import Span
from appliance.store.legs import LegOutcome, QueueLeg

TELL_EVERY = 2000  # callers
MOST_LEGS = 100  # of one caller sent from queue to queue; then the caller is let go
IN_QUEUE = (TicketState.WAITING, TicketState.OFFERED)
DELAY_S = 1e-9  # a wait longer than this is one


@dataclass(frozen=True)
class Staffed:
    """An agent comes (`here`) or goes at a moment of the day."""

    at_s: float
    agent: str
    here: bool


@dataclass(frozen=True)
class Setting:
    """What a day is simulated with; callers before `count_from_s` are served but not counted.

    `staff` says when agents come and go, else all are there throughout. `begins_s` is wall clock, for
    opening hours.
    """

    config: Config
    ring_s: float = 0.0
    count_from_s: float = 0.0
    begins_s: float = 0.0
    staff: Sequence[Staffed] = ()


@dataclass
class DayResult:
    """What became of the day: legs as the box would store them, agents' time by state, and the promises."""

    legs: list[QueueLeg] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    events: int = 0
    longest_queue: int = 0


@dataclass(slots=True, eq=False)
class _Visit:
    """A caller being served."""

    id: str
    arrival: Arrival
    number: int = 0
    entered_s: float = 0.0
    ticket: Ticket | None = None
    promise: Promise | None = None


class Day:
    """Runs one day; make one for each."""

    def __init__(
        self, setting: Setting, arrivals: Sequence[Arrival], told: Callable[[float], object] = lambda share: 0
    ) -> None:
        """`arrivals` in the order of their time; agents' time counts until the last one.

        `told` hears now and then which share of them has come.
        """
        self.now = 0.0
        self._tell = told
        self._come, self._all = 0, len(arrivals)
        self.result = DayResult()
        self._setting = setting
        self._arrivals = iter(arrivals)
        self._ends_s = arrivals[-1].at_s if arrivals else 0.0
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = itertools.count()
        self._visits: dict[str, _Visit] = {}
        self._promises = Promises()
        self._since: dict[str, tuple[str, float]] = {}  # agent -> state and since when
        self._spent: dict[str, float] = {}  # by state
        self.acd = Distributor(publish=self._told, now=lambda: self.now, wake=self._wake)
        self.floor = Floor(setting.config, self.acd, lambda: setting.begins_s + self.now)

    def run(self) -> DayResult:
        """Serve everybody who comes, until the last one is gone."""
        self._staff()
        self._await_next()
        while self._heap:
            self.now, _, deed, what = heapq.heappop(self._heap)
            self.result.events += 1
            deed(*what)
        for state, since_s in self._since.values():
            self._spend(state, since_s, self._ends_s)
        for visit in list(self._visits.values()):  # nobody came to serve them
            self._leg(visit, visit.ticket.queue if visit.ticket else "", LegOutcome.WAITING)
        self.result.spans = [
            Span("", state, "", 0, round(seconds * 1000)) for state, seconds in self._spent.items()
        ]
        self.result.promises = self._promises.kept
        return self.result

    def _at(self, moment: float, deed: Callable[..., None], *what: Any) -> None:
        heapq.heappush(self._heap, (moment, next(self._count), deed, what))

    def _wake(self, moment: float) -> None:
        self._at(moment, self.acd.advance)

    # --- agents -----------------------------------------------------------------------------------

    def _staff(self) -> None:
        if self._setting.staff:
            for each in self._setting.staff:
                if each.agent in self.acd.agents:
                    self._at(each.at_s, self._comes_or_goes, each)
            return
        for agent in self.acd.agents:
            self.acd.log_in(agent)

    def _comes_or_goes(self, staffed: Staffed) -> None:
        if staffed.here:
            self.acd.log_in(staffed.agent)
        else:
            self.acd.log_out(staffed.agent)

    def _told(self, event: Event) -> None:
        """An agent's state changed; a phone that begins to ring is answered a little later."""
        if not isinstance(event, AgentChanged):
            return
        state, since_s = self._since.get(event.agent, ("offline", self.now))
        self._spend(state, since_s, self.now)
        self._since[event.agent] = (event.now, self.now)
        if event.now == "offered":
            self._at(self.now + self._setting.ring_s, self._picked_up, event.call_id, event.agent)

    def _spend(self, state: str, since_s: float, until_s: float) -> None:
        seconds = min(until_s, self._ends_s) - max(since_s, self._setting.count_from_s)
        if state != "offline" and seconds > 0:
            self._spent[state] = self._spent.get(state, 0.0) + seconds

    # --- callers ----------------------------------------------------------------------------------

    def _await_next(self) -> None:
        arrival = next(self._arrivals, None)
        if arrival is not None:
            self._come += 1
            self._at(arrival.at_s, self._arrives, arrival)
            if self._come % TELL_EVERY == 0:
                self._tell(self._come / self._all)

    def _arrives(self, arrival: Arrival) -> None:
        self._await_next()
        visit = _Visit(f"c{next(self._count):09}", arrival)
        self._enter(visit, arrival.queue)
        if visit.ticket is not None and math.isfinite(arrival.patience_s):
            self._at(arrival.at_s + arrival.patience_s, self._gives_up, visit)

    def _enter(self, visit: _Visit, queue: str) -> None:
        """Into a queue, or where its rules send the caller instead."""
        while visit.number < MOST_LEGS:
            visit.number += 1
            visit.entered_s, visit.ticket, visit.promise = self.now, None, None
            sent = refusal(queue, visit.arrival.at_s, visit.id, self.floor)
            if sent is None:
                self._wait(visit, queue)
                return
            self._leg(visit, queue, LegOutcome.BLOCKED)
            if sent.to.kind != "queue":
                return
            queue = sent.to.name

    def _wait(self, visit: _Visit, queue: str) -> None:
        arrival = visit.arrival
        caller = Caller(
            visit.id,
            arrival.at_s,
            needs=arrival.skills,
            priority=arrival.priority,
            customer=arrival.customer,
        )
        self._visits[visit.id] = visit
        visit.ticket = self.acd.join(caller, queue)
        self.result.longest_queue = max(self.result.longest_queue, len(self.acd.queues[queue]))
        if visit.ticket.state is TicketState.WAITING:
            visit.promise = self._promise(visit.ticket)
        longest_s = self.floor.queue(queue).max_wait_seconds
        ends_at = self.now + longest_s if longest_s else None
        limits = WaitLimits(queue, caller.place, visit.id, self.floor, ends_at)
        self._look_again(visit, visit.number, limits)

    def _promise(self, ticket: Ticket) -> Promise | None:
        ahead = self.acd.position(ticket.queue, ticket.caller) - 1
        mean = self.floor.waits.expected(ticket.queue, ahead)
        between = self.floor.waits.between(ticket.queue, ahead)
        if mean is None or between is None:
            return None
        return Promise(self.now, ticket.queue, mean, between)

    def _gives_up(self, visit: _Visit) -> None:
        ticket = visit.ticket
        if self._leaves(visit, LegOutcome.ABANDONED) and ticket is not None and visit.promise is not None:
            self._promises.gave_up(visit.promise, ticket.place)

    def _look_again(self, visit: _Visit, number: int, limits: WaitLimits) -> None:
        seconds = limits.seconds_to_look(self.now)
        if seconds is not None:
            self._at(self.now + seconds, self._look, visit, number, limits)

    def _look(self, visit: _Visit, number: int, limits: WaitLimits) -> None:
        """What the rules of the queue say now to one who is still in it."""
        ticket = visit.ticket
        if visit.number != number or ticket is None or ticket.state not in IN_QUEUE:
            return
        sent = limits.sent_on(self.now, rings=ticket.state is TicketState.OFFERED)
        if sent is None:
            self._look_again(visit, number, limits)
        elif self._leaves(visit, LegOutcome.FLOWED_OUT) and sent.to.kind == "queue":
            self._enter(visit, sent.to.name)

    def _leaves(self, visit: _Visit, outcome: LegOutcome) -> bool:
        """Out of the queue without an agent; False for one who is not in one."""
        ticket = visit.ticket
        if ticket is None or ticket.state not in IN_QUEUE:
            return False
        self.acd.leave(ticket)
        visit.ticket = None
        del self._visits[visit.id]
        self._leg(visit, ticket.queue, outcome)
        return True

    def _picked_up(self, call_id: str, agent: str) -> None:
        visit = self._visits.get(call_id)
        ticket = visit.ticket if visit is not None else None
        if visit is None or ticket is None or ticket.state is not TicketState.OFFERED:
            return
        taker = next((each for each in ticket.agents if each.name == agent), None)
        if taker is None or taker.since + self._setting.ring_s > self.now + DELAY_S:
            return
        self.acd.connect(ticket, taker)
        del self._visits[call_id]
        if visit.promise is not None:
            self._promises.came_true(visit.promise, self.now)
        self._promises.serves(ticket.queue, ticket.place, self.now)
        self._talks(visit, ticket.queue, agent)

    def _talks(self, visit: _Visit, queue: str, agent: str) -> None:
        handle_s = visit.arrival.handle_s
        wrap_up_s = min(self.floor.queue(queue).wrap_up_seconds, handle_s)
        leg = QueueLeg(
            visit.id,
            visit.number,
            queue,
            round(visit.entered_s * 1000),
            LegOutcome.ANSWERED,
            wait_ms=round((self.now - visit.entered_s) * 1000),
            ended_ms=round((self.now + handle_s - wrap_up_s) * 1000),
            agent=agent,
            ring_ms=round(self._setting.ring_s * 1000),
            talk_ms=round((handle_s - wrap_up_s) * 1000),
            wrap_up_ms=round(wrap_up_s * 1000),
        )
        self._count_leg(leg)
        self._at(self.now + handle_s - wrap_up_s, self._talked, leg)

    def _talked(self, leg: QueueLeg) -> None:
        self.acd.talk_ended(leg.agent, wrap_up=leg.wrap_up_ms > 0)
        if leg.wrap_up_ms > 0:
            self._at(self.now + leg.wrap_up_ms / 1000, self._written_up, leg)
        else:
            self._done(leg)

    def _written_up(self, leg: QueueLeg) -> None:
        self.acd.wrap_up_ended(leg.agent)
        self._done(leg)

    def _done(self, leg: QueueLeg) -> None:
        self.floor.waits.learn((leg,))
        agent = self.acd.agents[leg.agent]
        for queue in agent.queues if agent.state is AgentState.READY else ():
            if not len(self.acd.queues[queue]):
                self._promises.idle(queue, self.now)

    def _leg(self, visit: _Visit, queue: str, outcome: LegOutcome) -> None:
        entered_ms, now_ms = round(visit.entered_s * 1000), round(self.now * 1000)
        leg = QueueLeg(visit.id, visit.number, queue, entered_ms, outcome, ended_ms=now_ms)
        leg = replace(leg, wait_ms=now_ms - entered_ms)
        self.floor.waits.learn((leg,))
        self._count_leg(leg)

    def _count_leg(self, leg: QueueLeg) -> None:
        if leg.entered_ms >= self._setting.count_from_s * 1000:
            self.result.legs.append(leg)
