"""V1 to V6 of the failure catalogue, and every way a voice modem keeps silent: each call ends, on hook."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from drivers.emulated.network import Callee, Outcome, Plan, Sound
from drivers.emulated.v253.chips import CX93001, GENERIC, SI2494, USR5637, Chip
from drivers.emulated.v253.faults import VOICE_FAULTS
from drivers.emulated.v253.line import FarEnd, read_zone
from drivers.health import AlarmKind
from drivers.port import AudioNews, DriverError, EndCause, LegEnded, LegState, PortRefused, PortState
from drivers.v253.settings import DialTone, Settings
from drivers.v253.supervision import Rules
from tests.drivers.v253_bench import Bench, bench
from tests.drivers.wires import ByteByByte, Wire

PARTY = "5550001"
TALK = Plan(Sound(tone_hz=1000.0, loop=True))
#: Faults with which every call works as if there were none.
HARMLESS = [
    "V1",
    "V1d",
    "V1e",
    "V2b",
    "V2d",
    "V3",
    "V4c",
    "V4s",
    "V5c",
    "V5m",
    "V5r",
    "V5s",
    "V5w",
    "V6",
    "echo",
]


async def _idle(b: Bench) -> None:
    async with asyncio.timeout(60):
        await b.port.until_state(PortState.IDLE)
    assert not b.modem.is_off_hook
    assert b.modem.stream is None
    assert b.modem.commands.values["+VCID"] == "1"
    assert b.network.calls == {}
    assert not b.engine.has_port


async def _call_in(b: Bench, plan: Plan = TALK, seconds: float = 5.0) -> None:
    call = b.call(plan=plan)
    async with asyncio.timeout(20):
        leg = await b.port.next_ring()
    await leg.answer()
    assert leg.state is LegState.UP
    await asyncio.sleep(seconds)
    assert leg.state is LegState.UP, b.port.status()
    b.network.hang_up(call.id)
    async with asyncio.timeout(10):
        assert await leg.ended() is EndCause.REMOTE
    await _idle(b)


async def _call_out(b: Bench) -> None:
    b.party(PARTY, Callee(after_s=7.0))
    leg = await b.port.dial(PARTY)
    async with asyncio.timeout(40):
        await leg.until(LegState.UP)
    await asyncio.sleep(1)
    await leg.hangup()
    assert leg.cause is EndCause.LOCAL
    await _idle(b)


@pytest.mark.slow
@pytest.mark.parametrize("wire", [Wire, ByteByByte])
@pytest.mark.parametrize("fault", HARMLESS)
async def test_calls_work_in_spite_of(fault: str, wire: Callable[[], Wire]) -> None:
    async with bench(wire()) as b:
        b.modem.fault(fault)
        await _call_in(b)
        await _call_out(b)


@pytest.mark.parametrize("chip", [CX93001, USR5637, GENERIC])
async def test_the_number_is_told_by_every_chip(chip: Chip) -> None:
    async with bench(chip=chip) as b:
        b.call("5559876543")
        assert (await b.port.next_ring()).peer == "5559876543"


async def test_v1_digits_of_the_modem_are_one_a_press_when_they_are_used() -> None:
    async with bench(settings=Settings(digits_by_modem=True)) as b:
        b.modem.fault("V1")
        b.call(plan=replace(TALK, digits=((1.0, "1223"), (6.0, "#"))))
        leg = await b.port.next_ring()
        await leg.answer()
        await asyncio.sleep(10)
        assert "".join(leg.digits.get_nowait() for _ in range(leg.digits.qsize())) == "1223#"


async def test_v1_digits_come_from_the_sound_alone_by_default() -> None:
    async with bench() as b:
        for fault in ("V1", "V1e", "V1d"):
            b.modem.fault(fault)
        b.call(plan=Plan(digits=((1.0, "1223"),)))
        leg = await b.port.next_ring()
        await leg.answer()
        b.engine.tell(AudioNews.CODE, "9")  # what the modem heard of our own sound
        await asyncio.sleep(5)
        assert "".join(leg.digits.get_nowait() for _ in range(leg.digits.qsize())) == "1223"


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["V2b", "V2d", "noise"])
async def test_v2_false_tones_of_the_modem_end_no_call(fault: str) -> None:
    async with bench() as b:
        b.modem.fault(fault)
        await _call_in(b, seconds=300.0)
        b.modem.fault(fault, False)


@pytest.mark.parametrize("far_end", FarEnd)
async def test_a_far_end_that_hangs_up_is_noticed(far_end: FarEnd) -> None:
    async with bench(settings=Settings(rules=Rules(silence_seconds=20.0))) as b:
        b.options.far_end = far_end
        call = b.call(plan=TALK)
        leg = await b.port.next_ring()
        await leg.answer()
        await asyncio.sleep(3)
        b.network.hang_up(call.id)
        began = asyncio.get_running_loop().time()
        assert await leg.ended() is EndCause.REMOTE
        took = asyncio.get_running_loop().time() - began
        assert took <= (21.0 if far_end is FarEnd.SILENCE else 10.0), b.port.status()
        await _idle(b)


@pytest.mark.parametrize("far_end", [FarEnd.BUSY, FarEnd.CONGESTION, FarEnd.DIAL])
@pytest.mark.parametrize("country", ["us", "uk", "de"])
async def test_v2_our_own_ear_needs_no_code_of_the_modem(far_end: FarEnd, country: str) -> None:
    async with bench(settings=Settings(country=country)) as b:
        b.modem.fault("V2n")
        b.options.far_end = far_end
        call = b.call()
        leg = await b.port.next_ring()
        await leg.answer()
        await asyncio.sleep(3)
        b.network.hang_up(call.id)
        async with asyncio.timeout(12):
            assert await leg.ended() is EndCause.REMOTE
        await _idle(b)


async def test_v2_a_far_end_that_leaves_nothing_behind_is_ended_by_time() -> None:
    async with bench(settings=Settings(rules=Rules(silence_seconds=0.0, max_call_seconds=60.0))) as b:
        b.modem.fault("V2n")
        b.options.far_end = FarEnd.SILENCE
        call = b.call()
        leg = await b.port.next_ring()
        await leg.answer()
        b.network.hang_up(call.id)
        async with asyncio.timeout(61):
            assert await leg.ended() is EndCause.LOCAL
        assert b.port.status()["last_end"] == "the longest call allowed"
        await _idle(b)


async def test_v3_the_widest_coding_in_duplex_is_never_chosen() -> None:
    for chip in (CX93001, USR5637, GENERIC):
        async with bench(chip=chip) as b:
            await _call_in(b)
            assert b.modem.commands.codec.sample_bytes == 1


@pytest.mark.parametrize("wire", [Wire, pytest.param(ByteByByte, marks=pytest.mark.slow)])
@pytest.mark.parametrize("chip", [CX93001, USR5637, GENERIC])
async def test_v4_a_modem_left_in_duplex_is_brought_back(chip: Chip, wire: Callable[[], Wire]) -> None:
    b = Bench(wire(), chip=chip)
    b.modem.fault("V4")
    assert b.modem.is_off_hook
    await b.port.open()
    assert b.port.state is PortState.IDLE, b.port.reason
    b.modem.fault("V4", False)
    await _call_in(b)
    await b.port.close()


@pytest.mark.parametrize("number", ["", "5551234567"])
async def test_v5_a_caller_without_number_is_offered_after_the_grace(number: str) -> None:
    async with bench() as b:
        if number:
            b.modem.fault("V5c")
        began = asyncio.get_running_loop().time()
        b.call(number)
        leg = await b.port.next_ring()
        assert leg.peer == ""
        assert asyncio.get_running_loop().time() - began <= 8.5


async def test_v5_a_line_that_was_not_taken_ends_the_call_and_the_next_ring_is_answered() -> None:
    async with bench() as b:
        b.modem.fault("V5l")
        b.call(plan=TALK)
        leg = await b.port.next_ring()
        await leg.answer()
        async with asyncio.timeout(20):
            assert await leg.ended() is EndCause.FAILED
        assert "rings on" in str(b.port.status()["last_end"])
        b.modem.fault("V5l", False)
        again = await b.port.next_ring()  # the caller is still there
        await again.answer()
        assert again.state is LegState.UP
        await again.hangup()
        await _idle(b)


async def test_v5_a_ring_after_off_hook_is_no_new_call() -> None:
    async with bench() as b:
        b.modem.fault("V5r")
        b.modem.fault("V5w")
        b.call(plan=TALK)
        leg = await b.port.next_ring()
        await leg.answer()
        await asyncio.sleep(20)
        assert leg.state is LegState.UP
        assert b.port.ring_waiting() is None
        await leg.hangup()
        await _idle(b)
        assert b.port.ring_waiting() is None


async def test_v6_caller_id_is_on_again_after_every_hang_up_and_after_somebody_elses_atz() -> None:
    async with bench() as b:
        b.modem.fault("V6")
        for _ in range(3):
            await _call_in(b)
        b.modem.commands.values["+VCID"] = "0"
        await asyncio.sleep(31)
        assert b.modem.commands.values["+VCID"] == "1"


@pytest.mark.parametrize("fault", ["silent-vls", "silent-vtr", "refuse-vtr", "silent"])
async def test_an_answer_that_does_not_come_about_ends_the_call(fault: str) -> None:
    async with bench() as b:
        call = b.call()
        leg = await b.port.next_ring()
        b.modem.fault(fault)
        with pytest.raises(DriverError, match=r"port line-1: "):
            await leg.answer()
        async with asyncio.timeout(60):
            assert await leg.ended() is EndCause.FAILED
        b.modem.fault(fault, False)
        b.network.hang_up(call.id)
        await _idle(b)
        await _call_in(b)


@pytest.mark.parametrize("fault", ["silent-vls", "silent-vtr", "refuse-vtr", "silent", "line-cut", "gci"])
async def test_a_dial_that_does_not_come_about_ends_the_call(fault: str) -> None:
    async with bench() as b:
        b.modem.fault(fault)
        if fault == "gci":
            b.options.zone = read_zone("uk")
        leg = await b.port.dial(PARTY)
        async with asyncio.timeout(120):
            assert await leg.ended() is EndCause.FAILED
        assert b.port.status()["last_end"]
        b.modem.fault(fault, False)
        b.options.zone = read_zone("us")
        await _idle(b)
        await _call_out(b)


@pytest.mark.parametrize("fault", ["silent-vls", "silent-h", "silent-leave", "silent"])
async def test_a_modem_that_will_not_hang_up_is_brought_to_it(fault: str) -> None:
    async with bench() as b:
        call = b.call()
        leg = await b.port.next_ring()
        await leg.answer()
        b.modem.fault(fault)
        async with asyncio.timeout(60):
            await leg.hangup()
        assert leg.cause is EndCause.LOCAL
        await asyncio.sleep(30)
        if b.port.state is PortState.FAULT:
            assert "turn the modem off and on" in b.port.reason.lower()
        b.modem.fault(fault, False)
        b.network.hang_up(call.id)
        await _idle(b)
        await _call_in(b)


@pytest.mark.parametrize("fault", ["silent", "silent-h", "silent-vls", "gci", "echo", "line-cut"])
async def test_a_modem_is_opened_in_spite_of_or_says_why_not(fault: str) -> None:
    b = Bench()
    b.modem.fault(fault)
    async with asyncio.timeout(120):
        await b.port.open()
    if b.port.state is PortState.FAULT:
        assert "turn" in b.port.reason.lower()
    b.modem.fault(fault, False)
    await _idle(b)
    await _call_in(b)
    await b.port.close()


async def test_a_modem_whose_sound_stops_ends_the_call() -> None:
    async with bench() as b:
        call = b.call(plan=TALK)
        leg = await b.port.next_ring()
        await leg.answer()
        b.modem.fault("dead-audio")
        async with asyncio.timeout(10):
            assert await leg.ended() is EndCause.FAILED
        b.network.hang_up(call.id)
        await _idle(b)


async def test_a_modem_without_duplex_says_so_at_the_call() -> None:
    async with bench(chip=SI2494) as b:
        b.call()
        leg = await b.port.next_ring()
        with pytest.raises(PortRefused, match="full duplex"):
            await leg.answer()
        assert await leg.ended() is EndCause.FAILED
        await b.port.until_state(PortState.IDLE)
        assert "full duplex" in b.port.reason
        assert [alarm.kind for alarm in b.port.alarms()] == [AlarmKind.AUDIO]


@pytest.mark.parametrize("how", DialTone)
@pytest.mark.parametrize("pulse", [False, True])
@pytest.mark.parametrize("chip", [CX93001, USR5637])
async def test_numbers_are_dialled_by_tone_and_pulse_whoever_hears_the_dial_tone(
    how: DialTone, pulse: bool, chip: Chip
) -> None:
    async with bench(chip=chip, settings=Settings(dial_tone=how, pulse=pulse)) as b:
        await _call_out(b)
        assert b.modem.line.digits_heard == PARTY


async def test_without_dial_tone_nothing_is_dialled() -> None:
    for how in (DialTone.EAR, DialTone.MODEM):
        async with bench(settings=Settings(dial_tone=how)) as b:
            b.modem.fault("line-cut")
            leg = await b.port.dial(PARTY)
            assert await leg.ended() is EndCause.FAILED
            assert "no dial tone" in str(b.port.status()["last_end"])
            assert [alarm.kind for alarm in b.port.alarms()] == [AlarmKind.NO_NETWORK]
            b.modem.fault("line-cut", False)
            await _idle(b)
            await _call_out(b)
            assert b.port.alarms() == ()
            assert b.port.reason == ""


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [(Outcome.BUSY, EndCause.BUSY), (Outcome.REJECT, EndCause.BUSY), (Outcome.NEVER, EndCause.NO_ANSWER)],
)
@pytest.mark.parametrize("chip", [CX93001, USR5637])
async def test_a_dialled_call_that_comes_to_nothing(outcome: Outcome, cause: EndCause, chip: Chip) -> None:
    async with bench(chip=chip, settings=Settings(max_dial_seconds=30.0)) as b:
        b.party(PARTY, Callee(outcome, after_s=8.0))
        leg = await b.port.dial(PARTY)
        assert await leg.ended() is cause
        await _idle(b)


async def test_polarity_tells_an_answer_at_once() -> None:
    async with bench() as b:
        b.options.far_end = FarEnd.POLARITY
        b.party(PARTY, Callee(after_s=7.0, plan=Plan(Sound())))
        leg = await b.port.dial(PARTY)
        await leg.until(LegState.RINGING)
        await leg.until(LegState.UP)
        call = b.network.call_of(b.modem)
        assert call is not None
        assert call.answered_at is not None
        assert asyncio.get_running_loop().time() - call.answered_at < 0.1
        await asyncio.sleep(5)
        b.network.hang_up(call.id)
        assert await leg.ended() is EndCause.REMOTE


def test_every_fault_of_the_catalogue_has_a_name() -> None:
    assert {name[:2] for name in VOICE_FAULTS if name.startswith("V")} == {f"V{n}" for n in range(1, 7)}


@pytest.mark.slow
async def test_hang_up_in_the_middle_of_anything_ends_on_hook() -> None:
    for outbound in (False, True):
        for tenths in range(0, 140, 3):
            async with bench() as b:
                b.party(PARTY, Callee(after_s=7.0))
                if outbound:
                    leg = await b.port.dial(PARTY)
                else:
                    call = b.call()
                    leg = await b.port.next_ring()
                    answering = asyncio.ensure_future(leg.answer())
                await asyncio.sleep(tenths / 10)
                await leg.hangup()
                if not outbound:
                    await asyncio.wait({answering})
                    assert (
                        answering.cancelled()
                        or answering.exception() is None
                        or isinstance(answering.exception(), (LegEnded, DriverError))
                    )
                    b.network.hang_up(call.id)
                await _idle(b)


@pytest.mark.parametrize("chip", [CX93001, USR5637, GENERIC])
async def test_a_hook_flash_among_the_keys_of_a_call(chip: Chip) -> None:
    async with bench(chip=chip) as b:
        call = b.call(plan=TALK)
        leg = await b.port.next_ring()
        await leg.answer()
        await asyncio.sleep(3)
        await leg.send_digits("1!23")
        assert call.sent_digits == "!"
        assert b.engine.digits_sent == "123"
        await asyncio.sleep(10)
        assert leg.state is LegState.UP, b.port.status()
        assert b.modem.talking
        await leg.hangup()
        await _idle(b)


async def test_a_modem_that_does_not_come_back_from_a_flash_loses_the_call_not_the_line() -> None:
    async with bench() as b:
        call = b.call(plan=TALK)
        leg = await b.port.next_ring()
        await leg.answer()
        b.modem.fault("silent-vtr")
        await leg.send_digits("!")
        async with asyncio.timeout(10):
            assert await leg.ended() is EndCause.FAILED
        b.modem.fault("silent-vtr", False)
        b.network.hang_up(call.id)
        await _idle(b)


async def test_a_hang_up_in_the_middle_of_a_flash_ends_on_hook() -> None:
    for tenths in range(0, 26, 2):
        async with bench() as b:
            call = b.call(plan=TALK)
            leg = await b.port.next_ring()
            await leg.answer()
            pressing = asyncio.ensure_future(leg.send_digits("!5"))
            await asyncio.sleep(tenths / 10)
            await leg.hangup()
            await asyncio.wait({pressing})
            b.network.hang_up(call.id)
            await asyncio.sleep(5)
            await _idle(b)
            assert isinstance(pressing.exception(), LegEnded | None)
