"""Callers in order: a ticket keeps its place, whatever happens to the offers made for it."""

from __future__ import annotations

import asyncio
import bisect
import enum
from collections.abc import Iterator
from dataclasses import dataclass, field

from appliance.acd.agent import Agent


class TicketState(enum.Enum):
    """Where a waiting caller stands."""

    WAITING = "waiting"
    OFFERED = "offered"  # one agent's phone is being rung
    SERVED = "served"
    LEFT = "left"


TICKET_MOVES: dict[TicketState, frozenset[TicketState]] = {
    TicketState.WAITING: frozenset({TicketState.OFFERED, TicketState.LEFT}),
    TicketState.OFFERED: frozenset({TicketState.WAITING, TicketState.SERVED, TicketState.LEFT}),
    TicketState.SERVED: frozenset(),
    TicketState.LEFT: frozenset(),
}


@dataclass(slots=True, eq=False)
class Ticket:
    """One caller's place in one queue.

    `place` is the sort key: monotonic seconds at which the caller first came (a wall clock may jump),
    kept across offers, queues and restarts of the brain. Callers with the same place go by `call_id`.
    """

    call_id: str
    queue: str
    place: float
    state: TicketState = TicketState.WAITING
    agent: Agent | None = None
    why: str = ""
    offered: asyncio.Future[None] | None = field(default=None)  # awaited by the caller's task

    def move(self, state: TicketState, agent: Agent | None = None, why: str = "") -> None:
        """The one way a state changes; raises AssertionError for a move the table forbids (a bug)."""
        if state not in TICKET_MOVES[self.state]:
            raise AssertionError(f"call {self.call_id}: {self.state.value} -> {state.value} is not a move")
        self.state, self.agent, self.why = state, agent, why

    @property
    def key(self) -> tuple[float, str]:
        """What the queue is sorted by."""
        return (self.place, self.call_id)


class Queue:
    """The tickets of one queue, oldest place first, offered ones included."""

    def __init__(self, name: str, agents: tuple[str, ...]) -> None:
        self.name = name
        self.agents = agents
        self._tickets: list[Ticket] = []

    def __iter__(self) -> Iterator[Ticket]:
        return iter(self._tickets)

    def __len__(self) -> int:
        return len(self._tickets)

    def add(self, ticket: Ticket) -> None:
        """Put a ticket where its place says."""
        bisect.insort(self._tickets, ticket, key=lambda t: t.key)

    def remove(self, ticket: Ticket) -> None:
        """Take a ticket out; raises ValueError when it is not in this queue."""
        index = bisect.bisect_left(self._tickets, ticket.key, key=lambda t: t.key)
        if index >= len(self._tickets) or self._tickets[index] is not ticket:
            raise ValueError(f"queue {self.name}: no ticket of call {ticket.call_id}")
        del self._tickets[index]

    def position(self, place: float, call_id: str) -> int:
        """1 for the caller at the head; of a ticket that is here, or of one that would come."""
        return bisect.bisect_left(self._tickets, (place, call_id), key=lambda t: t.key) + 1

    def first_waiting(self) -> Ticket | None:
        """The oldest ticket nobody is being rung for."""
        for ticket in self._tickets:
            if ticket.state is TicketState.WAITING:
                return ticket
        return None
