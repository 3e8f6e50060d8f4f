"""Skills with levels, relaxed with time by what is due, never by polling."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.acd.caller import Caller
from appliance.acd.choice import CHOICES, longest_idle
from appliance.acd.distributor import Distributor
from appliance.acd.dues import Dues
from appliance.acd.needs import Needs, Step, needs_of
from appliance.acd.rules import Rules
from appliance.acd.timer import LoopTimer
from tests.appliance.acd.test_distributor import Floor, assert_sound
from tests.appliance.acd.test_urgency import pass_time

SKILLS = {"ana": {"german": 4, "french": 1}, "ben": {"german": 2}, "cem": {}}


def floor_with(rules: Rules, *ready: str) -> Floor:
    floor = Floor()
    floor.acd.add_queue("sales", tuple(SKILLS), longest_idle, rules)
    for name, skills in SKILLS.items():
        floor.acd.set_agent(name, skills=skills)
    for name in ready:
        floor.acd.log_in(name)
        floor.now += 1
    return floor


def rung(floor: Floor, **needs: int) -> str:
    ticket = floor.acd.join(Caller("c1", floor.now, needs=needs), "sales")
    return ticket.agent.name if ticket.agent else ""


@pytest.mark.parametrize(
    ("rules", "needs", "expected"),
    [
        (Rules(), {}, "cem"),
        (Rules(skills={"german": 1}), {}, "ben"),
        (Rules(skills={"german": 1}), {"german": 3}, "ana"),
        (Rules(skills={"german": 3}), {"german": 1}, "ana"),
        (Rules(skills={"german": 5}), {}, ""),
        (Rules(highest={"german": 3}), {"german": 1}, "ben"),
        (
            Rules(highest={"german": 3}),
            {"german": 4},
            "ana",
        ),  # the caller needs more than the queue would spend
        (Rules(), {"german": 99}, "cem"),  # nobody here is as good as that, ever
        (Rules(prefer={"german": 1.0}), {}, "ana"),
        (Rules(prefer={"german": 1.0}, highest={"german": 3}, skills={"german": 1}), {}, "ben"),
    ],
)
def test_want_15_required_preferred_and_spared(rules: Rules, needs: dict[str, int], expected: str) -> None:
    assert rung(floor_with(rules, "cem", "ben", "ana"), **needs) == expected


def test_what_is_preferred_counts_by_weight_and_level_then_idle_time() -> None:
    floor = floor_with(Rules(prefer={"german": 1.0, "french": 10.0}), "ben", "cem", "ana")
    ticket = floor.acd.join(Caller("c1", 0.0), "sales")
    assert (ticket.agent.name, ticket.why) == (
        "ana",
        "longest idle of 3 ready, 1 s; preferred with 14 points",
    )
    again = floor.acd.join(Caller("c2", 0.0, prefers={"german": 0.0}), "sales")
    assert again.agent.name == "ben", "without points it is the one idle for longest"


def test_needs_are_relaxed_step_by_step_and_in_the_end_any_agent_will_do() -> None:
    """A skill nobody has, then a level lower, then without it: each at its moment."""
    steps = (Step(20, levels=-1), Step(40, drop=frozenset({"dutch"})), Step(60, any_agent=True))
    for agent, moment in (("ana", 40.0), ("ben", 40.0), ("cem", 60.0)):
        floor = floor_with(Rules(skills={"german": 3, "dutch": 1}, relax=steps), agent)
        begin = floor.now
        ticket = floor.acd.join(Caller("c1", begin), "sales")
        pass_time(floor, moment - 0.1)
        assert ticket.agents == ()
        pass_time(floor, 0.2)
        assert [found.name for found in ticket.agents] == [agent]
        assert f"relaxed, step {2 if moment == 40 else 3} of 3" in ticket.why


def test_what_nobody_of_the_queue_can_ever_give_is_not_waited_for() -> None:
    """Want 16: a wrong fact about a caller is no wait for ever."""
    floor = floor_with(Rules(skills={"german": 2}), "cem", "ben")
    ticket = floor.acd.join(Caller("c1", 0.0, needs={"dutch": 3}), "sales")
    assert ticket.agent.name == "ben"
    assert (
        ticket.why
        == "longest idle of 2 ready, 1 s; needs german 2, asks in vain for dutch 3; not cem (no german)"
    )


def test_relaxation_counts_from_when_the_queue_was_entered_and_goes_on_after_a_restart() -> None:
    rules = Rules(skills={"german": 3}, relax=(Step(20, levels=-1),))
    floor = floor_with(rules, "ben")
    floor.now = 100.0
    assert floor.acd.join(Caller("c1", 0.0), "sales").agents == (), "an old place is not a long wait here"
    assert floor.acd.join(Caller("c2", 0.0, joined=79.0), "sales").agents, "that one was here for 21 s"


def test_steps_go_on_while_a_phone_rings_and_count_when_it_is_not_answered() -> None:
    floor = floor_with(Rules(skills={"german": 3}, relax=(Step(20, any_agent=True),)), "ana", "cem")
    ticket = floor.acd.join(Caller("c1", floor.now), "sales")
    pass_time(floor, 21)
    assert [agent.name for agent in ticket.agents] == ["ana"]
    floor.acd.take_back(ticket, pause="no answer")
    assert [agent.name for agent in ticket.agents] == ["cem"]


def test_what_is_due_is_told_to_whoever_has_the_clock() -> None:
    asked: list[float] = []
    done: list[str] = []
    dues = Dues(asked.append)
    dues.at(5.0, lambda: done.append("five"))
    dues.at(9.0, lambda: done.append("nine"))
    dues.at(2.0, lambda: done.append("two"))
    assert asked == [5.0, 2.0]
    dues.run(5.0)
    assert (done, asked, dues.next) == (["two", "five"], [5.0, 2.0, 9.0], 9.0)


async def test_a_loop_wakes_the_distributor_and_nothing_polls() -> None:
    loop = asyncio.get_running_loop()
    timer = LoopTimer(loop.time, lambda: acd.advance())
    acd = Distributor(publish=lambda event: None, now=loop.time, checked=assert_sound, wake=timer.wake)
    acd.add_queue(
        "sales", ("ana",), longest_idle, Rules(skills={"german": 1}, relax=(Step(20, any_agent=True),))
    )
    acd.log_in("ana")
    with acd.waiting(Caller("c1", loop.time()), "sales") as ticket:
        async with acd.offer(ticket) as offer:
            assert offer.agent.name == "ana"
            assert loop.time() - ticket.place == pytest.approx(20, abs=0.01)
    timer.close()


levels = st.dictionaries(st.sampled_from(["german", "french", "dutch"]), st.integers(1, 5))


@given(levels, levels, levels, st.lists(st.tuples(st.integers(-5, 0), st.booleans()), max_size=4))
def test_each_step_lets_at_least_those_serve_who_could_before(
    lowest: dict[str, int], highest: dict[str, int], skills: dict[str, int], steps: list[tuple[int, bool]]
) -> None:
    needs = needs_of((lowest,), highest)
    for down, drop in steps:
        after = needs.relaxed(Step(1.0, levels=down, drop=frozenset({"german"} if drop else ())))
        assert not needs.met_by(skills) or after.met_by(skills)
        assert bool(after.lacking(skills)) != after.met_by(skills)
        needs = after
    assert needs.relaxed(Step(1.0, any_agent=True)) == Needs()


def test_an_agent_misses_as_many_as_the_queue_allows_and_an_answer_counts_anew() -> None:
    """Want 2: paused after n misses in a row (n is the queue's, or the agent's own), not after one."""
    floor = floor_with(Rules(misses_before_pause=2), "ana")
    for answered in (False, True, False):
        ticket = floor.acd.join(f"c{floor.now}", "sales", floor.now)
        if answered:
            floor.acd.connect(ticket)
            floor.acd.talk_ended("ana", wrap_up=False)
        else:
            floor.acd.take_back(ticket, pause="no answer")
            assert floor.state("ana").value == "offered", "rung again, as nobody else is there"
            floor.acd.leave(ticket)
        floor.now += 1
    ticket = floor.acd.join("last", "sales", floor.now)
    floor.acd.take_back(ticket, pause="no answer")
    assert (floor.state("ana").value, floor.acd.agents["ana"].reason) == ("paused", "no answer")
    floor.acd.set_agent("ana", skills={}, misses_before_pause=1)
    floor.acd.resume("ana")
    floor.acd.take_back(ticket, pause="busy")
    assert floor.acd.agents["ana"].reason == "busy"


def test_who_missed_a_call_is_not_rung_for_it_again_while_another_is_ready() -> None:
    floor = Floor()
    floor.acd.add_queue("sales", ("ana", "ben"), CHOICES["in-order"], Rules(misses_before_pause=3))
    floor.acd.log_in("ana")
    floor.acd.log_in("ben")
    ticket = floor.acd.join("c1", "sales", 0.0)
    names = []
    for _ in range(4):
        names.append(ticket.agent.name)
        floor.acd.take_back(ticket, pause="no answer")
    assert names == ["ana", "ben", "ana", "ben"]


def test_who_was_busy_for_too_long_rests_and_is_ready_again_by_itself() -> None:
    rules = Rules(max_busy_share=0.5, busy_window_seconds=600, rest_seconds=60)
    floor = floor_with(rules, "ana")
    for call_id, seconds, state in (("c1", 250, "ready"), ("c2", 60, "paused")):
        floor.acd.connect(floor.acd.join(call_id, "sales", floor.now))
        floor.now += seconds
        floor.acd.talk_ended("ana", wrap_up=True)
        floor.acd.wrap_up_ended("ana")
        assert floor.state("ana").value == state
    assert floor.acd.agents["ana"].reason == "rest: busy 52% of the last 10 min"
    waiting = floor.acd.join("c3", "sales", floor.now)
    pass_time(floor, 59)
    assert waiting.agents == ()
    pass_time(floor, 2)
    assert [agent.name for agent in waiting.agents] == ["ana"]


def test_others_serve_a_queue_from_now_on_and_conversations_go_on() -> None:
    floor = floor_with(Rules(sticky_seconds=100), "ana")
    floor.acd.add_queue("other", ("dee",), longest_idle)
    floor.acd.log_in("dee")
    served = floor.acd.join("c1", "sales", 0.0)
    waiting = floor.acd.join("c2", "sales", 1.0)
    floor.acd.serve("sales", ("dee", "cem"))
    assert [agent.name for agent in waiting.agents] == ["dee"]
    assert floor.acd.agents["dee"].queues == ("other", "sales")
    floor.acd.connect(served)
    floor.acd.talk_ended("ana", wrap_up=False)
    assert floor.state("ana").value == "ready"
    assert floor.acd.agents["ana"].queues == ()
    assert floor.acd.join("c3", "sales", 2.0).agents == ()


def test_a_restart_forgets_no_work() -> None:
    """Occupancy and calls handled are those of the journal, so the least occupied stays so."""
    floor = floor_with(Rules(), "ana", "ben")
    told = []
    floor.acd._publish = lambda event: told.append((floor.now, event))
    for call_id, seconds in (("c1", 100), ("c2", 30), ("c3", 20)):
        ticket = floor.acd.join(call_id, "sales", floor.now)
        name = ticket.agent.name
        floor.acd.connect(ticket)
        floor.now += seconds
        floor.acd.talk_ended(name, wrap_up=call_id == "c3")
    again = floor_with(Rules())
    again.now = floor.now
    for at, event in told:
        again.acd.remember(event, at)
    again.acd.restore("ana", floor.state("ana"), since=floor.acd.agents["ana"].since, call_id="c3")
    again.now = floor.now = floor.now + 7
    for name in ("ana", "ben"):
        one, other = floor.acd.agents[name], again.acd.agents[name]
        assert other.busy.seconds(again.now, 3600) == pytest.approx(one.busy.seconds(floor.now, 3600))
        assert other.handled == one.handled
