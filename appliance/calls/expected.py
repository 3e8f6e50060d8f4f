"""How long callers will wait in each queue: what was learned of its calls, asked with who is there now."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping

from appliance.acd.agent import AWAY
from appliance.acd.distributor import Distributor
from appliance.acd.expected_wait import Expectation, shares
from appliance.events import Stamped
from appliance.store.derive import Progress, Stage, apply, begin
from appliance.store.legs import LegOutcome, QueueLeg
from appliance.store.service import Figure, accuracy

REMEMBERED = 500  # promises of each queue whose truth is shown


class ExpectedWaits:
    """A reader of the bus."""

    def __init__(self, acd: Distributor) -> None:
        self._acd = acd
        self._staff: dict[str, tuple[int, Mapping[tuple[str, ...], int]]] = {}
        self._of: dict[str, Expectation] = defaultdict(Expectation)
        self._off_s: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self._calls: dict[str, Progress] = {}  # those in progress

    def hear(self, stamped: Stamped) -> None:
        """For the bus."""
        call_id = stamped.event.call_id
        if not call_id:
            return
        progress = apply(self._calls.get(call_id) or begin(call_id), stamped)
        if progress.row.arrived_ms is None:  # from before we listened: only part of it is known
            return
        self._calls[call_id] = progress
        if progress.row.stage is Stage.OVER:
            del self._calls[call_id]
            self.learn(progress.legs.legs)

    def learn(self, legs: Iterable[QueueLeg]) -> None:
        """Take in legs of calls that are over, oldest first."""
        for leg in legs:
            known = self._of[leg.queue]
            if leg.outcome is LegOutcome.ABANDONED:
                known.abandoned(leg.wait_ms / 1000)
            elif leg.outcome is not LegOutcome.BLOCKED:
                known.waited(leg.wait_ms / 1000)
            if leg.outcome is LegOutcome.ANSWERED:
                known.handled((leg.ring_ms + leg.talk_ms + leg.hold_ms + leg.wrap_up_ms) / 1000)
            if leg.promised_ms is not None and leg.came_true_ms is not None:
                self._off_s[leg.queue].append((leg.promised_ms - leg.came_true_ms) / 1000)

    def accuracy(self, queue: str) -> dict[str, Figure]:
        """How right the last callers were told, as `store.service.accuracy` says."""
        return accuracy(self._off_s[queue])

    def agents(self, queue: str) -> float:
        """How many agents the queue can count on now."""
        staffed = self._staffed(queue)
        loaded = {name for queues in staffed for name in queues if len(self._acd.queues[name])}
        return shares(queue, staffed, loaded)

    def _staffed(self, queue: str) -> Mapping[tuple[str, ...], int]:
        """How many of those who are there serve which queues, counted anew when somebody comes or goes.

        Callers who want one agent alone are few, so their queues do not count.
        """
        acd = self._acd
        known = self._staff.get(queue)
        if known is None or known[0] != acd.staffing:
            mine = (acd.agents[name] for name in acd.queues[queue].agents)
            served = (agent.queues for agent in mine if agent.state not in AWAY)
            counted = Counter(
                tuple(name for name in queues if name == queue or not name.startswith("agent:"))
                for queues in served
            )
            known = self._staff[queue] = (acd.staffing, counted)
        return known[1]

    def expected(self, queue: str, ahead: int) -> float | None:
        """Seconds to wait behind so many callers; 0 where somebody is ready, None when nobody serves them."""
        if not ahead and self._acd.ready_agents(queue):
            return 0.0
        return self._of[queue].expected(ahead, self.agents(queue))

    def of_agent(self, queue: str, agent: str) -> float | None:
        """Seconds until one agent at work can take a caller of the queue who waits for that one alone."""
        return self._of[queue].expected(self._acd.queues[queue].kept_for(agent), 1.0)

    def between(self, queue: str, ahead: int) -> tuple[float, float] | None:
        """The 50th and the 80th percentile of it."""
        return self._of[queue].between(ahead, self.agents(queue))
