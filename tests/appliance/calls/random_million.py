"""A million things at random in calls: callers, agents, transfers, call-backs, lost legs and killed brains.

    python -m tests.appliance.calls.random_million --events 1000000 [--seed 7]

takes about six minutes. Each world is one brain, killed in the middle of what people do, and the next,
which goes on with them until everybody went home. The invariants of the distributor are checked after every
change, the rest after every deed, and the reconciler, which looks every second, must find nothing. An event
is whatever was published. What did not hold is printed with the number of its world, and the exit code is 1
then; to see that world alone: `--worlds 1 --seed NUMBER`.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

from appliance.calls.reconciler import Reconciler
from appliance.events import InvariantBroken, Stamped
from tests.appliance.calls.second_life import killed
from tests.appliance.calls.steps import replayed
from tests.appliance.calls.test_random_calls import Chaos
from tests.appliance.calls.test_random_restarts import (
    assert_nothing_left,
    assert_one_end_each,
    everybody_goes_home,
)
from tests.appliance.calls.test_random_waits import Waits
from tests.conftest import run

KINDS = (Chaos, Waits)  # in turn, by the seed
DEEDS = 500  # at most, in each of the two lives
MOST_BROKEN = 20  # worlds, then it is given up


class Errors(logging.Handler):
    """What was logged as an error: none may be, of a call that goes as it should."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))


async def some_deeds(chaos: Chaos, places: dict[str, float], before: Iterable[Stamped] = ()) -> None:
    """People do something, and nothing breaks by it; `before` is what happened in an earlier life.

    `places` are those that calls have had in either life.
    """
    for _ in range(chaos.pick.randrange(DEEDS)):
        chaos.one_more()
        await asyncio.sleep(chaos.pick.choice(chaos.pauses))
        chaos.check()
        for call in chaos.rig.centre.calls.values():
            if place := call.story.place:
                assert place <= places.setdefault(call.id, place), f"call {call.id} lost its place"
                places[call.id] = place
    for call in chaos.rig.centre.calls.values():
        assert replayed(chaos.rig, call.id, before) == call.story


async def world(folder: Path, seed: int) -> int:
    """Two lives of a box; the number of events. Raises AssertionError for what does not hold."""
    chaos = KINDS[seed % len(KINDS)](folder, seed)
    first = await chaos.rig.opened()
    watching = asyncio.create_task(Reconciler(first.centre).run())
    places: dict[str, float] = {}
    await some_deeds(chaos, places)
    watching.cancel()
    life = await killed(folder, first, *(caller.leg for caller in chaos.callers), **chaos.changes)
    async with life.running() as second:
        chaos.rig, chaos.callers = second, []
        second.lines, second.phones.behave = life.lines, chaos._behaves
        await some_deeds(chaos, places, life.stamped)
        life.callers += [caller.leg for caller in chaos.callers]
        for cancel in list(second.centre.call_backs.values()):
            cancel("everybody goes home")
        await everybody_goes_home(life)
        assert_nothing_left(second)
    stamped: list[Stamped] = [*life.stamped, *second.stamped]
    assert_one_end_each(stamped)
    assert [each.event for each in stamped if isinstance(each.event, InvariantBroken)] == []
    return len(stamped)


def lived(seed: int) -> tuple[int, str]:
    """The events of a world, and what did not hold in it, "" when all did."""
    errors = Errors()
    logging.getLogger().addHandler(errors)
    try:
        with tempfile.TemporaryDirectory(prefix="callbox-") as folder:
            events = run(world(Path(folder), seed))
    except AssertionError:
        return 0, traceback.format_exc()
    except BaseException as stopped:
        stopped.add_note(f"in world {seed}")
        raise
    finally:
        gc.collect()  # what is said of it is said of this world, not of the next
        logging.getLogger().removeHandler(errors)
    return events, "; ".join(errors.said)


def worlds(events: int, seed: int, most: int) -> Iterator[tuple[int, int, str]]:
    """World after world until that many events happened: its seed, the events so far, what broke."""
    so_far = 0
    for number in count(seed):
        if so_far >= events or number - seed >= most:
            return
        made, broken = lived(number)
        so_far += made
        yield number, so_far, broken


def main() -> int:
    """0 when everything held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--worlds", type=int, default=sys.maxsize, help="at most")
    parser.add_argument(
        "--seed", type=int, default=int(time.time()), help="of the first world, +1 for the next"
    )
    options = parser.parse_args()
    began, done, failures = time.perf_counter(), 0, 0
    for number, done, broken in worlds(options.events, options.seed, options.worlds):
        if broken:
            failures += 1
            print(f"world {number}: {broken}", flush=True)  # noqa: T201 - what a program says
            if failures == MOST_BROKEN:
                break
        elif (number - options.seed) % 20 == 0:
            print(f"world {number}: {done} events so far", flush=True)  # noqa: T201
    print(f"{done} events, {failures} worlds broken, {time.perf_counter() - began:.0f} s")  # noqa: T201
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
