"""GSM modems as ports: the contract over four wires for every family; SIM, dialling, adoption."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from drivers.emulated.modem import Identity
from drivers.emulated.network import Callee, Outcome
from drivers.gsm.port import GsmPort
from drivers.port import DriverError, EndCause, Leg, LegEnded, LegState, PortRefused, PortState, SerialAudio
from tests.drivers.gsm_bench import Bench, Holder, bench
from tests.drivers.gsm_families import PAIRS, Pair
from tests.drivers.port_contract import ANSWERS, BUSY, CALLER, NEVER, PortContract
from tests.drivers.wires import ByteByByte, Delayed, Lossy, Wire


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

    def reborn(self) -> GsmPort:
        return self.new_port()


class GsmContract(PortContract):
    """Run once for every family of the table."""

    wire: Callable[[], Wire]
    pair: Pair

    @pytest.fixture(autouse=True, params=PAIRS)
    def family(self, request: pytest.FixtureRequest) -> None:
        self.pair = PAIRS[request.param]

    @asynccontextmanager
    async def rig(self) -> AsyncIterator[_Rig]:
        rig = _Rig(type(self).wire(), pair=self.pair)
        rig.network.callees = {
            ANSWERS: Callee(),
            BUSY: Callee(Outcome.BUSY),
            NEVER: Callee(Outcome.NEVER),
        }
        await rig.port.open()
        yield rig
        await rig.port.close()


class TestOverAWholeWire(GsmContract):
    wire = Wire


class TestByteByByte(GsmContract):
    wire = ByteByByte


class TestOverADelayedWire(GsmContract):
    wire = Delayed


@pytest.mark.parametrize("family", PAIRS)
async def test_over_a_lossy_wire_every_call_ends_and_the_line_comes_back(family: str) -> None:
    async with bench(pair=PAIRS[family]) as b:
        for seed in range(40):
            b.wire = Lossy(seed, every=60)
            async with asyncio.timeout(600):
                if seed % 2:
                    leg: Leg = await b.port.dial(ANSWERS)
                else:
                    b.call(CALLER)
                    leg = await b.port.next_ring()
                with contextlib.suppress(LegEnded, DriverError):
                    await (leg.answer() if leg.inbound else leg.until(LegState.UP))
                await leg.hangup()
                b.wire = Wire()
                await _settled(b)


async def _settled(b: Bench) -> None:
    """Until the line is idle and the modem has no call; legs found alive after a fault are hung up."""

    async def clerk() -> None:
        while True:
            await (await b.port.next_ring()).hangup()

    at_work = asyncio.create_task(clerk())
    while b.modem.call is not None or b.port.state is not PortState.IDLE:  # noqa: ASYNC110 - two objects
        await asyncio.sleep(0.1)
    at_work.cancel()


async def test_ring_to_answer_uses_the_dialects_commands_in_order() -> None:
    async with bench() as b:
        b.call()
        leg = await b.port.next_ring()
        del b.modem.commands[:]
        await leg.answer()
        assert isinstance(leg.audio, SerialAudio)
        await leg.hangup()
        await b.port.until_state(PortState.IDLE)
        assert b.modem.commands == ["ATA", "AT+CPCMREG=1", "AT+CHUP", "AT+CLCC", "AT+CPCMREG=0"]


class _Slow(Wire):
    """Every piece arrives 5 ms later, as over USB."""

    def carry(self, data: bytes, take: Callable[[bytes], None]) -> None:
        asyncio.get_running_loop().call_later(0.005, take, data)


@pytest.mark.parametrize("pause_ms", [0, 2, 5, 8, 12, 20, 100, 400])
async def test_a_caller_who_rings_the_moment_another_is_hung_up_is_let_in_with_voice(pause_ms: int) -> None:
    async with bench(_Slow()) as b:
        b.call()
        leg = await b.port.next_ring()
        await leg.answer()
        hanging_up = asyncio.create_task(leg.hangup())
        while b.modem.call is not None:  # noqa: ASYNC110 - the modem has no event for it
            await asyncio.sleep(0.001)
        await asyncio.sleep(pause_ms / 1000)
        b.call("+4917087654321")
        async with asyncio.timeout(20):
            following = await b.port.next_ring()
        await following.answer()
        await hanging_up
        await asyncio.sleep(2)
        assert following.state is LegState.UP
        assert b.modem.talking


async def test_a_withheld_number_is_offered_at_once_as_no_number() -> None:
    async with bench() as b:
        began = asyncio.get_running_loop().time()
        b.call("")
        leg = await b.port.next_ring()
        assert (leg.peer, asyncio.get_running_loop().time() - began) == ("", 0)


async def test_status_tells_modem_network_and_sim() -> None:
    async with bench() as b:
        status = b.port.status()
        assert status["imei"] == b.modem.identity.imei
        assert status["operator"] == "Testnetz"
        assert status["signal_dbm"] == -73
        assert (status["registration"], status["sim"]) == ("home", "ready")
        assert status["number"] == b.modem.identity.number
        assert status["model"] == "SIMCOM_SIM7600E-H"


@pytest.mark.parametrize("number", ["", "12;ATH", "12\rATH", "1,2", "+", "++4", "a", "1" * 41])
async def test_what_is_no_number_is_not_dialled(number: str) -> None:
    async with bench() as b:
        del b.modem.commands[:]
        with pytest.raises(PortRefused, match="cannot be dialled"):
            await b.port.dial(number)
        assert b.modem.commands == []


async def test_digits_go_out_one_by_one_and_arrive() -> None:
    async with bench() as b:
        leg = await b.port.dial(ANSWERS)
        await leg.until(LegState.UP)
        await leg.send_digits("1*0#A")
        call = b.network.call_of(b.modem)
        assert call is not None
        assert call.sent_digits == "1*0#A"
        with pytest.raises(PortRefused, match="no keys"):
            await leg.send_digits("1x")


async def test_a_party_that_never_answers_ends_as_no_answer() -> None:
    async with bench() as b:
        b.network.callees[NEVER] = Callee(Outcome.NEVER)
        leg = await b.port.dial(NEVER)
        assert await leg.ended() is EndCause.NO_ANSWER


async def test_never_a_ping_while_a_dial_is_pending() -> None:
    async with bench() as b:
        del b.modem.commands[:]
        b.modem.faults.add("F2")  # ATD is answered after 7 s
        leg = await b.port.dial(ANSWERS)
        await asyncio.sleep(6.9)
        assert b.modem.commands == [f"ATD{ANSWERS};"]
        await leg.until(LegState.UP)


async def test_the_modem_is_asked_for_calls_rarely() -> None:
    async with bench() as b:
        leg = await b.port.dial(ANSWERS)
        await leg.until(LegState.UP)
        del b.modem.commands[:]
        await asyncio.sleep(30)
        assert 8 <= b.modem.commands.count("AT+CLCC") == len(b.modem.commands) <= 11


# --- SIM ------------------------------------------------------------------------------------------------


async def test_a_pin_of_the_configuration_opens_the_sim() -> None:
    b = Bench(identity=Identity(pin="1234"))
    port = b.new_port(pin="1234")
    await port.open()
    assert port.state is PortState.IDLE
    await port.close()


async def test_a_wrong_pin_is_tried_once_even_by_a_box_that_restarts() -> None:
    b = Bench(identity=Identity(pin="1234"))
    for _ in range(4):
        port = b.new_port(pin="9999")
        await port.open()
        await asyncio.sleep(100)
        assert port.state is PortState.FAULT
        assert "PIN" in port.reason
        await port.close()
    assert b.modem.identity.pin_tries == 2
    assert b.modem.commands.count('AT+CPIN="9999"') == 1


@pytest.mark.parametrize(
    ("fault", "words"), [("no-sim", "no SIM.*CME ERROR: 10.*Insert a SIM"), ("F28", "SIM is busy.*14")]
)
async def test_a_sim_that_is_not_ready_is_a_fault_with_its_reason_until_it_is(fault: str, words: str) -> None:
    b = Bench()
    b.modem.fault(fault)
    await b.port.open()
    assert b.port.state is PortState.FAULT
    assert re.search(words, b.port.reason), b.port.reason
    b.modem.fault(fault, False)
    await b.port.until_state(PortState.IDLE)
    await b.port.close()


async def test_a_modem_without_a_network_is_idle_and_says_so() -> None:
    b = Bench()
    b.modem.fault("not-registered")
    await b.port.open()
    assert (b.port.state, b.port.reason) == (PortState.IDLE, "no network (denied)")
    b.modem.fault("not-registered", False)
    await asyncio.sleep(31)
    assert b.port.reason == ""
    await b.port.close()


# --- adoption -------------------------------------------------------------------------------------------


async def test_adoption_disturbs_neither_call_nor_audio() -> None:
    async with bench() as b:
        b.call()
        leg = await b.port.next_ring()
        await leg.answer()
        held = os.dup(leg.audio.fd) if isinstance(leg.audio, SerialAudio) else -1
        await b.port.close()
        del b.modem.commands[:]
        b.audio_opened = 0
        holder = Holder(held)
        port = b.new_port(holder)
        await port.open()
        found = await port.next_ring()
        assert (holder.asked, b.audio_opened, found.audio) == (["gsm-1"], 0, SerialAudio(held))
        assert b.modem.talking
        disturbing = {"AT+CPCMREG=0", "AT+CPCMREG=1", "ATH", "ATZ", "AT+CHUP", "ATA"}
        assert not disturbing & set(b.modem.commands)
        await found.hangup()
        assert found.cause is EndCause.LOCAL
        await port.close()


async def test_a_call_whose_voice_was_not_yet_on_gets_it_at_adoption() -> None:
    async with bench() as b:
        b.call()
        leg = await b.port.next_ring()
        await leg.answer()
        await b.port.close()
        b.modem.feed(b"AT+CPCMREG=0\r")
        port = b.new_port()
        await port.open()
        assert b.modem.talking
        await port.close()


async def test_a_dial_nobody_waits_for_any_more_is_hung_up() -> None:
    async with bench() as b:
        b.network.callees[NEVER] = Callee(Outcome.NEVER)
        leg = await b.port.dial(NEVER)
        await leg.until(LegState.RINGING)
        await b.port.close()
        port = b.new_port()
        await port.open()
        assert port.state is PortState.IDLE
        assert b.modem.call is None
        await port.close()


async def test_a_dead_descriptor_is_not_adopted() -> None:
    b = Bench()
    reader, writer = os.pipe()
    os.close(reader)
    port = b.new_port(Holder(writer))
    await port.open()
    assert b.audio_opened == 1
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(writer)
    await port.close()


async def test_an_audio_port_that_is_missing_is_the_lines_fault() -> None:
    b = Bench()
    b.audio_error = PortRefused("port gsm-1: /dev/gsm-1-audio is missing")
    await b.port.open()
    assert b.port.state is PortState.FAULT
    assert "audio is missing" in b.port.reason
    b.audio_error = None
    await b.port.until_state(PortState.IDLE)
    await b.port.close()
