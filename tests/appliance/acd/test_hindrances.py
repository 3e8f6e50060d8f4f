"""Want 2: an agent with something in the way is not rung, and is ready again by itself when it goes."""

from __future__ import annotations

import random

import pytest

from appliance.acd.agent import AgentState
from appliance.acd.distributor import UNKNOWN
from appliance.acd.queue import TicketState
from appliance.events import AgentChanged
from tests.appliance.acd.test_distributor import Floor

NO_PHONE = "no phone registered"
DIRECT = "on a direct call"


def shown(floor: Floor, agent: str = "ana") -> tuple[str, str, bool]:
    found = floor.acd.agents[agent]
    return found.state.value, found.reason, found.hindered


def ready_floor() -> Floor:
    floor = Floor(sales=("ana",))
    floor.acd.log_in("ana")
    return floor


def test_a_ready_agent_is_paused_with_the_reason_and_comes_back_to_a_waiting_caller() -> None:
    floor = ready_floor()
    floor.acd.hinder("ana", NO_PHONE, "ana-desk was last seen 10:42")
    assert shown(floor) == ("paused", "no phone registered: ana-desk was last seen 10:42", True)
    ticket = floor.acd.join("c1", "sales", 1.0)
    assert ticket.state is TicketState.WAITING
    floor.acd.unhinder("ana", NO_PHONE)
    assert ticket.agent is floor.acd.agents["ana"]


def test_the_last_of_several_hindrances_sets_free() -> None:
    floor = ready_floor()
    floor.acd.hinder("ana", NO_PHONE)
    floor.acd.hinder("ana", DIRECT)
    assert shown(floor) == ("paused", "no phone registered; on a direct call", True)
    floor.acd.unhinder("ana", NO_PHONE)
    assert shown(floor) == ("paused", "on a direct call", True)
    floor.acd.unhinder("ana", DIRECT)
    assert shown(floor) == ("ready", "", False)
    floor.acd.unhinder("ana", DIRECT)
    assert shown(floor) == ("ready", "", False)


def test_who_logs_in_without_a_phone_is_ready_when_it_registers() -> None:
    floor = Floor(sales=("ana",))
    floor.acd.hinder("ana", NO_PHONE)
    assert shown(floor) == ("offline", "", False)
    floor.acd.log_in("ana")
    assert shown(floor) == ("paused", NO_PHONE, True)
    floor.acd.unhinder("ana", NO_PHONE)
    assert shown(floor) == ("ready", "", False)


def test_a_pause_of_ones_own_outlasts_the_hindrance() -> None:
    floor = ready_floor()
    floor.acd.pause("ana", "lunch")
    floor.acd.hinder("ana", NO_PHONE)
    assert shown(floor) == ("paused", "lunch", False)
    floor.acd.unhinder("ana", NO_PHONE)
    assert shown(floor) == ("paused", "lunch", False)
    floor.acd.hinder("ana", NO_PHONE)
    floor.acd.resume("ana")
    assert shown(floor) == ("paused", NO_PHONE, True)
    floor.acd.pause("ana", "lunch")
    floor.acd.unhinder("ana", NO_PHONE)
    assert shown(floor) == ("paused", "lunch", False)


@pytest.mark.parametrize("reason", ["", "lunch"])
def test_a_hindered_agent_who_pauses_stays_paused(reason: str) -> None:
    floor = ready_floor()
    floor.acd.hinder("ana", NO_PHONE)
    floor.acd.pause("ana", reason)
    floor.acd.unhinder("ana", NO_PHONE)
    assert shown(floor) == ("paused", reason, False)


def test_a_hindered_agent_may_log_out() -> None:
    floor = ready_floor()
    floor.acd.hinder("ana", NO_PHONE)
    floor.acd.log_out("ana")
    floor.acd.unhinder("ana", NO_PHONE)
    assert shown(floor) == ("offline", "", False)


def test_a_phone_lost_during_a_call_counts_after_it() -> None:
    floor = ready_floor()
    floor.acd.connect(floor.acd.join("c1", "sales", 1.0))
    floor.acd.hinder("ana", NO_PHONE)
    assert shown(floor) == ("talking", "", False)
    floor.acd.talk_ended("ana", wrap_up=True)
    assert shown(floor) == ("wrap-up", "", False)
    floor.acd.wrap_up_ended("ana")
    assert shown(floor) == ("paused", NO_PHONE, True)


def test_a_phone_back_before_the_call_ends_never_mattered() -> None:
    floor = ready_floor()
    floor.acd.connect(floor.acd.join("c1", "sales", 1.0))
    floor.acd.hinder("ana", NO_PHONE)
    floor.acd.unhinder("ana", NO_PHONE)
    floor.acd.talk_ended("ana", wrap_up=False)
    assert shown(floor) == ("ready", "", False)


def test_an_offer_that_failed_for_want_of_a_phone_is_not_the_agents_refusal() -> None:
    floor = ready_floor()
    ticket = floor.acd.join("c1", "sales", 1.0)
    floor.acd.hinder("ana", NO_PHONE)
    floor.acd.take_back(ticket, pause="failed")
    assert shown(floor) == ("paused", NO_PHONE, True)
    floor.acd.unhinder("ana", NO_PHONE)
    assert ticket.state is TicketState.OFFERED


def test_every_change_of_the_reason_is_published() -> None:
    floor = ready_floor()
    floor.events.clear()
    floor.acd.hinder("ana", NO_PHONE, "seen 10:42")
    floor.acd.hinder("ana", NO_PHONE, "seen 10:42")
    floor.acd.hinder("ana", NO_PHONE, "seen 10:43")
    floor.acd.pause("ana", "lunch")
    told = [(e.was, e.now, e.reason, e.hindered) for e in floor.events if isinstance(e, AgentChanged)]
    assert told == [
        ("ready", "paused", "no phone registered: seen 10:42", True),
        ("paused", "paused", "no phone registered: seen 10:43", True),
        ("paused", "paused", "lunch", False),
    ]


def test_after_a_restart_a_hindered_agent_waits_for_what_is_known_now() -> None:
    floor = Floor(sales=("ana",))
    floor.acd.restore("ana", AgentState.PAUSED, since=1.0, reason="no phone registered: x", hindered=True)
    ticket = floor.acd.join("c1", "sales", 1.0)
    assert shown(floor) == ("paused", "no phone registered: x", True)
    floor.acd.unhinder("ana", UNKNOWN)
    assert ticket.state is TicketState.OFFERED


@pytest.mark.parametrize("seed", range(4))
def test_no_order_of_hindrances_and_wishes_breaks_an_invariant_or_sticks(seed: int) -> None:
    dice = random.Random(seed)
    floor = Floor(sales=("a", "b"), support=("b",))
    live: list = []
    for step in range(3000):
        floor.now += 1
        floor.events.clear()
        agent, reason = dice.choice("ab"), dice.choice((NO_PHONE, DIRECT))
        ticket = dice.choice(live) if live else None
        act = dice.randrange(8)
        if act == 0 and len(live) < 20:
            live.append(floor.acd.join(f"c{step:04}", dice.choice(("sales", "support")), floor.now))
        elif act == 1:
            floor.acd.hinder(agent, reason, dice.choice(("", "x")))
        elif act == 2:
            floor.acd.unhinder(agent, reason)
        elif act == 3 and ticket is not None and ticket.state is TicketState.OFFERED:
            dice.choice((floor.acd.connect, floor.acd.leave, floor.acd.take_back))(ticket)
        elif act == 4:
            floor.acd.talk_ended(agent, wrap_up=dice.random() < 0.5)
        elif act == 5:
            floor.acd.wrap_up_ended(agent)
        elif act == 6:
            dice.choice((floor.acd.log_in, floor.acd.log_in, floor.acd.log_out))(agent)
        elif floor.state(agent) is not AgentState.OFFLINE:
            dice.choice((floor.acd.pause, floor.acd.resume))(agent)
        live = [t for t in live if t.state in (TicketState.WAITING, TicketState.OFFERED)]
    for agent in "ab":
        floor.acd.talk_ended(agent, wrap_up=False)
        floor.acd.log_in(agent)
        floor.acd.unhinder(agent, NO_PHONE)
        floor.acd.unhinder(agent, DIRECT)
        floor.acd.resume(agent)
    for _ in range(len(live)):
        for ticket in [ticket for ticket in live if ticket.state is TicketState.OFFERED]:
            name = ticket.agent.name
            floor.acd.connect(ticket)
            floor.acd.talk_ended(name, wrap_up=False)
    assert {ticket.state for ticket in live} <= {TicketState.SERVED}
