"""Queue logic alone: how many calls a minute the distributor carries on a fake clock.

A day in a centre of 50 agents and 3 queues: Poisson arrivals, lognormal talk, exponential patience, wrap-up,
phones that are not answered. Nothing but the distributor runs. Prints calls a minute of real time, with and
without the invariant check after every change.

    python -m benchmarks.queue_logic [--calls 200000] [--json]
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
import time

from appliance.acd.agent import Agent, AgentState
from appliance.acd.choice import longest_idle
from appliance.acd.distributor import Distributor
from appliance.acd.invariants import breaches
from appliance.acd.queue import Ticket, TicketState
from appliance.events import AgentChanged, Event

AGENTS = 50
QUEUES = {"sales": range(30), "support": range(20, 50), "gold": range(10, 40)}


class Day:
    """A discrete-event simulation: a heap of (time, order, what, ticket or agent)."""

    def __init__(self, seed: int, *, check: bool) -> None:
        self.now = 0.0
        self.dice = random.Random(seed)
        self.heap: list[tuple[float, int, str, object]] = []
        self.order = 0
        self.answered = self.left = 0
        self.offered: list[Ticket] = []
        self.broken = 0
        self.acd = Distributor(
            publish=self._event, now=lambda: self.now, checked=self._check if check else None
        )
        for name, agents in QUEUES.items():
            self.acd.add_queue(name, tuple(f"a{number:02}" for number in agents), longest_idle)
        for agent in self.acd.agents:
            self.acd.log_in(agent)

    def run(self, calls: int) -> None:
        """Let this many callers come and go."""
        names = list(QUEUES)
        at = 0.0
        for number in range(calls):
            at += self.dice.expovariate(AGENTS * 0.95 / 200)
            self._until(at)
            ticket = self.acd.join(f"c{number}", names[number % 3], at)
            self._at(self.dice.expovariate(1 / 300), "leave", ticket)
        self._until(at + 86400)

    def _until(self, at: float) -> None:
        while self.heap and self.heap[0][0] <= at:
            self.now, _, what, who = heapq.heappop(self.heap)
            getattr(self, f"_{what}")(who)
        self.now = at

    def _at(self, seconds: float, what: str, who: object) -> None:
        self.order += 1
        heapq.heappush(self.heap, (self.now + seconds, self.order, what, who))

    def _leave(self, ticket: Ticket) -> None:
        if ticket.state in (TicketState.WAITING, TicketState.OFFERED):
            self.left += 1
            self.acd.leave(ticket)

    def _picked_up(self, ticket: Ticket) -> None:
        if ticket.state is TicketState.OFFERED and ticket.agent is not None:
            self.answered += 1
            agent = ticket.agent.name
            self.acd.connect(ticket)
            self._at(self.dice.lognormvariate(5.0, 0.6), "talked", agent)

    def _not_picked_up(self, ticket: Ticket) -> None:
        if ticket.state is TicketState.OFFERED and ticket.agent is not None:
            agent = ticket.agent.name
            self.acd.take_back(ticket, pause="no answer")
            self._at(30.0, "back", agent)

    def _back(self, agent: str) -> None:
        self.acd.resume(agent)

    def _talked(self, agent: str) -> None:
        self.acd.talk_ended(agent, wrap_up=True)
        self._at(10.0, "wrapped", agent)

    def _wrapped(self, agent: str) -> None:
        self.acd.wrap_up_ended(agent)

    def _event(self, event: Event) -> None:
        """An agent's phone begins to ring; for whom is known when the match is done."""
        if isinstance(event, AgentChanged) and event.now == AgentState.OFFERED.value:
            self._at(0.0, "ringing", self.acd.agents[event.agent])

    def _ringing(self, agent: Agent) -> None:
        for name in agent.queues:
            for ticket in self.acd.queues[name]:
                if ticket.agent is agent:
                    self._at(2.0, "picked_up" if self.dice.random() < 0.97 else "not_picked_up", ticket)
                    return

    def _check(self, acd: Distributor) -> None:
        self.broken += sum(1 for _ in breaches(acd))


def main() -> None:
    """Run both ways and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=200_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    for check, calls in ((False, options.calls), (True, options.calls // 10)):
        day = Day(7, check=check)
        began = time.perf_counter()
        day.run(calls)
        seconds = time.perf_counter() - began
        if day.answered + day.left != calls or day.broken:
            raise SystemExit(
                f"lost callers: {calls} came, {day.answered} + {day.left} left, {day.broken} breaches"
            )
        figures["checked" if check else "calls_a_minute"] = round(calls / seconds * 60)
        figures["answered_share" + ("_checked" if check else "")] = round(day.answered / calls, 3)
    print(json.dumps(figures) if options.json else "\n".join(f"{k}: {v:,}" for k, v in figures.items()))


if __name__ == "__main__":
    main()
