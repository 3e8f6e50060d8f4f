"""Which of the ready agents is rung: by the definitions, with a reason, and the same again in a replay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.acd.agent import Agent
from appliance.acd.busy import BusyLog
from appliance.acd.choice import CHOICES, Asked, Choice, drawn
from appliance.acd.distributor import Distributor
from appliance.acd.rules import Rules
from appliance.events import Event
from tests.appliance.acd.golden import TRACES, Afternoon
from tests.appliance.acd.test_distributor import Floor, assert_sound


@pytest.mark.parametrize("choice", CHOICES)
def test_an_afternoon_is_decided_as_it_was_before(choice: str) -> None:
    told = (TRACES / f"{choice}.txt").read_text(encoding="utf-8").splitlines()
    assert Afternoon(choice).trace() == told, "python -m tests.appliance.acd.golden writes them anew"


def floor_of(choice: str | Choice, rules: Rules | None = None) -> Floor:
    """Ana, ben and cem, who log in a second apart, in that order."""
    floor = Floor()
    floor.acd.add_queue(
        "sales", ("ana", "ben", "cem"), CHOICES[choice] if isinstance(choice, str) else choice, rules
    )
    for name in ("ana", "ben", "cem"):
        floor.acd.log_in(name)
        floor.now += 1
    return floor


def serve(floor: Floor, call_id: str, seconds: float = 10) -> str:
    """A caller comes and is served at once, by whom."""
    ticket = floor.acd.join(call_id, "sales", floor.now)
    agent = ticket.agents[0].name
    floor.acd.connect(ticket)
    floor.now += seconds
    floor.acd.talk_ended(agent, wrap_up=False)
    return agent


def test_each_choice_takes_its_turns() -> None:
    turns = {
        "in-order": ["ana", "ana", "ana", "ana"],
        "round-robin": ["ana", "ben", "cem", "ana"],
        "longest-idle": ["ana", "ben", "cem", "ana"],
        "least-occupied": ["ana", "ben", "cem", "ana"],
    }
    for choice, expected in turns.items():
        floor = floor_of(choice)
        assert [serve(floor, f"c{number}") for number in range(4)] == expected


def test_longest_idle_looks_at_all_queues_not_at_this_one() -> None:
    """Want 15: leastrecent of Asterisk asks this queue alone."""
    floor = floor_of("longest-idle")
    floor.acd.add_queue("other", ("ana",), CHOICES["longest-idle"])
    ticket = floor.acd.join("c0", "sales", 0.0)
    floor.acd.connect(ticket)
    floor.now += 5
    floor.acd.talk_ended("ana", wrap_up=False)
    assert serve(floor, "c1") == "ben"


def test_the_least_occupied_is_by_time_spent_not_by_calls() -> None:
    floor = floor_of("least-occupied")
    assert [serve(floor, "c0", 300), serve(floor, "c1", 10), serve(floor, "c2", 20)] == ["ana", "ben", "cem"]
    assert [serve(floor, "c3", 5), serve(floor, "c4", 50)] == ["ben", "ben"]
    assert serve(floor, "c5") == "cem"
    floor.now = 4000  # what ana did is longer ago than an hour
    assert serve(floor, "c6") == "ana"


@given(
    st.lists(st.tuples(st.floats(0.01, 500), st.floats(0.01, 500)), max_size=40),
    st.floats(1, 3600),
    st.booleans(),
)
@settings(deadline=None)
def test_time_spent_is_that_of_the_window(spells: list[tuple[float, float]], window: float, on: bool) -> None:
    log, now, seen = BusyLog(), 0.0, []
    for pause, work in spells:
        now += pause
        log.starts(now)
        seen.append((now, now + work))
        now += work
        log.ends(now)
    if on:
        log.starts(now)
        seen.append((now, now + 7))
        now += 7
    expected = sum(max(0.0, min(end, now) - max(start, now - window)) for start, end in seen)
    assert log.seconds(now, window) == pytest.approx(expected, abs=1e-6)


def test_want_15_a_choice_of_ones_own_is_two_functions() -> None:
    """Who is first by the alphabet, but never twice in a row, which no choice of ours is."""
    served = []

    def pick(able: Iterable[Agent], asked: Asked) -> tuple[list[Agent], str]:
        fresh = [agent for agent in able if agent.name not in served[-1:]]
        return fresh[:1], f"fresh of {asked.ready} ready"

    own = Choice("fresh", lambda agent, index, last_turn: (agent.name,), pick)
    floor = floor_of(own)
    for number in range(4):
        served.append(serve(floor, f"c{number}"))
    assert served == ["ana", "ben", "ana", "ben"]
    assert floor.acd.join("c5", "sales", floor.now).why == "fresh of 3 ready"


@pytest.mark.parametrize("choice", [choice for choice in CHOICES if choice != "ring-all"])
@pytest.mark.parametrize("stuck", ["ana", "cem"])
def test_want_16_an_agent_who_is_stuck_holds_up_one_caller_and_nobody_else(choice: str, stuck: str) -> None:
    """Wherever the agent stands in the list; that caller goes on to the next at the end of the offer."""
    floor = floor_of(choice)
    others = {"ana", "ben", "cem"} - {stuck}
    for name in others:
        floor.acd.pause(name)
    held = floor.acd.join("c0", "sales", floor.now)  # the phone rings and rings
    for name in sorted(others):
        floor.acd.resume(name)
        floor.now += 1
    turns = Counter(serve(floor, f"c{number}") for number in range(1, 31))
    assert set(turns) <= others
    if choice in ("longest-idle", "least-occupied", "round-robin"):
        assert set(turns.values()) == {15}, "each has as many"
    floor.acd.take_back(held, "no answer")
    assert held.agents[0].name in others
    assert held.place < floor.now - 300


def test_old_work_is_forgotten_and_the_last_hour_is_not() -> None:
    log = BusyLog()
    for number in range(20_000):
        log.starts(number * 2.0)
        log.ends(number * 2.0 + 1)
    assert len(log._ends) < 8192
    assert log.seconds(39_999.0, 3600.0) == pytest.approx(1800, abs=1)


def test_a_weighted_draw_is_the_calls_own_and_keeps_to_the_weights() -> None:
    picked: Counter[str] = Counter()
    for number in range(4000):
        agents = [Agent(name) for name in ("ana", "ben", "cem", "dee")]
        asked = Asked(0.0, f"call-{number}", 4, 0, {"ana": 3.0, "dee": 0.0})
        again = CHOICES["weighted-random"].pick(list(reversed(agents)), asked)[0]
        [agent], _ = CHOICES["weighted-random"].pick(agents, asked)
        assert again == [agent], "whoever comes first"
        picked[agent.name] += 1
    assert picked["dee"] == 0
    assert picked["ana"] / 4000 == pytest.approx(0.6, abs=0.03)
    assert picked["ben"] / 4000 == pytest.approx(0.2, abs=0.03)


@given(st.text(), st.integers(0, 1000))
def test_a_draw_is_a_share_of_one(call_id: str, attempt: int) -> None:
    assert 0 <= drawn(call_id, attempt) < 1
    assert drawn(call_id, attempt) == drawn(call_id, attempt)


def test_only_agents_of_no_weight_are_drawn_alike() -> None:
    asked = Asked(0.0, "c1", 2, 0, {"ana": 0.0, "ben": 0.0})
    picked = {
        CHOICES["weighted-random"]
        .pick([Agent("ana"), Agent("ben")], Asked(0.0, f"c{n}", 2, 0, asked.weights))[0][0]
        .name
        for n in range(50)
    }
    assert picked == {"ana", "ben"}


@given(st.permutations(range(5)), st.data())
@settings(deadline=None)
def test_a_choice_takes_somebody_who_can_and_says_why(order: list[int], data: st.DataObject) -> None:
    agents = [
        Agent(f"a{at}", ready_since=data.draw(st.floats(0, 10)), handled=data.draw(st.integers(0, 3)))
        for at in order
    ]
    for choice in CHOICES.values():
        able = sorted(agents, key=lambda agent: choice.order(agent, int(agent.name[1]), 0))
        picked, why = choice.pick(iter(able), Asked(20.0, "c1", 9, 0, {}))
        assert picked
        assert set(map(id, picked)) <= set(map(id, agents))
        assert why
        assert "\n" not in why
    best = CHOICES["longest-idle"].pick(
        sorted(agents, key=lambda agent: CHOICES["longest-idle"].order(agent, 0, 0)),
        Asked(20.0, "c1", 9, 0, {}),
    )[0][0]
    assert (best.ready_since, best.handled, best.name) == min(
        (a.ready_since, a.handled, a.name) for a in agents
    )


def test_ring_all_holds_everybody_for_one_caller_and_one_of_them_wins() -> None:
    """Want 1: one reservation per agent before any phone rings; commit or release."""
    floor = floor_of("ring-all")
    first = floor.acd.join("c1", "sales", 0.0)
    second = floor.acd.join("c2", "sales", 1.0)
    assert [agent.name for agent in first.agents] == ["ana", "ben", "cem"]
    assert (second.state.value, second.agents) == ("waiting", ())
    floor.now = 60.0
    floor.acd.connect(first, floor.acd.agents["ben"])
    assert [agent.name for agent in second.agents] == ["ana", "cem"], (
        "who is free is rung for the next at once"
    )
    floor.acd.leave(second)
    assert [floor.acd.agents[name].ready_since for name in ("ana", "cem")] == [0.0, 2.0], "idle time is kept"


def test_the_last_who_declines_leaves_the_caller_waiting_in_place() -> None:
    floor = floor_of("ring-all")
    first, second = floor.acd.join("c1", "sales", 0.0), floor.acd.join("c2", "sales", 1.0)
    for name in ("ana", "ben"):
        floor.acd.decline(first, floor.acd.agents[name], "busy")
    assert (first.state.value, len(first.agents)) == ("offered", 1)
    floor.acd.decline(first, floor.acd.agents["cem"], "busy")
    assert [ticket.state.value for ticket in (first, second)] == ["waiting", "waiting"]
    assert floor.acd.position("sales", "c1", 0.0) == 1


def test_a_queue_without_agents_does_no_harm() -> None:
    events: list[Event] = []
    acd = Distributor(publish=events.append, now=lambda: 0.0, checked=assert_sound)
    acd.add_queue("empty", (), CHOICES["ring-all"])
    ticket = acd.join("c1", "empty", 0.0)
    assert acd.explain("c1") == "place 1 of 1 after 0 s; nobody ready"
    acd.leave(ticket)
    assert acd.explain("c1") == ""
