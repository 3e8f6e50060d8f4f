"""Callers and agents are brought together by event, and nothing taken is ever lost."""

from __future__ import annotations

import asyncio
import random

import pytest

from appliance.acd.agent import AgentRefused, AgentState
from appliance.acd.choice import longest_idle
from appliance.acd.distributor import Distributor
from appliance.acd.invariants import breaches
from appliance.acd.queue import TicketState
from appliance.events import AgentChanged, Event


def assert_sound(distributor: Distributor) -> None:
    """Every invariant holds."""
    assert list(breaches(distributor)) == []


class Floor:
    """A distributor on a clock of its own, checked after every change."""

    def __init__(self, **queues: tuple[str, ...]) -> None:
        self.now = 0.0
        self.events: list[Event] = []
        self.acd = Distributor(publish=self.events.append, now=lambda: self.now, checked=assert_sound)
        for name, agents in queues.items():
            self.acd.add_queue(name, agents, longest_idle)

    def state(self, agent: str) -> AgentState:
        return self.acd.agents[agent].state


def test_a_caller_gets_the_agent_who_has_been_free_longest() -> None:
    floor = Floor(sales=("ana", "ben", "cem"))
    for at, name in enumerate(("ben", "cem", "ana")):
        floor.now = float(at)
        floor.acd.log_in(name)
    floor.now = 60.0
    ticket = floor.acd.join("c1", "sales", 0.0)
    assert ticket.agent is floor.acd.agents["ben"]
    assert ticket.why == "longest idle of 3 ready, 60 s"


def test_an_agent_who_becomes_ready_gets_the_oldest_caller_of_all_queues() -> None:
    floor = Floor(sales=("ana",), support=("ana",))
    young = floor.acd.join("c2", "sales", 20.0)
    old = floor.acd.join("c1", "support", 10.0)
    floor.acd.log_in("ana")
    assert (old.state, young.state) == (TicketState.OFFERED, TicketState.WAITING)


def test_a_caller_keeps_the_place_when_the_agent_does_not_answer() -> None:
    floor = Floor(sales=("ana",))
    first = floor.acd.join("c1", "sales", 1.0)
    second = floor.acd.join("c2", "sales", 2.0)
    floor.acd.log_in("ana")
    floor.acd.take_back(first, pause="no answer")
    assert floor.state("ana") is AgentState.PAUSED
    assert [ticket for ticket in floor.acd.queues["sales"]] == [first, second]
    assert floor.acd.position("sales", second.call_id, second.place) == 2
    floor.acd.resume("ana")
    assert first.state is TicketState.OFFERED


def test_a_refused_caller_goes_to_the_next_ready_agent_at_once() -> None:
    floor = Floor(sales=("ana", "ben"))
    floor.acd.log_in("ana")
    floor.acd.log_in("ben")
    ticket = floor.acd.join("c1", "sales", 1.0)
    assert ticket.agent is not None
    assert ticket.agent.name == "ana"
    floor.acd.take_back(ticket, pause="busy")
    assert ticket.agent is floor.acd.agents["ben"]


def test_a_caller_who_leaves_while_the_phone_rings_frees_the_agent_for_the_next() -> None:
    floor = Floor(sales=("ana",))
    floor.acd.log_in("ana")
    first = floor.acd.join("c1", "sales", 1.0)
    second = floor.acd.join("c2", "sales", 2.0)
    floor.acd.leave(first)
    assert second.agent is floor.acd.agents["ana"]
    assert floor.acd.agents["ana"].ready_since == 0.0


def test_a_conversation_ends_in_wrap_up_and_then_the_next_caller_is_offered() -> None:
    floor = Floor(sales=("ana",))
    floor.acd.log_in("ana")
    first = floor.acd.join("c1", "sales", 1.0)
    floor.acd.connect(first)
    second = floor.acd.join("c2", "sales", 2.0)
    floor.acd.talk_ended("ana", wrap_up=True)
    assert (floor.state("ana"), second.state) == (AgentState.WRAP_UP, TicketState.WAITING)
    floor.acd.wrap_up_ended("ana")
    assert second.state is TicketState.OFFERED
    assert first.state is TicketState.SERVED


def test_an_agent_with_whom_nobody_spoke_is_free_with_the_idle_time_of_before() -> None:
    floor = Floor(sales=("ana",))
    floor.acd.log_in("ana")
    ana = floor.acd.agents["ana"]
    floor.now = 5.0
    floor.acd.nobody_spoke("ana")
    floor.acd.connect(floor.acd.join("c1", "sales", 5.0))
    floor.now = 9.0
    floor.acd.nobody_spoke("ana")
    assert (ana.state, ana.ready_since, ana.handled) == (AgentState.READY, 0.0, 1)


def test_a_pause_asked_for_during_a_call_is_taken_after_wrap_up() -> None:
    floor = Floor(sales=("ana",))
    floor.acd.log_in("ana")
    floor.acd.connect(floor.acd.join("c1", "sales", 1.0))
    floor.acd.pause("ana", "lunch")
    assert floor.state("ana") is AgentState.TALKING
    floor.acd.talk_ended("ana", wrap_up=True)
    floor.acd.wrap_up_ended("ana")
    assert (floor.state("ana"), floor.acd.agents["ana"].reason) == (AgentState.PAUSED, "lunch")


def test_a_log_out_asked_for_while_the_phone_rings_is_taken_when_the_offer_ends() -> None:
    floor = Floor(sales=("ana",))
    floor.acd.log_in("ana")
    ticket = floor.acd.join("c1", "sales", 1.0)
    floor.acd.log_out("ana")
    floor.acd.take_back(ticket)
    assert (floor.state("ana"), ticket.state) == (AgentState.OFFLINE, TicketState.WAITING)


def test_an_unknown_agent_is_refused_with_the_known_names() -> None:
    floor = Floor(sales=("ana", "ben"))
    with pytest.raises(AgentRefused, match=r"no agent 'anna'.*Known agents: ana, ben"):
        floor.acd.log_in("anna")


def test_an_agent_who_is_offline_cannot_pause() -> None:
    with pytest.raises(AgentRefused, match="not logged in"):
        Floor(sales=("ana",)).acd.pause("ana", "lunch")


def test_every_change_of_an_agent_is_published_with_the_call() -> None:
    floor = Floor(sales=("ana",))
    floor.acd.log_in("ana")
    floor.acd.connect(floor.acd.join("c1", "sales", 1.0))
    moves = [(e.was, e.now, e.call_id) for e in floor.events if isinstance(e, AgentChanged)]
    assert moves == [("offline", "ready", ""), ("ready", "offered", "c1"), ("offered", "talking", "c1")]


async def test_an_offer_waits_and_gives_the_agent_back_when_nothing_came_of_it() -> None:
    floor = Floor(sales=("ana",))
    with floor.acd.waiting("c1", "sales", 1.0) as ticket:
        asyncio.get_running_loop().call_later(5, floor.acd.log_in, "ana")
        async with floor.acd.offer(ticket) as offer:
            assert offer.agent.name == "ana"
            offer.refused("no answer")
        assert floor.state("ana") is AgentState.PAUSED
        assert ticket.state is TicketState.WAITING
    assert ticket.state is TicketState.LEFT


@pytest.mark.parametrize("moment", ["waiting", "ringing", "refused", "connected"])
async def test_a_caller_cancelled_at_any_await_leaves_nothing_behind(moment: str) -> None:
    floor = Floor(sales=("ana",))
    if moment != "waiting":
        floor.acd.log_in("ana")

    async def caller() -> None:
        with floor.acd.waiting("c1", "sales", 1.0) as ticket:
            async with floor.acd.offer(ticket) as offer:
                if moment == "refused":
                    offer.refused("no answer")
                if moment == "connected":
                    offer.connected()
                await asyncio.sleep(3600)

    task = asyncio.create_task(caller())
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    expected = {"waiting": "offline", "ringing": "ready", "refused": "paused", "connected": "talking"}
    assert floor.state("ana").value == expected[moment]
    assert len(floor.acd.queues["sales"]) == 0


@pytest.mark.parametrize("seed", range(8))
def test_no_order_of_events_breaks_an_invariant_loses_a_caller_or_sticks(seed: int) -> None:
    dice = random.Random(seed)
    floor = Floor(sales=("a", "b", "c"), support=("b", "c", "d"), gold=("d",))
    agents = "abcd"
    live: list = []
    ended = made = 0
    for step in range(3000):
        floor.events.clear()
        floor.now += dice.random()
        act = dice.randrange(9)
        agent = dice.choice(agents)
        ticket = dice.choice(live) if live else None
        if act <= 2 and len(live) < 60:
            made += 1
            queue = dice.choice(list(floor.acd.queues))
            live.append(floor.acd.join(f"c{step:05}", queue, floor.now - dice.choice((0, 30))))
        elif act == 3 and ticket is not None:
            floor.acd.leave(ticket)
        elif act == 4 and ticket is not None and ticket.state is TicketState.OFFERED:
            floor.acd.take_back(ticket, pause=dice.choice(("", "no answer")))
        elif act == 5 and ticket is not None and ticket.state is TicketState.OFFERED:
            floor.acd.connect(ticket)
        elif act == 6:
            floor.acd.talk_ended(agent, wrap_up=dice.random() < 0.5)
        elif act == 7:
            floor.acd.wrap_up_ended(agent)
        else:
            dice.choice((floor.acd.log_in, floor.acd.log_in, floor.acd.log_out))(agent)
            if floor.state(agent) is not AgentState.OFFLINE:
                dice.choice((floor.acd.pause, floor.acd.resume, floor.acd.resume))(agent)
        going_on = [t for t in live if t.state in (TicketState.WAITING, TicketState.OFFERED)]
        ended += len(live) - len(going_on)
        live = going_on
    assert ended + len(live) == made
    assert sum(len(queue) for queue in floor.acd.queues.values()) == len(live)
    for agent in agents:  # and nobody is stuck: once all work, all are served
        floor.acd.talk_ended(agent, wrap_up=False)
        floor.acd.log_in(agent)
        floor.acd.resume(agent)
    for _ in live:
        for ticket in [ticket for ticket in live if ticket.state is TicketState.OFFERED]:
            name = ticket.agent.name
            floor.acd.connect(ticket)
            floor.acd.talk_ended(name, wrap_up=False)
    assert {ticket.state for ticket in live} <= {TicketState.SERVED}
