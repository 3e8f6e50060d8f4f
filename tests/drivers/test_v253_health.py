"""An analogue line at a modem that hangs: the same ladder, and a line that works again within a minute."""

from __future__ import annotations

import asyncio

import pytest

from drivers.health import AlarmKind
from drivers.ladder import Rung
from drivers.port import PortState
from drivers.v253.port import V253Port
from tests.drivers.v253_bench import PATH, Bench

OFF_SECONDS, BOOT_SECONDS = 3.0, 5.0


class _Switch:
    """Stands for the power of the modem: `drivers.power.Power`."""

    def __init__(self, bench: Bench, cures: bool) -> None:
        self.cycles = 0
        self._bench = bench
        self._cures = cures

    async def cycle(self, place: str) -> None:
        self.cycles += 1
        self._bench.unplug()
        if self._cures:
            self._bench.modem.fault("silent", False)
        await asyncio.sleep(OFF_SECONDS)
        asyncio.get_running_loop().call_later(BOOT_SECONDS, self._bench.plug)


async def _hangs(*, cures: bool) -> tuple[Bench, _Switch]:
    """A line that was idle and whose modem answers nothing from now on."""
    b = Bench()
    switch = _Switch(b, cures)
    b.port = V253Port("line-1", path=PATH, settings=b.settings, power=switch, open_line=b._open)
    b.port.audio_holder = b.engine
    await b.port.open()
    assert b.port.state is PortState.IDLE, b.port.reason
    b.modem.fault("silent")
    return b, switch


async def test_a_dead_line_works_again_within_60_s() -> None:
    b, switch = await _hangs(cures=True)
    async with asyncio.timeout(60):
        await b.port.until_state(PortState.FAULT)
        await b.port.until_state(PortState.IDLE)
    assert (switch.cycles, b.port.health.heals, b.port.health.rung) == (1, 1, Rung.WELL)
    await b.port.close()


@pytest.mark.slow
async def test_what_nothing_cures_is_out_of_service_until_it_is_cured() -> None:
    b, switch = await _hangs(cures=False)
    await asyncio.sleep(150)
    assert (b.port.state, b.port.health.rung, switch.cycles) == (PortState.FAULT, Rung.OUT, 1)
    assert [alarm.kind for alarm in b.port.alarms()] == [AlarmKind.OUT_OF_SERVICE]
    b.modem.fault("silent", False)
    async with asyncio.timeout(60):
        await b.port.until_state(PortState.IDLE)
    assert b.port.alarms() == ()
    await b.port.close()
