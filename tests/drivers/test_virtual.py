"""The virtual port keeps the contract, and does what its script says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from drivers.port import EndCause, LegState, PortRefused, PortState, SlotAudio
from drivers.virtual import FarEnd, VirtualPort, answers, fails, never
from tests.drivers.port_contract import ANSWERS, BUSY, NEVER, PortContract


class _Far:
    def __init__(self, port: VirtualPort) -> None:
        self._port = port

    def hangs_up(self) -> None:
        assert self._port.leg is not None
        FarEnd(self._port.leg).remote_hangs_up()


class _Rig:
    def __init__(self) -> None:
        self.port = VirtualPort("v-1", answer_seconds=0.05)
        self.port.scripts = {ANSWERS: answers(), BUSY: fails(), NEVER: never()}

    def rings(self, number: str) -> _Far:
        self.port.ring(number)
        return self.far_of_dialled()

    def far_of_dialled(self) -> _Far:
        return _Far(self.port)

    def unplug(self) -> None:
        self.port.breaks()

    def plug(self) -> None:
        self.port.heals()

    def reborn(self) -> VirtualPort:
        return self.port


class TestVirtualPort(PortContract):
    @asynccontextmanager
    async def rig(self) -> AsyncIterator[_Rig]:
        rig = _Rig()
        await rig.port.open()
        yield rig
        await rig.port.close()


async def test_the_far_end_presses_keys_holds_and_hangs_up() -> None:
    port = VirtualPort("v-1", audio=SlotAudio("w", 3))
    await port.open()
    far = port.ring()
    leg = await port.next_ring()
    assert leg.audio is None
    await leg.answer()
    await far.until_answered()
    assert leg.audio == SlotAudio("w", 3)
    far.press("1#")
    assert [await leg.digits.get(), await leg.digits.get()] == ["1", "#"]
    far.holds()
    await leg.until_held(True)
    far.remote_hangs_up()
    assert await far.until_ended() is EndCause.REMOTE
    await port.close()


async def test_a_second_caller_hears_busy() -> None:
    port = VirtualPort("v-1")
    await port.open()
    port.ring()
    with pytest.raises(PortRefused, match=r"v-1.*busy"):
        port.ring()
    await port.close()


async def test_a_test_answers_a_dialled_call_by_hand() -> None:
    port = VirtualPort("v-1", script=never())
    await port.open()
    leg = await port.dial("123")
    far = await port.dialled.get()
    await leg.until(LegState.RINGING)
    far.answers()
    assert leg.state is LegState.UP
    await leg.send_digits("42")
    assert far.leg.sent == "42"
    await leg.hangup()
    assert port.state is PortState.IDLE
    await port.close()
