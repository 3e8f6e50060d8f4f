"""The failure catalogue's calls, for every family: their ends, second callers, where voice and reports go."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from drivers.emulated.family import ReportRoute
from drivers.emulated.network import Callee, Outcome
from drivers.gsm.quirks import Moment
from drivers.port import DriverError, EndCause, LegEnded, LegState, PortState
from tests.drivers.gsm_bench import Bench, Holder, bench
from tests.drivers.gsm_families import HUAWEI, PAIRS, QUECTEL, SIM7600, Pair

CALLER, SECOND = "+4917012345678", "+4917099999999"
PARTY, BUSY_PARTY, SILENT_PARTY = "+49301", "+49302", "+49303"


def now() -> float:
    return asyncio.get_running_loop().time()


async def idle_again(b: Bench, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        await b.port.until_state(PortState.IDLE)


async def test_f9_a_dial_that_is_answered_late_is_left_in_peace(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.modem.fault("F9")
        b.network.callees[PARTY] = Callee(after_s=45)
        leg = await b.port.dial(PARTY)
        await leg.until(LegState.UP)
        assert b.modem.talking
        b.network.callees[BUSY_PARTY] = Callee(Outcome.BUSY)
        await leg.hangup()
        await idle_again(b)
        leg = await b.port.dial(BUSY_PARTY)
        assert await leg.ended() is EndCause.BUSY


async def test_f9_a_hang_up_ends_a_dial_that_has_no_answer_yet(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.modem.fault("F9")
        b.network.callees[SILENT_PARTY] = Callee(Outcome.NEVER)
        leg = await b.port.dial(SILENT_PARTY)
        await asyncio.sleep(5)
        await leg.hangup()
        assert (leg.cause, b.modem.call) == (EndCause.LOCAL, None)
        await idle_again(b)


async def test_f10_a_call_taken_back_right_after_its_ring_is_over(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.modem.fault("F10")
        b.call(CALLER)
        leg = await b.port.next_ring()
        began = now()
        assert await leg.ended() is EndCause.REMOTE
        assert now() - began < 1
        await idle_again(b)
        b.modem.fault("F10", False)
        b.call(CALLER)
        await (await b.port.next_ring()).answer()


async def test_f10_a_caller_who_leaves_between_ata_and_its_ok(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.modem.fault("F10a")
        b.call(CALLER)
        leg = await b.port.next_ring()
        with pytest.raises((LegEnded, DriverError)):
            await leg.answer()
        assert await leg.ended() is EndCause.REMOTE
        await idle_again(b)
        assert not b.modem.talking


async def test_f12_and_f14_voice_flows_only_in_the_order_the_family_wants(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.call(CALLER)
        leg = await b.port.next_ring()
        await asyncio.sleep(0.1)
        asked = b.modem.commands.count(pair.dialect.voice.start)
        assert asked == (1 if pair.dialect.voice.moment is Moment.BEFORE else 0)
        del b.modem.commands[:]
        await leg.answer()
        expected = {
            Moment.BEFORE: ["ATA"],
            Moment.DIALLED: ["ATA", pair.dialect.voice.start],
            Moment.UP: ["ATA", pair.dialect.voice.start],
        }
        assert b.modem.commands == expected[pair.dialect.voice.moment]
        assert b.modem.talking
        assert not b.modem.has_sound_fault("F14c")
        await leg.hangup()
        await idle_again(b)
        leg = await b.port.dial(PARTY)
        await leg.until(LegState.UP)
        assert b.modem.talking


async def test_f20_a_modem_that_waits_for_a_text_is_freed_by_esc(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.modem.fault("F20")
        b.modem.prompt(lambda text: None)
        await asyncio.sleep(1)
        b.call(CALLER)
        leg = await b.port.next_ring()
        async with asyncio.timeout(20):
            await leg.answer()
        await leg.hangup()
        await idle_again(b)


async def test_f20_a_modem_found_waiting_for_a_text_comes_up(pair: Pair) -> None:
    b = Bench(pair=pair)
    b.modem.fault("F20")
    b.modem.prompt(lambda text: None)
    await b.port.open()
    assert b.port.state is PortState.IDLE
    await b.port.close()


async def test_f21_call_waiting_is_never_asked_of_a_modem(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.call(CALLER)
        await (await b.port.next_ring()).answer()
        b.modem.second_caller(SECOND)
        await asyncio.sleep(60)
        assert not [command for command in b.modem.commands if "+CCWA" in command]


async def test_f22_a_modem_that_never_starts_its_voice_says_what_to_look_at(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.modem.fault("F22")
        b.call(CALLER)
        leg = await b.port.next_ring()
        with pytest.raises((LegEnded, DriverError)):
            await leg.answer()
        assert await leg.ended() is EndCause.FAILED
        await b.port.until_state(PortState.FAULT)
        assert pair.dialect.voice.start in b.port.reason
        assert pair.dialect.voice.advice in b.port.reason
        await idle_again(b, 60)
        assert b.modem.call is None
        leg = await b.port.dial(PARTY)
        assert await leg.ended() is EndCause.FAILED


async def test_f22_a_stick_without_voice_is_a_fault_in_words_and_is_not_reset() -> None:
    b = Bench(pair=HUAWEI)
    b.modem.fault("F22a")
    await b.port.open()
    await asyncio.sleep(300)
    assert b.port.state is PortState.FAULT
    assert "this modem has no voice" in b.port.reason
    assert "COMMAND NOT SUPPORT" in b.port.reason
    assert HUAWEI.dialect.reset not in b.modem.commands
    b.modem.fault("F22a", False)
    await idle_again(b, 120)
    await b.port.close()


async def test_f26_reports_that_go_to_another_port_are_led_back_or_done_without(pair: Pair) -> None:
    b = Bench(pair=pair)
    b.modem.fault("F26")
    await b.port.open()
    began = now()
    b.call(CALLER)
    leg = await b.port.next_ring()
    assert now() - began < (1 if pair.family.route is not None else 15)
    await leg.answer()
    assert b.modem.talking
    await leg.hangup()
    await idle_again(b)
    await b.port.close()


async def test_f26_reports_that_go_astray_later_are_led_back_after_two_calls() -> None:
    async with bench(pair=QUECTEL) as b:
        b.modem.fault("F26")
        b.modem._settings["+QURCCFG"] = '"urcport","usbmodem"'
        waits = []
        for _ in range(3):
            began = now()
            b.call(CALLER)
            leg = await b.port.next_ring()
            waits.append(now() - began)
            await leg.hangup()
            await idle_again(b)
        assert waits[0] > 1
        assert waits[2] < 1


async def test_f26_a_firmware_that_has_not_every_way_is_led_by_the_next_one() -> None:
    route = ReportRoute("+QURCCFG", ('"urcport","usbat"',), '"urcport","usbmodem"')
    b = Bench(pair=Pair(QUECTEL.dialect, replace(QUECTEL.family, route=route)))
    b.modem.fault("F26")
    await b.port.open()
    began = now()
    b.call(CALLER)
    await b.port.next_ring()
    assert now() - began < 1
    await b.port.close()


async def test_f28_a_sim_with_an_error_of_the_makers_own_is_a_fault_until_it_is_ready(pair: Pair) -> None:
    b = Bench(pair=pair)
    b.modem.fault("F28a")
    asyncio.get_running_loop().call_later(20, b.modem.fault, "F28a", False)
    await b.port.open()
    assert b.port.state is PortState.FAULT
    assert "258" in b.port.reason
    await idle_again(b)
    await b.port.close()


async def test_what_gammu_did_to_a_stick_is_undone() -> None:
    b = Bench(pair=HUAWEI)
    b.modem.feed(b"\x1b\rAT^CURC=0\rAT^PORTSEL=1\r")
    await b.port.open()
    b.call(CALLER)
    began = now()
    leg = await b.port.next_ring()
    assert now() - began < 1
    await leg.answer()
    b.network.hang_up(b.network.call_of(b.modem).id)  # type: ignore[union-attr]
    began = now()
    assert await leg.ended() is EndCause.REMOTE
    assert now() - began < 1
    assert b.port.status()["last_end"] == "normal clearing (16)"
    await b.port.close()


@pytest.mark.parametrize("family", PAIRS)
async def test_an_end_of_another_call_does_not_end_ours(family: str) -> None:
    lines = {
        "sim7600": ["+CLCC: 2,1,6,0,0", "MISSED_CALL: 11:01AM 07712345678"],
        "huawei": ["^CEND:2,0,104,16"],
        "quectel": ['+QIND: "ccinfo",2,1,-1,0,0,"",128', "^DSCI: 2,1,6,0,,128"],
    }
    async with bench(pair=PAIRS[family]) as b:
        b.call(CALLER)
        leg = await b.port.next_ring()
        await leg.answer()
        for line in lines[family]:
            b.modem.report(line)
        await asyncio.sleep(10)
        assert leg.state is LegState.UP


@pytest.mark.parametrize("line", ["^CEND:1,0,104,17", "^CEND:1,0,29", "^CEND:1", "^CEND:1,,,"])
async def test_an_end_that_is_not_one_is_looked_up_while_it_rings(line: str) -> None:
    async with bench(pair=HUAWEI) as b:
        b.call(CALLER)
        leg = await b.port.next_ring()
        b.modem.report(line)  # an old call's, late
        await asyncio.sleep(5)
        assert leg.state is LegState.RINGING
        await leg.answer()


async def test_a_second_caller_is_told_busy_and_our_call_goes_on(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.call(CALLER)
        leg = await b.port.next_ring()
        await leg.answer()
        b.modem.second_caller(SECOND)
        await asyncio.sleep(10)
        assert b.modem.second is None
        assert leg.state is LegState.UP
        assert b.modem.commands.count("AT+CHLD=0") == 1
        b.modem.second_caller(SECOND)
        b.modem.report(f'+CCWA: "{SECOND}",145,1')
        await asyncio.sleep(10)
        assert b.modem.commands.count("AT+CHLD=0") == 2


async def test_a_second_caller_who_cannot_be_refused_is_let_in_when_ours_is_over(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.call(CALLER)
        leg = await b.port.next_ring()
        await leg.answer()
        await asyncio.sleep(5)
        b.modem.second_caller(SECOND)
        await leg.hangup()
        async with asyncio.timeout(20):
            following = await b.port.next_ring()
        assert (following.peer, following.state) == (SECOND, LegState.RINGING)
        await following.answer()
        assert b.modem.talking


async def test_on_hold_by_the_far_end_is_told_and_taken_back(pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.call(CALLER)
        leg = await b.port.next_ring()
        b.modem.report("+CSSU: 2")
        await leg.answer()
        assert not leg.held
        for held, line in ((True, "+CSSU: 2"), (True, "+CSSU: 5"), (False, "+CSSU: 3"), (False, "+CSSU:")):
            b.modem.report(line)
            await asyncio.sleep(0.1)
            assert leg.held is held


async def test_a_modem_that_is_full_of_sound_gets_none_until_it_wants_more() -> None:
    async with bench(pair=QUECTEL) as b:
        holder = Holder(-1)
        b.port.audio_holder = holder
        b.call(CALLER)
        leg = await b.port.next_ring()
        await leg.answer()
        b.modem.report("+QPCMV: 0,0")
        b.modem.report("+QPCMV: 1,0")
        await asyncio.sleep(0.1)
        assert holder.flowing == [("gsm-1", False), ("gsm-1", True)]
        assert (leg.state, b.modem.talking) == (LegState.UP, True)


async def test_a_key_is_pressed_by_another_command_where_the_first_is_refused() -> None:
    async with bench(pair=QUECTEL) as b:
        b.modem.fault("no-vts")
        leg = await b.port.dial(PARTY)
        await leg.until(LegState.UP)
        await leg.send_digits("12")
        assert b.network.call_of(b.modem).sent_digits == "12"  # type: ignore[union-attr]
        assert [command for command in b.modem.commands if "VTS" in command] == [
            "AT+VTS=1",
            'AT+QVTS="1"',
            'AT+QVTS="2"',
        ]


async def test_a_key_a_stick_has_not_is_refused_in_words() -> None:
    async with bench(pair=HUAWEI) as b:
        leg = await b.port.dial(PARTY)
        await leg.until(LegState.UP)
        with pytest.raises(DriverError, match=r"'A'.*0123456789"):
            await leg.send_digits("1A")
        await leg.send_digits("19*#")
        assert b.network.call_of(b.modem).sent_digits == "19*#"  # type: ignore[union-attr]


@pytest.mark.parametrize("hostile", ['"', '",1', "\x07ATH", "sip:a@b", "+" * 200, "٤٢", "'; DROP TABLE"])
async def test_a_hostile_number_is_offered_as_none(hostile: str, pair: Pair) -> None:
    async with bench(pair=pair) as b:
        b.call(hostile)
        async with asyncio.timeout(20):
            leg = await b.port.next_ring()
        assert set(leg.peer) <= set("+0123456789*#")
        await leg.answer()
        await leg.hangup()
        await idle_again(b)


async def test_the_modems_complaint_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with bench(pair=SIM7600) as b:
        b.modem.report("UNDER-VOLTAGE WARNNING")
        await asyncio.sleep(0.1)
        assert "port gsm-1: the modem says: UNDER-VOLTAGE WARNNING" in caplog.text


async def test_an_answer_given_at_once_goes_out_before_anything_else(pair: Pair) -> None:
    """From RING to ATA nothing is waited for but what the family must be told first."""
    async with bench(pair=pair) as b:
        del b.modem.commands[:]
        began = now()
        b.call(CALLER)
        answering = asyncio.ensure_future((await b.port.next_ring()).answer())
        while "ATA" not in b.modem.commands:  # noqa: ASYNC110 - the modem has no event for it
            await asyncio.sleep(0)
        assert now() == began
        before = [pair.dialect.voice.start] if pair.dialect.voice.moment is Moment.BEFORE else []
        assert b.modem.commands == [*before, "ATA"]
        await answering
