"""No order of events breaks an invariant, loses a caller, or leaves anybody stuck (want 1).

    python -m tests.appliance.acd.test_random --events 1000000 [--seed 7]

does a million of them in half a minute.
"""

from __future__ import annotations

import argparse
import random
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.appliance.acd.world import DEEDS, World

Deed = tuple[str, tuple[int, ...]]
LOOK_EVERY = 50
RESTART_EVERY = 400


def at_random(dice: random.Random, count: int) -> list[Deed]:
    """Deeds in the proportions of `DEEDS`, with a restart now and then."""
    names = dice.choices(list(DEEDS), [often for _, often in DEEDS.values()], k=count)
    deeds = [(name, tuple(dice.randrange(4096) for _ in range(DEEDS[name][0]))) for name in names]
    return [deed if at % RESTART_EVERY else ("restart", ()) for at, deed in enumerate(deeds, 1)]


def done(deeds: list[Deed], world: World) -> World:
    """The world after them."""
    for at, (name, numbers) in enumerate(deeds):
        getattr(world, name)(*numbers)
        if world.full or at % LOOK_EVERY == 0:
            world.look()
    return world


@pytest.mark.parametrize("seed", range(4))
def test_no_order_of_events_breaks_anything(seed: int) -> None:
    world = done(at_random(random.Random(seed), 600), World())
    assert world.made > 30
    world.served_out()


def test_the_same_deeds_give_the_same_trace() -> None:
    deeds = at_random(random.Random(11), 1500)
    one, other = done(deeds, World(full=False)), done(deeds, World(full=False))
    assert one.trace == other.trace
    assert [str(event) for event in one.events] == [str(event) for event in other.events]


def machine() -> type[RuleBasedStateMachine]:
    """Hypothesis chooses the deeds, and shrinks what went wrong to the fewest."""
    numbers = st.integers(0, 4095)

    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.world = World()

        @rule()
        def restart(self) -> None:
            self.world.restart()

        @invariant()
        def holds(self) -> None:
            self.world.look()

        def teardown(self) -> None:
            self.world.served_out()

    for name, (count, _) in DEEDS.items():

        def deed(self: Any, name: str = name, **at: int) -> None:
            getattr(self.world, name)(*at.values())

        setattr(Machine, name, rule(**{f"n{at}": numbers for at in range(count)})(deed))
    return Machine


@pytest.mark.slow
def test_hypothesis_finds_no_order_of_events_that_breaks_anything() -> None:
    checked = settings(
        max_examples=60,
        stateful_step_count=60,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine(), settings=checked)


def main() -> None:
    """Many at random; a failure tells the seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)  # noqa: T201 - what a program says
    dice, began, made = random.Random(options.seed), time.perf_counter(), 0
    for _ in range(-(-options.events // 10_000)):
        world = done(at_random(dice, 10_000), World(full=False))
        world.served_out()
        made += world.made
    seconds = time.perf_counter() - began
    print(f"{options.events} events, {made} callers, {seconds:.0f} s: every invariant held")  # noqa: T201


if __name__ == "__main__":
    main()
