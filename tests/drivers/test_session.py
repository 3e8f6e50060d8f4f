"""A fault of the driver itself is told and does not keep a line down; `session.py` over a GSM modem."""

from __future__ import annotations

import asyncio

from drivers.port import EndCause, LegState, PortState
from tests.drivers.gsm_bench import Bench, bench


def breaks_once(b: Bench) -> None:
    """The next look at the signal meets a bug of ours."""
    ping = b.port.facts.ping

    async def broken(channel: object) -> None:
        b.port.facts.ping = ping  # type: ignore[method-assign]
        raise KeyError("rssi")

    b.port.facts.ping = broken  # type: ignore[method-assign, assignment]


async def test_a_fault_of_the_driver_is_a_reason_and_the_line_comes_back() -> None:
    async with bench() as b:
        breaks_once(b)
        await b.port.until_state(PortState.FAULT)
        assert "a fault of the driver (KeyError('rssi')), see the log" in b.port.reason
        async with asyncio.timeout(60):
            await b.port.until_state(PortState.IDLE)
        b.call()
        assert (await b.port.next_ring()).peer


async def test_a_fault_at_the_first_opening_is_tried_again_too() -> None:
    b = Bench()
    breaks_once(b)
    await b.port.open()
    assert b.port.state is PortState.FAULT
    await b.port.until_state(PortState.IDLE)
    await b.port.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_fault_during_a_call_ends_its_leg_and_the_call_is_found_again() -> None:
    async with bench() as b:
        b.call()
        leg = await b.port.next_ring()
        await leg.answer()

        async def broken() -> None:
            raise KeyError("clcc")

        b.port._calls.reconcile = broken  # type: ignore[method-assign]
        async with asyncio.timeout(30):
            assert await leg.ended() is EndCause.PORT_LOST
            assert (await b.port.next_ring()).state is LegState.UP
