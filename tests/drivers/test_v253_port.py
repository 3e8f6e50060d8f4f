"""An analogue line as a port: the contract over three wires and four chips, answer, dial, adoption."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from drivers.emulated.network import Callee, Outcome
from drivers.emulated.v253.chips import CX93001, GENERIC, USR5637, Chip
from drivers.v253.port import V253Port
from tests.drivers.port_contract import ANSWERS, BUSY, NEVER, PortContract
from tests.drivers.v253_bench import Bench
from tests.drivers.wires import ByteByByte, Delayed, Wire


class Late(Delayed):
    """Pieces of voice: 8 kB/s must come through."""

    most_bytes, most_seconds = 600, 0.03


class _Far:
    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def hangs_up(self) -> None:
        call = self._bench.network.call_of(self._bench.modem)
        assert call is not None
        self._bench.network.hang_up(call.id)


class _Rig(Bench):
    def rings(self, number: str) -> _Far:
        self.call(number)
        return _Far(self)

    def far_of_dialled(self) -> _Far:
        return _Far(self)

    def reborn(self) -> V253Port:
        return self.new_port()


class V253Contract(PortContract):
    remembers_caller = False
    knows_who_leaves_at_once = False
    wire: Callable[[], Wire] = Wire
    chip: Chip = CX93001

    @asynccontextmanager
    async def rig(self) -> AsyncIterator[_Rig]:
        rig = _Rig(type(self).wire(), chip=self.chip)
        rig.party(ANSWERS, Callee(after_s=7.0))
        rig.party(BUSY, Callee(Outcome.BUSY))
        rig.party(NEVER, Callee(Outcome.NEVER))
        await rig.port.open()
        yield rig
        await rig.port.close()


class TestOverAWholeWire(V253Contract):
    pass


@pytest.mark.slow
class TestByteByByte(V253Contract):
    wire = ByteByByte


@pytest.mark.slow
class TestOverADelayedWire(V253Contract):
    wire = Late


class TestUsr(V253Contract):
    chip = USR5637


class TestAnUnknownChip(V253Contract):
    chip = GENERIC
