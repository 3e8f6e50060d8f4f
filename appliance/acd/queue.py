"""Callers in order: a ticket keeps its place, whatever happens to the offers made for it.

The most urgent comes first: rate x (wait + head start + age). With one rate that is the order of arrival;
with several the order of two callers may change while they wait, that of two with the same rate never.
So callers of one rate are one sorted list, and those waiting are sorted into lanes, in which whoever can
serve the first can serve all. Likewise agents who are ready stand in crews with the same skills.
"""

from __future__ import annotations

import asyncio
import enum
import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from appliance.acd.agent import Agent, Profile
from appliance.acd.caller import Caller
from appliance.acd.choice import Choice
from appliance.acd.needs import Needs
from appliance.acd.ordered import Key, Ordered
from appliance.acd.rules import Rules


class TicketState(enum.Enum):
    """Where a waiting caller stands."""

    WAITING = "waiting"
    OFFERED = "offered"  # phones are being rung
    SERVED = "served"
    LEFT = "left"


TICKET_MOVES: dict[TicketState, frozenset[TicketState]] = {
    TicketState.WAITING: frozenset({TicketState.OFFERED, TicketState.LEFT}),
    TicketState.OFFERED: frozenset({TicketState.WAITING, TicketState.SERVED, TicketState.LEFT}),
    TicketState.SERVED: frozenset(),
    TicketState.LEFT: frozenset(),
}


class Lane(NamedTuple):
    """What callers have in common who can be served by the same agents; `only` is one of them, or ""."""

    rate: float
    needs: Needs
    only: str


@dataclass(slots=True, eq=False)
class Ticket:
    """One caller's place in one queue.

    `place` is monotonic seconds at which the caller first came (a wall clock may jump), kept across offers,
    queues and restarts of the brain; `urgent_since` is the same less age and head start, and what callers
    are sorted by; those with the same go by `call_id`. `agents` are held for the caller while OFFERED, and
    the one who has the caller once SERVED. `round` numbers the offers, `step` is how far relaxed; `asked` is
    what the caller needs beside the queue's own, {} where nobody of the queue could ever give it.
    """

    caller: Caller
    queue: str
    lane: Lane
    joined: float
    urgent_since: float
    asked: Mapping[str, int]
    state: TicketState = TicketState.WAITING
    agents: tuple[Agent, ...] = ()
    why: str = ""
    round: int = 0
    step: int = 0
    offered: asyncio.Future[None] | None = field(default=None)  # awaited by the caller's task

    def move(self, state: TicketState, agents: tuple[Agent, ...] = (), why: str = "") -> None:
        """The one way a state changes; raises AssertionError for a move the table forbids (a bug)."""
        if state not in TICKET_MOVES[self.state]:
            raise AssertionError(f"call {self.call_id}: {self.state.value} -> {state.value} is not a move")
        self.state, self.agents, self.why = state, agents, why
        self.round += state is TicketState.OFFERED

    @property
    def call_id(self) -> str:
        """Whose place it is."""
        return self.caller.call_id

    @property
    def place(self) -> float:
        """Since when the caller waits, over all queues."""
        return self.caller.place

    @property
    def agent(self) -> Agent | None:
        """The agent held for the caller, the first of them where several are rung."""
        return self.agents[0] if self.agents else None

    @property
    def key(self) -> Key:
        """What callers of one rate are sorted by."""
        return (self.urgent_since, self.call_id)

    def urgency(self, now: float) -> float:
        """Who has more is served first."""
        return self.lane.rate * (now - self.urgent_since)

    def before(self, now: float) -> tuple[float, str]:
        """Who has less is served first, whatever the rate."""
        return (-self.urgency(now), self.call_id)


class Queue:
    """The tickets of one queue, and its agents who are ready."""

    def __init__(
        self,
        name: str,
        agents: tuple[str, ...],
        choice: Choice,
        rules: Rules,
        now: Callable[[], float],
    ) -> None:
        self.name = name
        self.choice = choice
        self.rules = rules
        self.agents = agents
        self.crews: dict[Profile, Ordered[Agent]] = {}  # those who are ready, by what they can
        self.turn = 0  # offers made
        self.lanes: dict[str, dict[Lane, Ordered[Ticket]]] = {}  # by `only`; those WAITING
        self._now = now
        self._needs = rules.needs({}, 0)  # of callers who need nothing more
        self._index = {agent: at for at, agent in enumerate(agents)}
        self._turns: dict[str, int] = {}  # of each agent's last offer
        self._ready: dict[str, tuple[Agent, Key, Profile]] = {}
        self._by_rate: dict[float, Ordered[Ticket]] = {}
        self._length = 0

    def __iter__(self) -> Iterator[Ticket]:
        """Everybody, those whose phones ring included, the most urgent first."""
        now = self._now()
        lists = [tickets for tickets in self._by_rate.values() if len(tickets)]
        if len(lists) == 1:
            return iter(list(lists[0]))
        return heapq.merge(*lists, key=lambda ticket: ticket.before(now))

    def __len__(self) -> int:
        return self._length

    # --- callers --------------------------------------------------------------------------------

    def ticket(self, caller: Caller) -> Ticket:
        """A place for the caller, not yet taken."""
        rate, joined = self.rules.rate(caller), caller.joined
        return Ticket(
            caller=caller,
            queue=self.name,
            lane=Lane(rate, self.rules.needs(caller.needs, 0) if caller.needs else self._needs, ""),
            asked=caller.needs,
            joined=self._now() if joined is None else joined,
            urgent_since=caller.place - caller.age_s - self.rules.head_start_seconds,
        )

    def add(self, ticket: Ticket) -> None:
        """Put a ticket where it belongs."""
        self._by_rate.setdefault(ticket.lane.rate, Ordered()).add(ticket.key, ticket)
        self._length += 1
        self.wait(ticket)

    def remove(self, ticket: Ticket) -> None:
        """Take out a ticket that nobody waits with any more; raises KeyError when it is not in this queue."""
        tickets = self._by_rate[ticket.lane.rate]
        tickets.remove(ticket.key)
        self._length -= 1
        if not len(tickets):
            del self._by_rate[ticket.lane.rate]

    def wait(self, ticket: Ticket) -> None:
        """It can be served from now on."""
        lanes = self.lanes.setdefault(ticket.lane.only, {})
        lanes.setdefault(ticket.lane, Ordered()).add(ticket.key, ticket)

    def unwait(self, ticket: Ticket) -> None:
        """It cannot be served any more."""
        lanes = self.lanes[ticket.lane.only]
        lanes[ticket.lane].remove(ticket.key)
        if not len(lanes[ticket.lane]):
            del lanes[ticket.lane]
        if not lanes:
            del self.lanes[ticket.lane.only]

    def change_lane(self, ticket: Ticket, lane: Lane) -> None:
        """Other agents can serve it from now on; the rate stays."""
        waits = ticket.state is TicketState.WAITING
        if waits:
            self.unwait(ticket)
        ticket.lane = lane
        if waits:
            self.wait(ticket)

    def position(self, caller: Caller) -> int:
        """1 for the caller at the head; of one who is here, or of one who would come."""
        here = self.ticket(caller)
        now, rate = self._now(), here.lane.rate
        urgency = here.urgency(now)
        before = 0
        for other, tickets in self._by_rate.items():
            before += tickets.rank(here.key if other == rate else (now - urgency / other, ""))
        return before + 1

    def neighbours(self, ticket: Ticket) -> tuple[Key | None, Key | None]:
        """The keys before and after a ticket that is here, of those with its rate."""
        return self._by_rate[ticket.lane.rate].beside(ticket.key)

    def is_sorted(self) -> bool:
        """Whether every list in here is in order."""
        lanes = (lane for lanes in self.lanes.values() for lane in lanes.values())
        return all(tickets.is_sorted() for tickets in (*self._by_rate.values(), *lanes))

    def kept_for(self, agent: str) -> int:
        """How many wait for this agent alone."""
        return sum(len(tickets) for tickets in self.lanes.get(agent, {}).values())

    def heads(self, *only: str) -> Iterator[Ticket]:
        """The first of every lane; of the lanes for these agents alone, and for anybody (""), where named."""
        for lanes in (self.lanes.get(name, {}) for name in only) if only else self.lanes.values():
            yield from (tickets.first() for tickets in lanes.values())

    # --- agents ---------------------------------------------------------------------------------

    def serves(self, agent: str) -> bool:
        """Whether the agent is one of the queue's."""
        return agent in self._index

    @property
    def ready(self) -> int:
        """How many of its agents could be rung."""
        return len(self._ready)

    def is_ready(self, agent: str) -> bool:
        """Whether the agent could be rung for this queue."""
        return agent in self._ready

    def add_ready(self, agent: Agent) -> None:
        """The agent can be rung from now on."""
        name, profile = agent.name, agent.profile
        key = self.choice.order(agent, self._index[name], self._turns.get(name, 0))
        self._ready[name] = agent, key, profile
        self.crews.setdefault(profile, Ordered()).add(key, agent)

    def remove_ready(self, agent: Agent) -> None:
        """The agent cannot be rung any more."""
        if agent.name in self._ready:
            _, key, profile = self._ready.pop(agent.name)
            self.crews[profile].remove(key)
            if not len(self.crews[profile]):
                del self.crews[profile]

    def ready_agents(self, lane: Lane | None = None) -> Iterator[Agent]:
        """Those who are ready, or of them those who can serve a lane, in the order of the choice."""
        if lane is not None and lane.only:
            mine = [self._ready[lane.only][0]] if lane.only in self._ready else []
            return (agent for agent in mine if lane.needs.met_by(agent.skills))
        crews = [
            crew for crew in self.crews.values() if lane is None or lane.needs.met_by(crew.first().skills)
        ]
        if len(crews) == 1:
            return iter(crews[0])
        return (agent for _, agent in heapq.merge(*(crew.pairs() for crew in crews)))

    def serve_with(self, agents: tuple[str, ...], ready: Iterable[Agent]) -> None:
        """Others serve the queue from now on, of whom these are ready."""
        self.agents = agents
        self._index = {agent: at for at, agent in enumerate(agents)}
        self.crews, self._ready = {}, {}
        for agent in ready:
            self.add_ready(agent)

    def took_turn(self, agents: Iterable[Agent]) -> None:
        """An offer is made to them."""
        self.turn += 1
        for agent in agents:
            self._turns[agent.name] = self.turn

    def holds_back(self, ticket: Ticket) -> bool:
        """Whether the agents who are ready are kept for more urgent callers."""
        reserve = self.rules.reserve
        return bool(reserve) and self.ready <= reserve and not self.rules.is_urgent(ticket.lane.rate)
