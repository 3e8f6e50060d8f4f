"""USSD of a GSM modem: codes, menus, codings, and a network that does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from drivers.emulated.ussd import Menu
from drivers.gsm.simcom import SIM7600
from drivers.gsm.ussd import Ussd
from drivers.messages import UssdReply, UssdState
from drivers.port import LegState, PortLost, PortRefused, PortTimeout
from tests.drivers.gsm_bench import Bench, bench
from tests.drivers.wires import ByteByByte, Delayed, Wire

BALANCE = "Your balance is 12.34 EUR. Valid until 31.12.2027."


def talks_packed(b: Bench) -> None:
    """As Huawei sticks do."""
    b.modem.mailbox._ussd._is_packed = True
    b.port.text_messages._ussd._is_packed = True


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("wire", [Wire, ByteByByte, Delayed])
@pytest.mark.parametrize("fault", ["", "F1", "F3", "F4", "F5", "F6"])
async def test_a_code_is_answered(fault: str, wire: Callable[[], Wire], packed: bool) -> None:
    async with bench(wire()) as b:
        if packed:
            talks_packed(b)
        if fault:
            b.modem.fault(fault)
        assert await b.port.text_messages.ussd("*100#") == UssdReply(UssdState.DONE, BALANCE)
        assert await b.port.text_messages.ussd("*102#") == UssdReply(UssdState.DONE, "Ваш баланс 12.34 р.")


@pytest.mark.parametrize("packed", [False, True])
async def test_a_menu_is_walked_through(packed: bool) -> None:
    async with bench() as b:
        if packed:
            talks_packed(b)
        said = await b.port.text_messages.ussd("*101#")
        assert said == UssdReply(UssdState.ANSWER_WANTED, "1. Balance\n2. Offers\n0. Exit")
        said = await b.port.text_messages.ussd("2")
        assert said == UssdReply(UssdState.ANSWER_WANTED, "1. Minutes\n2. Data")
        assert await b.port.text_messages.ussd("2") == UssdReply(UssdState.DONE, "1 GB booked.")
        assert await b.port.text_messages.ussd("*999#") == UssdReply(UssdState.NOT_SUPPORTED, "")


async def test_a_dialogue_ends_by_the_network_or_by_us() -> None:
    async with bench() as b:
        await b.port.text_messages.ussd("*101#")
        assert (await b.port.text_messages.ussd("7")).state is UssdState.ENDED
        await b.port.text_messages.ussd("*101#")
        await b.port.text_messages.end_ussd()
        assert b.modem.commands[-1] == "AT+CUSD=2"
        await b.port.text_messages.end_ussd()
        assert b.modem.commands.count("AT+CUSD=2") == 1


async def test_a_network_that_never_answers_is_a_clear_error_and_no_trap() -> None:
    async with bench() as b:
        b.modem.fault("ussd-mute")
        began = asyncio.get_running_loop().time()
        with pytest.raises(PortTimeout, match=r"has not answered the USSD code within 45 s\. Check the code"):
            await b.port.text_messages.ussd("*100#")
        assert asyncio.get_running_loop().time() - began < 46
        b.modem.fault("ussd-mute", False)
        assert (await b.port.text_messages.ussd("*100#")).text == BALANCE


async def test_a_modem_that_goes_away_meanwhile_is_told_at_once() -> None:
    async with bench() as b:
        b.modem.fault("ussd-mute")
        asking = asyncio.ensure_future(b.port.text_messages.ussd("*100#"))
        await asyncio.sleep(2)
        b.unplug()
        with pytest.raises(PortLost):
            await asking


async def test_a_modem_without_a_network_refuses() -> None:
    async with bench() as b:
        b.modem.fault("not-registered")
        with pytest.raises(PortRefused, match=r"refuses USSD \(it said \"\+CME ERROR: 30\"\)"):
            await b.port.text_messages.ussd("*100#")


@pytest.mark.parametrize("text", ["", 'a"b', "ж", "1\r2", "1" * 161])
async def test_what_cannot_be_sent_is_refused(text: str) -> None:
    async with bench() as b:
        with pytest.raises(PortRefused, match="cannot be sent by USSD"):
            await b.port.text_messages.ussd(text)


async def test_two_who_ask_at_once_each_get_their_own_answer() -> None:
    async with bench() as b:
        b.network.ussd.codes["*1#"], b.network.ussd.codes["*2#"] = Menu("one"), Menu("two")
        replies = await asyncio.gather(*(b.port.text_messages.ussd(code) for code in ("*1#", "*2#", "*1#")))
        assert [reply.text for reply in replies] == ["one", "two", "one"]


async def test_who_asks_and_goes_away_does_not_take_the_next_ones_answer() -> None:
    async with bench() as b:
        b.network.ussd.codes["*1#"], b.network.ussd.codes["*2#"] = Menu("one"), Menu("two")
        asking = asyncio.ensure_future(b.port.text_messages.ussd("*1#"))
        await asyncio.sleep(0.1)
        asking.cancel()
        await asyncio.wait({asking})
        assert (await b.port.text_messages.ussd("*2#")).text == "two"
        b.modem.fault("ussd-mute")
        asking = asyncio.ensure_future(b.port.text_messages.ussd("*1#"))
        await asyncio.sleep(1)
        asking.cancel()
        await asyncio.wait({asking})
        b.modem.fault("ussd-mute", False)
        assert (await b.port.text_messages.ussd("*2#")).text == "two"


async def test_a_call_is_not_disturbed() -> None:
    async with bench() as b:
        b.call("+49301")
        leg = await b.port.next_ring()
        asking = asyncio.ensure_future(b.port.text_messages.ussd("*100#"))
        await asyncio.sleep(2)
        assert not [command for command in b.modem.commands if "CUSD=1" in command]
        await leg.answer()
        assert (await asking).text == BALANCE
        assert leg.state is LegState.UP


async def test_a_family_that_packs_is_asked_in_hex() -> None:
    async with bench() as b:
        talks_packed(b)
        await b.port.text_messages.ussd("*100#")
        assert b.modem.commands[-1] == 'AT+CUSD=1,"AA180C3602",15'
    assert replace(SIM7600, ussd_packed=True).ussd_packed


@pytest.mark.parametrize(
    ("report", "reply"),
    [
        ('+CUSD: 0,"Hi",15', UssdReply(UssdState.DONE, "Hi")),
        ('+CUSD:1,"Hi"', UssdReply(UssdState.ANSWER_WANTED, "Hi")),
        ("+CUSD: 0,Hi", UssdReply(UssdState.DONE, "Hi")),
        ("+CUSD: 2", UssdReply(UssdState.ENDED, "")),
        ('+CUSD: 3,""', UssdReply(UssdState.OTHER_CLIENT, "")),
        ("+CUSD: 4", UssdReply(UssdState.NOT_SUPPORTED, "")),
        ("+CUSD: 5", UssdReply(UssdState.TIMEOUT, "")),
        ("+CUSD: 9", UssdReply(UssdState.DONE, "")),
        ('+CUSD: 0,"say "hi"",15', UssdReply(UssdState.DONE, 'say "hi"')),
        ('+CUSD: 1,"a\nb", 15', UssdReply(UssdState.ANSWER_WANTED, "a\nb")),
        ('+CUSD: 0,"00480069",72', UssdReply(UssdState.DONE, "Hi")),
        ('+CUSD: 0,"00480069",999', UssdReply(UssdState.DONE, "Hi")),
        ("+CUSD: x", None),
        ("+CUSD:", None),
    ],
)
def test_reports_of_every_form_are_read(report: str, reply: UssdReply | None) -> None:
    assert Ussd("gsm-1", is_packed=False).read(report) == reply
