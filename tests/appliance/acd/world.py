"""A centre in which anything may happen, and everything that must hold is looked at: for random tests.

Deeds are methods that take plain numbers, so that dice, hypothesis and a replay can all drive it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from appliance.acd.agent import AgentState
from appliance.acd.caller import Caller
from appliance.acd.choice import CHOICES, longest_idle
from appliance.acd.distributor import UNKNOWN, Distributor
from appliance.acd.invariants import breaches, breaches_near
from appliance.acd.needs import Step
from appliance.acd.queue import Ticket, TicketState
from appliance.acd.rules import Rules
from appliance.events import AgentChanged, Event

SKILLS = {
    "ana": {"german": 4, "french": 1},
    "ben": {"german": 2},
    "cem": {"french": 5},
    "dee": {},
    "eva": {"german": 5, "french": 5},
    "fay": {"french": 2},
}
AGENTS = tuple(SKILLS)
STAFF = {
    "sales": ("ana", "ben", "cem"),
    "german": ("ana", "ben", "eva"),
    "all": AGENTS,
    "turns": ("dee", "eva", "fay"),
    "luck": ("ben", "cem", "dee"),
    "calm": ("ana", "eva", "fay"),
    "list": ("fay", "dee", "ana"),
}
QUEUES = tuple(STAFF)
LANGUAGE_STEPS = (Step(20, levels=-1), Step(40, drop=frozenset({"french"})), Step(60, any_agent=True))
RULES = {
    "sales": ("longest-idle", Rules(classes={"vip": 4.0}, reserve=1, misses_before_pause=2)),
    "german": ("longest-idle", Rules(skills={"german": 3}, relax=LANGUAGE_STEPS, sticky_seconds=15)),
    "all": ("ring-all", Rules(head_start_seconds=10)),
    "turns": ("round-robin", Rules(sticky_seconds=25, sticky_max_wait_seconds=30)),
    "luck": ("weighted-random", Rules(weights={"ben": 3.0, "cem": 0.0}, priority=2.0)),
    "calm": ("least-occupied", Rules(max_busy_share=0.3, busy_window_seconds=120, rest_seconds=20)),
    "list": (
        "in-order",
        Rules(
            skills={"french": 2},
            prefer={"german": 1.0},
            highest={"french": 4},
            relax=(Step(70, any_agent=True),),
        ),
    ),
}
NEEDS: tuple[dict[str, int], ...] = ({}, {}, {}, {"german": 2}, {"french": 4}, {"german": 1, "french": 1})
WISHES = ("", "no answer", "busy")


class World:
    """`full` looks at everything after every deed, else at what the deed touched."""

    def __init__(self, *, full: bool = True) -> None:
        self.now = 0.0
        self.full = full
        self.made = self.over = 0
        self.events: list[Event] = []
        self.trace: list[str] = []
        self.tickets: list[Ticket] = []
        self.staff = dict(STAFF)
        self.acd = self._born()

    def _born(self) -> Distributor:
        acd = Distributor(
            publish=self.events.append, now=lambda: self.now, checked=self._sound, expected=self._expected
        )
        for name, (choice, rules) in RULES.items():
            acd.add_queue(name, STAFF[name], CHOICES[choice], rules)
        for name in AGENTS:
            acd.add_queue(f"agent:{name}", (name,), longest_idle)
            acd.set_agent(name, skills=SKILLS[name], misses_before_pause=3 if name == "dee" else 0)
        return acd

    @staticmethod
    def _expected(queue: str, agent: str) -> float | None:
        return {"eva": 10.0, "dee": 100.0}.get(agent)

    def _sound(self, acd: Distributor) -> None:
        assert list(breaches_near(acd)) == []
        if self.full:
            assert list(breaches(acd)) == []

    # --- deeds --------------------------------------------------------------------------------------

    def join(self, queue: int, kind: int, ago: int) -> None:
        """Somebody comes, or came some time ago and is handed on."""
        if len(self.tickets) >= 40:
            return
        self.made += 1
        caller = Caller(
            f"c{self.made:07}",
            self.now - (0, 0, 30)[ago % 3],
            needs=NEEDS[kind % len(NEEDS)],
            customer=("", "", "vip")[kind % 3],
            priority=(1.0, 1.0, 2.0, 99.0)[kind % 4],
            age_s=(0.0, 0.0, 0.0, 45.0)[ago % 4],
            sticky=("", "", *AGENTS)[(kind + ago) % (len(AGENTS) + 2)],
        )
        names = (*QUEUES, "agent:ana", "agent:fay")
        name = names[queue % len(names)]
        self._joined(self.acd.join(replace(caller, needs={}) if ":" in name else caller, name))

    def move_on(self, which: int, queue: int) -> None:
        """A caller goes to another queue, and keeps the place."""
        if ticket := self._ticket(which):
            self.acd.leave(ticket)
            self.tickets.remove(ticket)
            self._joined(self.acd.join(ticket.caller, QUEUES[queue % len(QUEUES)]))

    def leave(self, which: int) -> None:
        if ticket := self._ticket(which):
            self.acd.leave(ticket)

    def answer(self, which: int, who: int) -> None:
        ticket = self._ticket(which)
        if ticket and ticket.state is TicketState.OFFERED:
            self.acd.connect(ticket, ticket.agents[who % len(ticket.agents)])

    def decline(self, which: int, who: int, why: int) -> None:
        ticket = self._ticket(which)
        if ticket and ticket.state is TicketState.OFFERED:
            self.acd.decline(ticket, ticket.agents[who % len(ticket.agents)], WISHES[why % 3])

    def take_back(self, which: int, why: int) -> None:
        ticket = self._ticket(which)
        if ticket and ticket.state is TicketState.OFFERED:
            self.acd.take_back(ticket, WISHES[why % 3])

    def talk_ended(self, agent: int, wrap_up: int) -> None:
        self.acd.talk_ended(self._name(agent), wrap_up=bool(wrap_up % 2))

    def wrap_up_ended(self, agent: int) -> None:
        self.acd.wrap_up_ended(self._name(agent))

    def log_in(self, agent: int) -> None:
        self.acd.log_in(self._name(agent))

    def log_out(self, agent: int) -> None:
        self.acd.log_out(self._name(agent))

    def pause(self, agent: int) -> None:
        if self.acd.agents[self._name(agent)].state is not AgentState.OFFLINE:
            self.acd.pause(self._name(agent), "lunch")

    def resume(self, agent: int) -> None:
        if self.acd.agents[self._name(agent)].state is not AgentState.OFFLINE:
            self.acd.resume(self._name(agent))

    def hinder(self, agent: int, what: int) -> None:
        self.acd.hinder(self._name(agent), ("no phone", "on a call")[what % 2])

    def unhinder(self, agent: int, what: int) -> None:
        self.acd.unhinder(self._name(agent), ("no phone", "on a call", UNKNOWN)[what % 3])

    def serve(self, queue: int, agents: int) -> None:
        """Others serve a queue: any set of agents, even none."""
        name = QUEUES[queue % len(QUEUES)]
        self.staff[name] = tuple(agent for at, agent in enumerate(AGENTS) if agents >> at & 1)
        self.acd.serve(name, self.staff[name])

    def passes(self, tenths: int) -> None:
        """Time, with everything that is due on the way."""
        until = self.now + tenths % 600 / 10
        while (due := self.acd.dues.next) is not None and due <= until:
            self.now = max(self.now, due)
            self.acd.advance()
        self.now = until

    def restart(self) -> None:
        """The brain dies; what it told is what the next one goes on with."""
        before = self.acd
        places = {name: [ticket.call_id for ticket in queue] for name, queue in before.queues.items()}
        last = {event.agent: event for event in self.events if isinstance(event, AgentChanged)}
        self.events[:] = list(last.values())
        self.acd = self._born()
        for name, agents in self.staff.items():
            self.acd.serve(name, agents)
        for name, event in last.items():
            state = AgentState(event.now)
            if state is AgentState.OFFERED:
                state = AgentState.READY  # the offer is taken back, its caller still has the place
            agent = before.agents[name]
            hindered = event.hindered and state is AgentState.PAUSED
            self.acd.restore(
                name,
                state,
                since=agent.since,
                reason=event.reason,
                call_id=event.call_id if state in (AgentState.TALKING, AgentState.WRAP_UP) else "",
                hindered=hindered,
            )
            assert state is agent.state or agent.state is AgentState.OFFERED, "state = f(what was told)"
        for name in AGENTS:
            self.acd.unhinder(name, UNKNOWN)
        for ticket in list(self._live()):
            self.tickets.remove(ticket)
            again = replace(ticket.caller, joined=ticket.joined)
            self._joined(self.acd.join(again, ticket.queue))
        after = {name: [ticket.call_id for ticket in queue] for name, queue in self.acd.queues.items()}
        assert after == places, "a place never worsens"

    # --- what must hold beside the invariants -----------------------------------------------------------

    def look(self) -> None:
        """By definition, not by data structure: nobody is idle while somebody waits whom they may have."""
        self.over += len(self.tickets)
        self.tickets = list(self._live())
        self.over -= len(self.tickets)
        assert self.over + len(self.tickets) == self.made
        assert sum(len(queue) for queue in self.acd.queues.values()) == len(self.tickets)
        rung = [agent.name for ticket in self.tickets for agent in ticket.agents]
        assert len(rung) == len(set(rung)), "no agent holds two offers"
        for ticket in self.tickets:
            if ticket.state is TicketState.WAITING:
                assert not list(self._idle_for(ticket)), self.acd.explain(ticket.call_id)
            for agent in ticket.agents:
                assert self._able(agent.name, ticket), f"{agent.name} is rung: {ticket.why}"

    def _idle_for(self, ticket: Ticket) -> Iterator[str]:
        _, rules = RULES.get(ticket.queue, ("", Rules()))
        staff = self.staff.get(ticket.queue, (ticket.queue.removeprefix("agent:"),))
        ready = [name for name in staff if self.acd.agents[name].state is AgentState.READY]
        rate = rules.classes.get(ticket.caller.customer, rules.priority) * min(10.0, ticket.caller.priority)
        urgent = rate >= max(rules.classes.values(), default=rules.priority)
        if rules.reserve and not urgent and len(ready) <= rules.reserve:
            return
        kept = ticket.lane.only if self.now - ticket.joined < rules.sticky_seconds else ""
        yield from (name for name in ready if kept in ("", name) and self._able(name, ticket))

    def _able(self, name: str, ticket: Ticket) -> bool:
        """Whether the agent has the skills, after the relaxation due by now."""
        rules, needs = RULES.get(ticket.queue, ("", Rules()))[1], ticket.asked
        steps = [step for step in rules.relax if step.after_seconds <= self.now - ticket.joined]
        lowered = sum(step.levels for step in steps)
        asked = {*rules.skills, *needs, *rules.highest} - {skill for step in steps for skill in step.drop}
        for skill in () if any(step.any_agent for step in steps) else asked:
            low = max(rules.skills.get(skill, 0), needs.get(skill, 0))
            high = max(low, rules.highest.get(skill, 5))
            if not max(min(low, 1), low + lowered) <= SKILLS[name].get(skill, 0) <= high - lowered:
                return False
        return True

    def served_out(self) -> None:
        """Nobody is stuck: once all work for every queue, all are served."""
        for at, name in enumerate(AGENTS):
            self.acd.talk_ended(name, wrap_up=False)
            for what in ("no phone", "on a call", UNKNOWN, "rest"):
                self.acd.unhinder(name, what)
            self.log_in(at)
            self.acd.resume(name)
        for name in QUEUES:
            self.acd.serve(name, AGENTS)
        for _ in range(4 * len(self.tickets) + 8):
            for ticket in [t for t in self._live() if t.state is TicketState.OFFERED]:
                agent = ticket.agents[0].name
                self.acd.connect(ticket)
                self.acd.talk_ended(agent, wrap_up=False)
                self.acd.unhinder(agent, "rest")
            self.passes(300)
        assert [self.acd.explain(ticket.call_id) for ticket in self._live()] == []

    # --- inside -----------------------------------------------------------------------------------------

    def _joined(self, ticket: Ticket) -> None:
        self.tickets.append(ticket)
        self.trace.append(f"{self.now:.1f} {ticket.call_id} {ticket.state.value} {ticket.why}")

    def _live(self) -> Iterator[Ticket]:
        return (t for t in self.tickets if t.state in (TicketState.WAITING, TicketState.OFFERED))

    def _ticket(self, which: int) -> Ticket | None:
        live = list(self._live())
        return live[which % len(live)] if live else None

    def _name(self, agent: int) -> str:
        return AGENTS[agent % len(AGENTS)]


#: Every deed, how many numbers it takes, and how often it happens.
DEEDS: dict[str, tuple[int, int]] = {
    "join": (3, 9),
    "move_on": (2, 2),
    "leave": (1, 4),
    "answer": (2, 16),
    "decline": (3, 5),
    "take_back": (2, 2),
    "talk_ended": (2, 16),
    "wrap_up_ended": (1, 12),
    "log_in": (1, 6),
    "log_out": (1, 1),
    "pause": (1, 2),
    "resume": (1, 8),
    "hinder": (2, 2),
    "unhinder": (2, 5),
    "serve": (2, 1),
    "passes": (1, 20),
}
