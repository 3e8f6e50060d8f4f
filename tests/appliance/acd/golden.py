"""One afternoon, decided by each choice: a decision a line, compared with what was decided before.

    python -m tests.appliance.acd.golden

writes the traces anew; look at the difference before it is committed.
"""

from __future__ import annotations

import random
from pathlib import Path

from appliance.acd.caller import Caller
from appliance.acd.choice import CHOICES
from appliance.acd.distributor import Distributor
from appliance.acd.needs import Step
from appliance.acd.queue import Ticket, TicketState
from appliance.acd.rules import Rules

TRACES = Path(__file__).parent / "golden"
AGENTS = {"ana": {"german": 4}, "ben": {"german": 2}, "cem": {}, "dee": {"german": 5}}
RULES = Rules(
    weights={"ana": 3.0},
    classes={"vip": 4.0},
    relax=(Step(20, levels=-1), Step(40, any_agent=True)),
    misses_before_pause=2,
)
CALLS = 40


class Afternoon:
    """Callers every few seconds, some of whom need German; phones answered, and missed."""

    def __init__(self, choice: str) -> None:
        self.now = 0.0
        self.lines: list[str] = []
        self._dice = random.Random(1)
        self._seen: dict[str, int] = {}
        self._tickets: list[Ticket] = []
        self.acd = Distributor(publish=lambda event: None, now=lambda: self.now, checked=self._decided)
        self.acd.add_queue("sales", tuple(AGENTS), CHOICES[choice], RULES)
        for name, skills in AGENTS.items():
            self.acd.set_agent(name, skills=skills)
            self.acd.log_in(name)
            self.now += 1

    def trace(self) -> list[str]:
        """Every decision of the afternoon."""
        for number in range(CALLS):
            self._passes(self._dice.uniform(1, 6))
            self._agents_act()
            german = self._dice.choice((0, 0, 1, 3))
            needs = {"german": german} if german else {}
            customer = self._dice.choice(("", "", "vip"))
            caller = Caller(f"c{number:02}", self.now, needs=needs, customer=customer)
            self._tickets.append(self.acd.join(caller, "sales"))
        for _ in range(60):
            self._passes(10)
            self._agents_act()
        return self.lines

    def _agents_act(self) -> None:
        for ticket in [ticket for ticket in self._tickets if ticket.state is TicketState.OFFERED]:
            agent = self._dice.choice(ticket.agents)
            if self._dice.random() < 0.2:
                self.acd.decline(ticket, agent, "no answer")
            else:
                self.acd.connect(ticket, agent)
        for name in AGENTS:
            if self._dice.random() < 0.5:
                self.acd.talk_ended(name, wrap_up=False)
            elif self._dice.random() < 0.3:
                self.acd.resume(name)

    def _passes(self, seconds: float) -> None:
        until = self.now + seconds
        while (due := self.acd.dues.next) is not None and due <= until:
            self.now = due
            self.acd.advance()
        self.now = until

    def _decided(self, acd: Distributor) -> None:
        for ticket in acd.touched_tickets:
            if ticket.state is TicketState.OFFERED and self._seen.get(ticket.call_id) != ticket.round:
                self._seen[ticket.call_id] = ticket.round
                names = ",".join(agent.name for agent in ticket.agents)
                self.lines.append(f"{self.now:7.2f} {ticket.call_id} -> {names}: {ticket.why}")


def main() -> None:
    """Write them all."""
    TRACES.mkdir(exist_ok=True)
    for choice in CHOICES:
        path = TRACES / f"{choice}.txt"
        path.write_text("\n".join(Afternoon(choice).trace()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
