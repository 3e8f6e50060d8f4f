"""The failure catalogue, fault by fault: no call is stuck, every leg ends, the line is idle again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from drivers.emulated.faults import FAULTS
from drivers.emulated.network import Callee, Outcome
from drivers.port import AudioNews, DriverError, EndCause, LegEnded, LegState, PortState, SerialAudio
from tests.drivers.gsm_bench import Bench, bench
from tests.drivers.gsm_families import Pair
from tests.drivers.wires import ByteByByte, Delayed, Wire

CALLER = "+4917012345678"
PARTY, BUSY_PARTY = "+49301", "+49302"

#: Faults with which every call works as if there were none.
HARMLESS = [
    *("F1", "F3", "F4", "F5", "F6", "F7a", "F7b", "F7c", "F7d", "F7e", "F7f", "F7g"),
    *("F9", "F21", "F27", "clcc-data"),
]


async def _one_call_in(b: Bench) -> None:
    call = b.call(CALLER)
    async with asyncio.timeout(20):
        leg = await b.port.next_ring()
    assert leg.peer == CALLER
    await leg.answer()
    assert isinstance(leg.audio, SerialAudio)
    assert b.modem.talking
    b.network.hang_up(call.id)
    async with asyncio.timeout(20):
        assert await leg.ended() is EndCause.REMOTE
        await b.port.until_state(PortState.IDLE)


async def _one_call_out(b: Bench) -> None:
    leg = await b.port.dial(PARTY)
    async with asyncio.timeout(30):
        await leg.until(LegState.UP)
    await leg.hangup()
    assert leg.cause is EndCause.LOCAL
    assert b.modem.call is None
    async with asyncio.timeout(20):
        await b.port.until_state(PortState.IDLE)


@pytest.mark.parametrize("wire", [Wire, ByteByByte, Delayed])
@pytest.mark.parametrize("fault", HARMLESS)
async def test_calls_work_in_spite_of(pair: Pair, fault: str, wire: Callable[[], Wire]) -> None:
    async with bench(wire(), pair=pair) as b:
        b.modem.fault(fault)
        await _one_call_in(b)
        await _one_call_out(b)
        b.network.callees[BUSY_PARTY] = Callee(Outcome.BUSY)
        leg = await b.port.dial(BUSY_PARTY)
        assert await leg.ended() is EndCause.BUSY
        await b.port.until_state(PortState.IDLE)


@pytest.mark.parametrize("fault", HARMLESS)
async def test_a_modem_comes_up_in_spite_of(pair: Pair, fault: str) -> None:
    b = Bench(pair=pair)
    b.modem.fault(fault)
    await b.port.open()
    assert b.port.state is PortState.IDLE
    assert b.port.facts.imei == b.modem.identity.imei
    await b.port.close()


async def test_f2_a_late_ok_is_not_taken_for_the_next_answer(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        call = b.call(CALLER)
        leg = await b.port.next_ring()
        b.modem.fault("F2")
        await leg.answer()  # ATA is answered after 7 s
        b.modem.fault("F2")
        await leg.hangup()
        assert leg.cause is EndCause.LOCAL
        assert b.network.calls.get(call.id) is None
        await b.port.until_state(PortState.IDLE)
        await _one_call_in(b)


async def test_f7_a_ring_without_any_number_is_offered_after_the_grace(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.modem.fault("F7a")
        began = asyncio.get_running_loop().time()
        b.call("")
        leg = await b.port.next_ring()
        assert leg.peer == ""
        assert 1 <= asyncio.get_running_loop().time() - began <= 3.5


async def test_f7_a_caller_who_gives_up_within_the_grace_is_no_ghost(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.modem.fault("F7a")
        call = b.call(CALLER)
        await asyncio.sleep(0.2)
        b.network.hang_up(call.id)
        await asyncio.sleep(5)
        assert b.port._rings.empty()
        await _one_call_in(b)


@pytest.mark.parametrize("answered", [False, True])
async def test_f8_a_call_whose_end_is_not_reported_ends_all_the_same(pair: Pair, answered: bool) -> None:
    async with bench(pair=pair) as b:
        call = b.call(CALLER)
        leg = await b.port.next_ring()
        if answered:
            await leg.answer()
        b.modem.fault("F8")
        b.network.hang_up(call.id)
        began = asyncio.get_running_loop().time()
        assert await leg.ended() is EndCause.REMOTE
        assert asyncio.get_running_loop().time() - began < 5
        await b.port.until_state(PortState.IDLE)


async def test_f11_a_modem_that_hangs_is_a_fault_within_two_minutes_and_heals(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.modem.fault("F11")
        began = asyncio.get_running_loop().time()
        await b.port.until_state(PortState.FAULT)
        assert asyncio.get_running_loop().time() - began < 60
        assert "no answer" in b.port.reason
        await asyncio.sleep(60)
        assert b.port.state is PortState.FAULT
        assert "nobody answers AT" in b.port.reason
        b.modem.fault("F11", False)
        async with asyncio.timeout(30):
            await b.port.until_state(PortState.IDLE)
        await _one_call_in(b)


async def test_f11_during_a_call_ends_the_leg_and_offers_the_call_again(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.call(CALLER)
        leg = await b.port.next_ring()
        await leg.answer()
        b.modem.fault("F11")
        assert await leg.ended() is EndCause.PORT_LOST
        b.modem.fault("F11", False)
        found = await b.port.next_ring()
        assert (found.state, found.peer) == (LegState.UP, CALLER)
        await found.hangup()
        await b.port.until_state(PortState.IDLE)


async def test_f11_while_it_rings_the_answer_fails_and_the_line_heals(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        call = b.call(CALLER)
        leg = await b.port.next_ring()
        b.modem.fault("F11")
        with pytest.raises((DriverError, LegEnded)):
            await leg.answer()
        await leg.hangup()
        b.network.hang_up(call.id)
        b.modem.fault("F11", False)
        async with asyncio.timeout(60):
            await b.port.until_state(PortState.IDLE)
        await _one_call_in(b)


@pytest.mark.parametrize("during_a_call", [True, False])
async def test_f12_a_voice_port_found_dead_has_the_modem_reset_after_the_call(
    pair: Pair, during_a_call: bool
) -> None:
    async with bench(pair=pair) as b:
        leg = None
        if during_a_call:
            b.call(CALLER)
            leg = await b.port.next_ring()
            await leg.answer()
        b.port.audio_news(AudioNews.DEAD)
        b.port.audio_news(AudioNews.LOST)
        if leg is not None:
            await asyncio.sleep(5)
            assert leg.state is LegState.UP
            await leg.hangup()
        await b.port.until_state(PortState.FAULT)
        assert "no sound comes from the audio port" in b.port.reason
        async with asyncio.timeout(30):
            await b.port.until_state(PortState.IDLE)
        assert b.modem.commands.count(pair.dialect.reset) == 1
        await _one_call_in(b)


async def test_f13_voice_refused_once_is_tried_again_and_the_modem_reset_after_the_call(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.modem.fault("F13")
        call = b.call(CALLER)
        leg = await b.port.next_ring()
        await leg.answer()
        assert f"{pair.dialect.voice.start} was refused" in str(b.port.status()["audio_trouble"])
        b.network.hang_up(call.id)
        await leg.ended()
        await b.port.until_state(PortState.FAULT)
        assert pair.dialect.reset in b.modem.commands
        assert "being reset" in b.port.reason
        async with asyncio.timeout(30):
            await b.port.until_state(PortState.IDLE)
        assert b.port.status()["audio_trouble"] == ""
        await _one_call_in(b)
        assert b.port.state is PortState.IDLE


async def test_f13_voice_refused_twice_ends_the_call_and_resets_the_modem(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.modem.fault("F13x")
        b.call(CALLER)
        leg = await b.port.next_ring()
        with pytest.raises(LegEnded):
            await leg.answer()
        assert leg.cause is EndCause.FAILED
        await b.port.until_state(PortState.FAULT)
        async with asyncio.timeout(30):
            await b.port.until_state(PortState.IDLE)
        await _one_call_in(b)


@pytest.mark.parametrize("moment", ["idle", "ringing", "answering", "up", "dialling", "hanging up"])
async def test_f15_unplugged_at_any_moment(pair: Pair, moment: str) -> None:
    async with bench(pair=pair) as b:
        leg = None
        if moment in ("ringing", "answering", "up", "hanging up"):
            b.call(CALLER)
            leg = await b.port.next_ring()
        work = None
        if moment in ("up", "hanging up"):
            assert leg is not None
            await leg.answer()
        if moment == "answering":
            assert leg is not None
            work = asyncio.ensure_future(leg.answer())
        elif moment == "hanging up":
            assert leg is not None
            work = asyncio.ensure_future(leg.hangup())
        elif moment == "dialling":
            leg = await b.port.dial(PARTY)
        await asyncio.sleep(0)
        b.unplug()
        await b.port.until_state(PortState.FAULT)
        if work is not None:
            (error,) = await asyncio.gather(work, return_exceptions=True)
            assert error is None or isinstance(error, DriverError | LegEnded)
        if leg is not None:
            assert leg.state is LegState.ENDED
        b.plug()
        async with asyncio.timeout(5):
            await b.port.until_state(PortState.IDLE)
        await _one_call_in(b)


@pytest.mark.parametrize("inbound", [True, False])
async def test_f16_a_brown_out_at_the_burst_ends_the_leg_and_the_line_comes_back(
    pair: Pair, inbound: bool
) -> None:
    async with bench(pair=pair) as b:
        b.modem.fault("F16")
        if inbound:
            b.call(CALLER)
            leg = await b.port.next_ring()
            with pytest.raises((LegEnded, DriverError)):
                await leg.answer()
        else:
            leg = await b.port.dial(PARTY)
        assert await leg.ended() is EndCause.PORT_LOST
        async with asyncio.timeout(30):
            await b.port.until_state(PortState.IDLE)
        await _one_call_in(b)


async def test_a_modem_that_restarts_by_itself_is_brought_up_anew(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        if pair.family.boot:
            b.modem.restarted()  # echo on, CLIP off, CVHU back to its trap
        else:  # a stick that says nothing of it leaves the bus for a moment
            b.unplug()
            asyncio.get_running_loop().call_later(2, b.plug)
        await b.port.until_state(PortState.FAULT)
        await b.port.until_state(PortState.IDLE)
        await _one_call_in(b)
        await _one_call_out(b)


async def test_f25_an_unanswered_chup_is_followed_by_ath(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.call(CALLER)
        leg = await b.port.next_ring()
        await leg.answer()
        b.modem.fault("F25")
        await leg.hangup()
        assert leg.cause is EndCause.LOCAL
        assert b.modem.call is None
        await b.port.until_state(PortState.IDLE)


async def test_f25_and_f27_together_leave_chld_or_a_reset(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.modem.fault("F25")
        b.modem.fault("F27")
        leg = await b.port.dial(PARTY)
        await leg.until(LegState.UP)
        await leg.hangup()
        assert leg.cause is EndCause.LOCAL
        last_resort = "AT+CHLD=1" if "AT+CHLD=1" in pair.dialect.hangups else pair.dialect.reset
        assert last_resort in b.modem.commands
        async with asyncio.timeout(30):
            await b.port.until_state(PortState.IDLE)
        assert b.modem.call is None


async def test_a_sim_pulled_between_calls_shows_in_the_state(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.modem.fault("no-sim")
        await asyncio.sleep(15)
        assert b.port.state is PortState.FAULT
        assert "no SIM" in b.port.reason
        b.modem.fault("no-sim", False)
        await b.port.until_state(PortState.IDLE)


async def test_all_faults_at_random_never_stick_a_line(pair: Pair) -> None:
    """Chaos: faults come and go, callers come and go, the box answers; in the end all is well."""
    luck = random.Random(5)
    names = [name for name in FAULTS if name not in ("F12", "F12w", "F14a", "F14b", "F14c", "F15")]
    async with bench(pair=pair) as b:

        async def clerk() -> None:
            while True:
                leg = await b.port.next_ring()
                try:
                    await leg.answer()
                    await asyncio.sleep(luck.random() * 10)
                except (LegEnded, DriverError):
                    pass
                await leg.hangup()

        at_work = asyncio.create_task(clerk())
        for _ in range(300):
            b.modem.fault(luck.choice(names), luck.random() < 0.3)
            if luck.random() < 0.03 and b.plugged:
                b.unplug()
                asyncio.get_running_loop().call_later(4, b.plug)
            if b.modem.call is None and b.modem.registered:
                b.call(CALLER)
            elif luck.random() < 0.3 and (call := b.network.call_of(b.modem)):
                b.network.hang_up(call.id)
            await asyncio.sleep(luck.random() * 20)
        for name in names:
            b.modem.fault(name, False)
        if call := b.network.call_of(b.modem):
            b.network.hang_up(call.id)
        await asyncio.sleep(120)
        assert b.port.state is PortState.IDLE, b.port.reason
        assert b.modem.call is None
        at_work.cancel()
        await _one_call_in(b)
