"""What every Port and Leg must do, whatever carries them. A driver's test file subclasses PortContract.

`rig` gives a driver's port with somebody at the far end; the tests below know nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import pytest

from drivers.port import DriverError, EndCause, LegEnded, LegState, Port, PortRefused, PortState

CALLER = "+4917012345678"
ANSWERS, BUSY, NEVER = "+49301", "+49302", "+49303"  # what these parties do when dialled


class Far(Protocol):
    """The other party of a call that came in."""

    def hangs_up(self) -> None: ...


class Rig(Protocol):
    """A port and what is behind it."""

    port: Port

    def rings(self, number: str) -> Far: ...
    def far_of_dialled(self) -> Far: ...
    def unplug(self) -> None: ...
    def plug(self) -> None: ...
    def reborn(self) -> Port: ...


class PortContract:
    """Subclass it and fill `rig`; a line that honestly cannot do something says so."""

    #: Whether a call found after a restart of the brain still says who it is.
    remembers_caller = True
    #: Whether a caller who leaves in the very moment of the answer is noticed before it is done.
    knows_who_leaves_at_once = True

    def rig(self) -> AbstractAsyncContextManager[Rig]:
        raise NotImplementedError

    async def test_a_port_is_idle_when_open_and_down_when_closed(self) -> None:
        async with self.rig() as rig:
            assert rig.port.state is PortState.IDLE
            assert rig.port.status()["state"] == "idle"
            await rig.port.close()
            assert rig.port.state is PortState.DOWN

    async def test_no_task_is_left_after_close(self) -> None:
        async with self.rig() as rig:
            before = asyncio.all_tasks()
            leg = await rig.port.dial(ANSWERS)
            await leg.until(LegState.UP)
            await rig.port.close()
            assert {task for task in asyncio.all_tasks() - before if not task.done()} == set()
            assert asyncio.all_tasks() == {asyncio.current_task()}

    async def test_a_caller_is_offered_answered_and_leaves(self) -> None:
        async with self.rig() as rig:
            far = rig.rings(CALLER)
            leg = await rig.port.next_ring()
            assert (leg.state, leg.peer, leg.inbound) == (LegState.RINGING, CALLER, True)
            assert rig.port.state is PortState.BUSY
            await leg.answer()
            assert leg.state is LegState.UP
            far.hangs_up()
            assert await leg.ended() is EndCause.REMOTE
            await rig.port.until_state(PortState.IDLE)

    async def test_we_hang_up_a_call_that_is_up(self) -> None:
        async with self.rig() as rig:
            rig.rings(CALLER)
            leg = await rig.port.next_ring()
            await leg.answer()
            await leg.hangup()
            assert (leg.state, leg.cause) == (LegState.ENDED, EndCause.LOCAL)
            await leg.hangup()
            assert leg.cause is EndCause.LOCAL
            await rig.port.until_state(PortState.IDLE)

    async def test_we_reject_a_call_that_rings(self) -> None:
        async with self.rig() as rig:
            rig.rings(CALLER)
            leg = await rig.port.next_ring()
            await leg.hangup()
            assert leg.cause is EndCause.LOCAL
            await rig.port.until_state(PortState.IDLE)

    async def test_a_caller_gives_up_while_ringing(self) -> None:
        async with self.rig() as rig:
            far = rig.rings(CALLER)
            leg = await rig.port.next_ring()
            far.hangs_up()
            assert await leg.ended() is EndCause.REMOTE
            with pytest.raises(LegEnded):
                await leg.answer()
            await rig.port.until_state(PortState.IDLE)

    async def test_a_caller_who_leaves_during_the_answer_ends_it(self) -> None:
        async with self.rig() as rig:
            far = rig.rings(CALLER)
            leg = await rig.port.next_ring()
            answering = asyncio.ensure_future(leg.answer())
            await asyncio.sleep(0)
            far.hangs_up()
            if self.knows_who_leaves_at_once:
                with pytest.raises((LegEnded, DriverError)):
                    await answering
            else:
                with contextlib.suppress(LegEnded, DriverError):
                    await answering
                await leg.ended()
            await leg.hangup()
            assert leg.state is LegState.ENDED
            await rig.port.until_state(PortState.IDLE)

    async def test_an_answer_that_is_cancelled_leaves_a_leg_that_can_be_hung_up(self) -> None:
        async with self.rig() as rig:
            rig.rings(CALLER)
            leg = await rig.port.next_ring()
            answering = asyncio.ensure_future(leg.answer())
            await asyncio.sleep(0)
            answering.cancel()
            await asyncio.wait({answering})
            await leg.hangup()
            assert leg.state is LegState.ENDED
            await rig.port.until_state(PortState.IDLE)

    async def test_a_hang_up_that_is_cancelled_is_done_all_the_same(self) -> None:
        async with self.rig() as rig:
            rig.rings(CALLER)
            leg = await rig.port.next_ring()
            await leg.answer()
            hanging_up = asyncio.ensure_future(leg.hangup())
            await asyncio.sleep(0)
            hanging_up.cancel()
            await asyncio.wait({hanging_up})
            assert leg.state is LegState.ENDED
            await rig.port.until_state(PortState.IDLE)
            rig.rings(CALLER)
            assert (await rig.port.next_ring()).state is LegState.RINGING

    async def test_a_dialled_party_answers(self) -> None:
        async with self.rig() as rig:
            leg = await rig.port.dial(ANSWERS, label="call-7")
            assert (leg.state, leg.peer, leg.inbound) == (LegState.DIALING, ANSWERS, False)
            assert leg.label == "call-7"
            await leg.until(LegState.UP)
            rig.far_of_dialled().hangs_up()
            assert await leg.ended() is EndCause.REMOTE
            await rig.port.until_state(PortState.IDLE)

    async def test_a_dialled_party_is_busy(self) -> None:
        async with self.rig() as rig:
            leg = await rig.port.dial(BUSY)
            assert await leg.ended() is EndCause.BUSY
            await rig.port.until_state(PortState.IDLE)

    async def test_a_dialled_phone_rings_until_we_hang_up(self) -> None:
        async with self.rig() as rig:
            leg = await rig.port.dial(NEVER)
            await leg.until(LegState.RINGING)
            await leg.hangup()
            assert leg.cause is EndCause.LOCAL
            await rig.port.until_state(PortState.IDLE)

    async def test_a_call_hung_up_before_it_rings_is_over(self) -> None:
        async with self.rig() as rig:
            leg = await rig.port.dial(NEVER)
            await leg.hangup()
            assert leg.cause is EndCause.LOCAL
            await rig.port.until_state(PortState.IDLE)

    async def test_a_busy_port_refuses_to_dial_and_says_why(self) -> None:
        async with self.rig() as rig:
            rig.rings(CALLER)
            await rig.port.next_ring()
            with pytest.raises(PortRefused, match=rf"{rig.port.name}.*busy"):
                await rig.port.dial(ANSWERS)

    async def test_digits_are_sent_on_a_call_that_is_up(self) -> None:
        async with self.rig() as rig:
            leg = await rig.port.dial(ANSWERS)
            await leg.until(LegState.UP)
            await leg.send_digits("12#")
            assert leg.state is LegState.UP

    async def test_ten_calls_in_a_row(self) -> None:
        async with self.rig() as rig:
            for number in range(10):
                far = rig.rings(f"+49170{number}")
                leg = await rig.port.next_ring()
                assert leg.peer == f"+49170{number}"
                await leg.answer()
                if number % 2:
                    far.hangs_up()
                    await leg.ended()
                else:
                    await leg.hangup()
                await rig.port.until_state(PortState.IDLE)

    async def test_an_unplugged_port_ends_its_leg_and_heals_when_plugged(self) -> None:
        async with self.rig() as rig:
            rig.rings(CALLER)
            leg = await rig.port.next_ring()
            await leg.answer()
            rig.unplug()
            assert await leg.ended() is EndCause.PORT_LOST
            await rig.port.until_state(PortState.FAULT)
            assert rig.port.status()["reason"] == rig.port.reason != ""
            with pytest.raises(PortRefused):
                await rig.port.dial(ANSWERS)
            rig.plug()
            await rig.port.until_state(PortState.IDLE)
            rig.rings(CALLER)
            assert (await rig.port.next_ring()).state is LegState.RINGING

    async def test_open_does_not_raise_for_a_missing_device(self) -> None:
        async with self.rig() as rig:
            await rig.port.close()
            rig.unplug()
            port = rig.reborn()
            await port.open()
            assert port.state is PortState.FAULT
            rig.plug()
            await port.until_state(PortState.IDLE)
            await port.close()

    async def test_a_call_that_is_up_outlives_the_brain(self) -> None:
        async with self.rig() as rig:
            far = rig.rings(CALLER)
            leg = await rig.port.next_ring()
            await leg.answer()
            await rig.port.close()
            port = rig.reborn()
            await port.open()
            assert port.state is PortState.BUSY
            found = await port.next_ring()
            assert (found.state, found.inbound) == (LegState.UP, True)
            assert found.peer == (CALLER if self.remembers_caller else "")
            far.hangs_up()
            assert await found.ended() is EndCause.REMOTE
            await port.until_state(PortState.IDLE)
            await port.close()

    async def test_a_call_that_rings_outlives_the_brain(self) -> None:
        async with self.rig() as rig:
            rig.rings(CALLER)
            await rig.port.next_ring()
            await rig.port.close()
            port = rig.reborn()
            await port.open()
            found = await port.next_ring()
            assert found.state is LegState.RINGING
            assert found.peer == (CALLER if self.remembers_caller else "")
            await found.answer()
            assert found.state is LegState.UP
            await found.hangup()
            await port.close()
