"""What one event costs the distributor when ten times as many wait: the ratio must not exceed that of log n.

Steady states of three kinds, each small and ten times as large; the invariants are looked at after every
event, as in the box. An event is a call of the distributor: a caller joins, an answer, the end of a
conversation, of a wrap-up, a caller who leaves from somewhere in the middle.

  many queues    10 agents and 100 waiting callers to a queue, an agent in two of them: 10 -> 100 queues,
                 100 -> 1,000 agents, 1,000 -> 10,000 callers; skills, two classes, a step of relaxation
  one queue      100 -> 1,000 agents, 1,000 -> 10,000 waiting callers
  nobody waits   one queue, 100 -> 1,000 ready agents

    python -m benchmarks.queue_scale [--events 20000] [--json]
"""

from __future__ import annotations

import gc
import math
import random
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

from appliance.acd.caller import Caller
from appliance.acd.choice import longest_idle
from appliance.acd.distributor import Distributor
from appliance.acd.invariants import breaches, breaches_near
from appliance.acd.needs import Step
from appliance.acd.queue import Ticket, TicketState
from appliance.acd.rules import Rules
from appliance.events import Event
from benchmarks.rig.report import Report, options

TIMES = 10
RULES = Rules(
    skills={"german": 2}, classes={"vip": 4.0}, relax=(Step(1e6, levels=-1), Step(2e6, any_agent=True))
)


@dataclass(frozen=True)
class Size:
    """How large a centre is."""

    queues: int
    agents: int
    waiting: int


class Crowd:
    """A centre of a size, kept at it: who is served or leaves is followed by somebody new."""

    def __init__(self, size: Size, rules: Rules) -> None:
        self.now = 0.0
        self.events = 0
        self.seconds = 0.0
        self._dice = random.Random(5)
        self._size = size
        self._broken = 0
        self._made = 0
        self._tickets: list[Ticket] = []
        self.acd = Distributor(publish=_nothing, now=lambda: self.now, checked=self._check)
        names = [f"a{number}" for number in range(size.agents)]
        each = -(-size.agents // size.queues)
        for number in range(size.queues):
            here = [names[at % len(names)] for at in range(number * each, (number + 1) * each)]
            there = (
                here
                if size.queues == 1
                else [names[(number * each + each + at) % len(names)] for at in range(each)]
            )
            self.acd.add_queue(f"q{number}", tuple(dict.fromkeys((*here, *there))), longest_idle, rules)
        for number, name in enumerate(names):
            self.acd.set_agent(name, skills={"german": 1 + number % 5})
            self._timed(self.acd.log_in, name)
        for _ in range(size.waiting + (size.agents if size.waiting else 0)):
            self._comes()
        assert not list(breaches(self.acd))

    def busy(self, rounds: int) -> None:
        """All agents work: calls are answered, end, are written up, and the next is rung."""
        names = list(self.acd.agents)
        for _ in range(rounds):
            self.now += 0.1
            agent = self.acd.agents[self._dice.choice(names)]
            ticket = self.acd.tickets.get(agent.call_id)
            if ticket is not None and ticket.state is TicketState.OFFERED:
                self._timed(self.acd.connect, ticket)
                self._timed(self.acd.talk_ended, agent.name, wrap_up=True)
                self._timed(self.acd.wrap_up_ended, agent.name)
                self._comes()
            self._leaves()
            self._comes()

    def idle(self, rounds: int) -> None:
        """Nobody waits: each caller is taken at once, by one of many who are ready."""
        for _ in range(rounds):
            self.now += 0.1
            ticket = self._comes()
            agent = ticket.agents[0].name
            self._timed(self.acd.connect, ticket)
            self._timed(self.acd.talk_ended, agent, wrap_up=False)
            self._tickets.clear()

    def microseconds(self) -> float:
        """What an event cost since the last time this was asked."""
        assert self._broken == 0, f"{self._broken} invariants broken"
        cost = self.seconds / max(1, self.events) * 1e6
        self.seconds, self.events = 0.0, 0
        return cost

    def _comes(self) -> Ticket:
        self._made += 1
        vip = self._dice.random() < 0.2
        caller = Caller(f"c{self._made:08}", self.now, customer="vip" if vip else "")
        began = time.perf_counter()
        ticket = self.acd.join(caller, f"q{self._dice.randrange(self._size.queues)}")
        self.seconds += time.perf_counter() - began
        self.events += 1
        self._tickets.append(ticket)
        return ticket

    def _leaves(self) -> None:
        """Somebody at random who still waits, found without looking through all."""
        at = self._dice.randrange(len(self._tickets))
        self._tickets[at], self._tickets[-1] = self._tickets[-1], self._tickets[at]
        ticket = self._tickets.pop()
        if ticket.state is TicketState.WAITING:
            self._timed(self.acd.leave, ticket)

    def _timed(self, deed: Callable[..., object], *what: object, **how: object) -> None:
        began = time.perf_counter()
        deed(*what, **how)
        self.seconds += time.perf_counter() - began
        self.events += 1

    def _check(self, acd: Distributor) -> None:
        self._broken += sum(1 for _ in breaches_near(acd))


def _nothing(event: Event) -> None:
    pass


def measure(report: Report, name: str, small: Size, rules: Rules, rounds: int) -> None:
    """The cost at a size and at ten times of it, taken in turns so that a busy machine harms both alike."""
    factor = 1 if small.queues == 1 else TIMES
    large = Size(small.queues * factor, small.agents * TIMES, small.waiting * TIMES)
    crowds = [Crowd(size, rules) for size in (small, large)]
    gc.collect()
    gc.freeze()
    for crowd in crowds:
        crowd.microseconds()
    costs: list[list[float]] = [[], []]
    for _ in range(10):
        for crowd, cost in zip(crowds, costs, strict=True):
            (crowd.busy if small.waiting else crowd.idle)(rounds // 10)
            cost.append(crowd.microseconds())
    at_1, at_10 = (sorted(cost)[len(cost) // 2] for cost in costs)
    n = small.waiting or small.agents
    report.figure(f"{name}: an event at {n:,}", round(at_1, 1), "us")
    report.figure(f"{name}: an event at {n * TIMES:,}", round(at_10, 1), "us")
    most = round(math.log(n * TIMES) / math.log(n), 2)
    report.figure(f"{name}: ten times as many cost", round(at_10 / at_1, 2), "times", most=most)
    gc.unfreeze()


def main() -> None:
    """All three, and the memory."""
    parser = options(__doc__)
    parser.add_argument("--events", type=int, default=20_000, help="of each size (default %(default)s)")
    chosen = parser.parse_args()
    report = Report("queue_scale: an event of the distributor")
    rounds = chosen.events // 3
    measure(report, "many queues", Size(10, 100, 1_000), RULES, rounds)
    measure(report, "one queue", Size(1, 100, 1_000), RULES, rounds)
    measure(report, "nobody waits", Size(1, 100, 0), Rules(), rounds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report.figure("memory of it all, peak", round(peak), "MiB")
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
