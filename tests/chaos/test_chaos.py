"""Many lines, every fault of the catalogue at random, minutes of the loop's time: nothing is ever stuck."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import pytest

from drivers.emulated.faults import FAULTS
from drivers.port import Port
from tests.chaos.line import Line
from tests.drivers.gsm_bench import Bench
from tests.drivers.wires import ByteByByte, Delayed, Lossy, Wire

SEEDS = [int(seed) for seed in os.environ.get("CALLBOX_CHAOS_SEEDS", "1").split(",")]
SECONDS = float(os.environ.get("CALLBOX_CHAOS_SECONDS", "600"))
LINES = 16


class GsmRig(Bench):
    """A GSM modem in the chaos."""

    def fault(self, name: str, on: bool = True) -> None:
        self.modem.fault(name, on)

    def reborn(self) -> Port:
        return self.new_port()


WIRES: list[Callable[[], Wire]] = [Wire, ByteByByte, Delayed, Lossy]


def a_line(number: int, seed: int) -> Line:
    wire = WIRES[number % len(WIRES)]()
    return Line(f"gsm-{number}", GsmRig(wire), sorted(set(FAULTS) - {"F15"}), seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
async def test_sixteen_lines_live_through_everything(seed: int) -> None:
    lines = [a_line(number, seed) for number in range(1, LINES + 1)]
    await asyncio.gather(*(line.open() for line in lines))
    try:
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*(line.run() for line in lines))
    except TimeoutError:
        pass
    await asyncio.gather(*(line.settle() for line in lines))
    assert sum(line.counts["answered"] for line in lines) > LINES
    for line in lines:
        await line.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
