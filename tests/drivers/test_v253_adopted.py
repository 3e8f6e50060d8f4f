"""A call on an analogue line that a new brain takes over: what the old one heard last is not lost."""

from __future__ import annotations

import asyncio

import pytest

from drivers.emulated.network import NetCall, Plan, Sound
from drivers.emulated.v253.line import FarEnd
from drivers.port import AudioNews, EndCause, Leg, LegState, PortState
from tests.drivers.v253_bench import Bench, bench

TALK = Plan(Sound(tone_hz=1000.0, loop=True))


async def _up(b: Bench) -> NetCall:
    call = b.call(plan=TALK)
    leg = await b.port.next_ring()
    await leg.answer()
    await asyncio.sleep(5)
    return call


async def _taken_over(b: Bench) -> Leg:
    port = b.new_port()
    await port.open()
    return await port.next_ring()


@pytest.mark.parametrize("far_end", [FarEnd.BUSY, FarEnd.LOOP, FarEnd.POLARITY, FarEnd.DIAL])
@pytest.mark.parametrize("seconds", [0.5, 8.0])
async def test_a_far_end_that_goes_while_there_is_no_brain_is_noticed_by_the_next(
    far_end: FarEnd, seconds: float
) -> None:
    """0.5 s: the sign was told to the brain that is gone, or to nobody."""
    async with bench() as b:
        b.options.far_end = far_end
        call = await _up(b)
        b.network.hang_up(call.id)
        await asyncio.sleep(0.1)
        await b.port.close()
        await asyncio.sleep(seconds)
        leg = await _taken_over(b)
        async with asyncio.timeout(15):
            assert await leg.ended() is EndCause.REMOTE
            await b.port.until_state(PortState.IDLE)


async def test_the_loop_break_of_taking_the_line_is_none_for_the_next_brain_either() -> None:
    async with bench() as b:
        b.call(plan=TALK)
        leg = await b.port.next_ring()
        await leg.answer()
        b.engine.tell(AudioNews.CODE, "l")
        await asyncio.sleep(0.5)
        await b.port.close()
        leg = await _taken_over(b)
        await asyncio.sleep(60)
        assert leg.state is LegState.UP


async def test_keys_that_were_pressed_before_are_not_pressed_again() -> None:
    async with bench() as b:
        await _up(b)
        b.engine.tell(AudioNews.CODE, "/")
        b.engine.tell(AudioNews.CODE, "7")
        b.engine.tell(AudioNews.CODE, "~")
        await b.port.close()
        leg = await _taken_over(b)
        await asyncio.sleep(1)
        assert leg.digits.empty()
