"""No message is lost between modem and reader, and none is given twice, whatever ends the session."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from drivers.messages import Arrival
from drivers.port import PortState
from tests.drivers.gsm_bench import Bench
from tests.drivers.message_keeper import Keeper, gets, stored

MESSAGES = 5

Blow = Callable[["Life"], Awaitable[None]]


class Life:
    """A box with one line, from start to end, and one blow after so many pieces of bytes each way."""

    def __init__(self, step: int, blow: Blow) -> None:
        self.bench = Bench()
        self.kept: dict[tuple[str, str], Arrival] = {}
        self.keeper: Keeper | None = None
        self.steps = 0
        self._step = step
        self._blow = blow
        self._struck: asyncio.Task[None] | None = None
        carry = self.bench.wire.carry

        def counted(data: bytes, take: Callable[[bytes], None]) -> None:
            self.steps += 1
            if self.steps == self._step and self.keeper is not None:
                self._struck = asyncio.ensure_future(self._blow(self))  # type: ignore[arg-type]
            carry(data, take)

        self.bench.wire.carry = counted  # type: ignore[method-assign]

    def reads(self) -> None:
        """The box takes messages of the port it has now."""
        self.keeper = Keeper(self.bench.port.text_messages, self.kept)

    async def run(self) -> bool:
        """Messages come in, some are there already; False when all was over before the blow."""
        for number in range(2):
            gets(self.bench, f"early {number}")
        await asyncio.sleep(1)
        await self.bench.port.open()
        self.steps = 0
        self.reads()
        for number in range(MESSAGES - 2):
            gets(self.bench, f"late {number}")
            await asyncio.sleep(0.15)
        await asyncio.sleep(1)
        struck, self._step = self._struck is not None, 0
        if self._struck is not None:
            await self._struck
        await asyncio.sleep(130)
        assert self.bench.port.state is PortState.IDLE, self.bench.port.reason
        assert self.keeper is not None
        texts = self.keeper.texts()
        await self.keeper.stop()
        await self.bench.port.close()
        assert texts == ["early 0", "early 1", "late 0", "late 1", "late 2"]
        assert stored(self.bench) == 0
        assert self.bench.network.sms.waiting(self.bench.modem.mailbox) == 0
        return struck


async def unplug(life: Life) -> None:
    life.bench.unplug()
    await asyncio.sleep(3)
    life.bench.plug()


async def restart(life: Life) -> None:
    life.bench.modem.restarted()


async def close(life: Life) -> None:
    """The port is closed and opened again; the same object."""
    await life.bench.port.close()
    await asyncio.sleep(1)
    await life.bench.port.open()


async def be_reborn(life: Life) -> None:
    """The brain was restarted: another port, and only the disk is as it was."""
    assert life.keeper is not None
    await asyncio.gather(life.keeper.stop(), life.bench.port.close())
    life.bench.port = life.bench.new_port()
    life.reads()
    await life.bench.port.open()


async def reader_dies(life: Life) -> None:
    """Whoever reads is cancelled, at whatever await, and comes back with what is on the disk."""
    assert life.keeper is not None
    await life.keeper.stop()
    life.keeper = life.keeper.reborn()


@pytest.mark.slow
@pytest.mark.parametrize("blow", [unplug, restart, close, be_reborn, reader_dies])
async def test_a_blow_at_every_await_in_turn_loses_none_and_repeats_none(blow: Blow) -> None:
    """A life of 5 messages for each piece of bytes: over 200 messages for each kind of blow."""
    step = 1
    while await Life(step, blow).run():
        step += 1
    assert MESSAGES * step >= 200, f"only {step} places to strike at"
