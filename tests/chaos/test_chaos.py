"""Many lines, every fault of the catalogue at random, minutes of the loop's time: nothing is ever stuck."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import Callable

import pytest

from drivers.emulated.faults import FAULTS
from drivers.emulated.v253.faults import VOICE_FAULTS
from drivers.port import Port
from tests.chaos.line import Line
from tests.chaos.texts import Texts
from tests.drivers import gsm_bench, v253_bench
from tests.drivers.gsm_families import PAIRS
from tests.drivers.wires import ByteByByte, Delayed, Lossy, Wire

SEEDS = [int(seed) for seed in os.environ.get("CALLBOX_CHAOS_SEEDS", "1").split(",")]
SECONDS = float(os.environ.get("CALLBOX_CHAOS_SECONDS", "300"))
GSM_LINES, FXO_LINES = 12, 4


class GsmRig(gsm_bench.Bench):
    """A GSM modem in the chaos."""

    def fault(self, name: str, on: bool = True) -> None:
        self.modem.fault(name, on)

    def reborn(self) -> Port:
        return self.new_port(power=self.switch)


class FxoRig(v253_bench.Bench):
    """A voice modem in the chaos."""

    def fault(self, name: str, on: bool = True) -> None:
        self.modem.fault(name, on)

    def reborn(self) -> Port:
        return self.new_port()


WIRES: list[Callable[[], Wire]] = [Wire, ByteByByte, Delayed, Lossy]


def gsm_line(number: int, seed: int) -> Line:
    wire = WIRES[number % len(WIRES)]()
    families = list(PAIRS.values())
    rig = GsmRig(wire, pair=families[number % len(families)])
    name = f"gsm-{number}"

    def texts(dice: random.Random) -> Texts:
        return Texts(name, rig.modem, rig.network, dice)

    is_whole = not isinstance(wire, Lossy)  # nobody can tell a letter of a PDU that the wire made another
    return Line(name, rig, sorted(FAULTS.keys() - {"F15"}), seed, texts=texts if is_whole else None)


def fxo_line(number: int, seed: int) -> Line:
    rig = FxoRig(WIRES[number % len(WIRES)]())
    return Line(f"fxo-{number}", rig, sorted(VOICE_FAULTS.keys() - {"F15"}), seed)


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", SEEDS)
async def test_sixteen_lines_live_through_everything(seed: int) -> None:
    lines = [gsm_line(number, seed) for number in range(1, GSM_LINES + 1)]
    lines += [fxo_line(number, seed) for number in range(1, FXO_LINES + 1)]
    await asyncio.gather(*(line.open() for line in lines))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*(line.run() for line in lines))
    await asyncio.gather(*(line.settle() for line in lines))
    assert sum(line.counts["answered"] for line in lines) > len(lines)
    for line in lines:
        await line.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
