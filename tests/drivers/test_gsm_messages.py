"""Text messages of a GSM modem: in, out, forgotten, and the ways in which modems lose or repeat them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from drivers.emulated.sms_centre import Fate as Outcome
from drivers.emulated.sms_centre import Recipient
from drivers.messages import Fate, StatusReport, TextPart, Unreadable
from drivers.port import LegState, MessageRefused, PortLost, PortRefused, PortState, PortTimeout
from drivers.sms import encode, join
from tests.drivers.gsm_bench import Bench, bench
from tests.drivers.message_keeper import Keeper, gets, memory, stored
from tests.drivers.wires import ByteByByte, Delayed, Lossy, Wire

SENDER, NUMBER = "+4917012345678", "+4915112345678"

#: Faults with which messages come and go as if there were none.
HARMLESS = ["F1", "F3", "F4", "F5", "F6", "F18", "F19", "F19e"]


@asynccontextmanager
async def kept(b: Bench) -> AsyncIterator[Keeper]:
    """Somebody takes and forgets what comes in."""
    keeper = Keeper(b.port.text_messages)
    try:
        yield keeper
    finally:
        await keeper.stop()


async def settles(b: Bench, seconds: float = 60.0) -> None:
    await asyncio.sleep(seconds)
    assert b.port.state is PortState.IDLE, b.port.reason


# --- in ---------------------------------------------------------------------------------------------------


async def test_a_message_comes_in_and_is_deleted_when_it_is_forgotten() -> None:
    async with bench() as b:
        gets(b, "Hello {world} €")
        part = await b.port.text_messages.next_arrival()
        assert isinstance(part, TextPart)
        assert (part.slot, part.sender, part.text) == ("SM:1", SENDER, "Hello {world} €")
        assert stored(b) == 1
        assert await b.port.text_messages.forget(part)
        assert stored(b) == 0


@pytest.mark.parametrize("wire", [Wire, ByteByByte, Delayed])
@pytest.mark.parametrize("fault", ["", *HARMLESS])
async def test_messages_come_and_go_in_spite_of(fault: str, wire: Callable[[], Wire]) -> None:
    async with bench(wire()) as b, kept(b) as keeper:
        if fault:
            b.modem.fault(fault)
        texts = [f"message {number}" for number in range(8)] + ["ж😀" * 60]
        for text in texts:
            gets(b, text)
        await settles(b)
        assert keeper.texts() == sorted(texts)
        assert (stored(b), b.network.sms.waiting(b.modem.mailbox)) == (0, 0)


@pytest.mark.parametrize("seed", range(10))
async def test_a_lossy_wire_may_spoil_a_message_but_never_the_line(seed: int) -> None:
    """Lost and wrong bytes, which no checksum shows: a wrong digit reads as another text or place."""
    async with bench() as b, kept(b) as keeper:
        b.wire = Lossy(seed, every=400)
        texts = [f"message {number}" for number in range(20)]
        for text in texts:
            gets(b, text)
        await asyncio.sleep(300)
        b.wire = Wire()
        await asyncio.sleep(1200)  # a look at everything every ten minutes
        assert len(set(texts) & set(keeper.texts())) >= 17
        assert stored(b) == 0
        gets(b, "and now")
        await asyncio.sleep(5)
        assert "and now" in keeper.texts()


async def test_what_is_in_the_modem_at_the_start_is_given() -> None:
    b = Bench()
    for number in range(3):
        gets(b, f"message {number}")
    await asyncio.sleep(1)
    await b.port.open()
    async with kept(b) as keeper:
        await settles(b, 5)
        assert keeper.texts() == ["message 0", "message 1", "message 2"]
    await b.port.close()


async def test_f4_a_line_hidden_in_a_list_does_not_move_a_message_to_another_place() -> None:
    b = Bench()
    for number in range(3):
        gets(b, f"message {number}")
    await asyncio.sleep(1)
    listed = b.modem._handlers["+CMGL"]
    b.modem._handlers["+CMGL"] = lambda tail: [
        str(line).replace("+CMGL: 2", "+CREG: 1+CMGL: 2") for line in listed(tail)
    ]
    await b.port.open()
    async with kept(b) as keeper:
        await settles(b, 5)
        places = {one.slot: one.text for one in keeper.kept.values() if isinstance(one, TextPart)}
        assert places.items() <= {f"SM:{number + 1}": f"message {number}" for number in range(3)}.items()
        b.modem._handlers["+CMGL"] = listed
        await settles(b, 700)
        assert keeper.texts() == ["message 0", "message 1", "message 2"]
    await b.port.close()


async def test_what_was_not_forgotten_is_given_again_after_a_restart_of_the_box() -> None:
    async with bench() as b:
        gets(b, "keep me")
        first = await b.port.text_messages.next_arrival()
        await b.port.close()
        b.port = b.new_port()
        await b.port.open()
        assert await b.port.text_messages.next_arrival() == first


async def test_a_part_of_a_long_message_and_nonsense_are_given_as_they_are() -> None:
    async with bench() as b, kept(b) as keeper:
        gets(b, "x" * 400, reference=77)
        b.network.sms.send_pdu(b.modem.mailbox, "0004059121430000")
        await settles(b, 30)
        parts = [one for one in keeper.kept.values() if isinstance(one, TextPart)]
        assert join(parts) == "x" * 400
        assert {(part.reference, part.parts) for part in parts} == {(77, 3)}
        (odd,) = [one for one in keeper.kept.values() if isinstance(one, Unreadable)]
        assert "ends within" in odd.why
        assert stored(b) == 0


async def test_a_message_handed_over_is_acknowledged_when_it_is_forgotten_and_not_before() -> None:
    async with bench() as b:
        b.modem.fault("class0-direct")
        gets(b, "flash", flash=True)
        part = await b.port.text_messages.next_arrival()
        assert isinstance(part, TextPart)
        assert (part.slot, part.text, part.message_class) == ("", "flash", 0)
        await asyncio.sleep(5)
        assert "AT+CNMA" not in b.modem.commands
        assert await b.port.text_messages.forget(part)
        assert b.modem.commands[-1] == "AT+CNMA"


async def test_a_message_handed_over_again_because_nobody_took_it_is_given_once() -> None:
    async with bench() as b:
        b.modem.fault("class0-direct")
        gets(b, "flash", flash=True)
        first = await b.port.text_messages.next_arrival()
        await asyncio.sleep(16)  # the network has given up waiting
        assert await b.port.text_messages.forget(first)
        await settles(b, 700)
        assert b.port.text_messages._inbox.given.qsize() == 0
        assert (stored(b), b.network.sms.waiting(b.modem.mailbox)) == (0, 0)


async def test_messages_that_another_program_has_written_into_the_modem_are_left_alone() -> None:
    async with bench() as b, kept(b) as keeper:
        memory(b).add_own("00" + encode(NUMBER, "draft")[0].tpdu)
        gets(b, "hello")
        await settles(b, 700)
        assert keeper.texts() == ["hello"]
        assert stored(b) == 1


async def test_what_has_taken_the_place_of_a_message_is_not_deleted_with_it() -> None:
    async with bench() as b:
        gets(b, "first")
        first = await b.port.text_messages.next_arrival()
        del memory(b).places[1]  # another program has deleted it
        gets(b, "second")
        second = await b.port.text_messages.next_arrival()
        assert (first.slot, second.slot) == ("SM:1", "SM:1")
        assert await b.port.text_messages.forget(first)
        assert stored(b) == 1
        assert await b.port.text_messages.forget(second)
        assert stored(b) == 0


# --- the failure catalogue --------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["F1", "F3", "F4"])
async def test_f1_f3_f4_a_urc_inside_the_reply_of_cmgr_is_no_part_of_the_message(fault: str) -> None:
    async with bench() as b:
        b.modem.fault(fault)
        b.call("+49301")
        leg = await b.port.next_ring()
        await leg.answer()
        gets(b, "Hello")
        part = await b.port.text_messages.next_arrival()
        assert isinstance(part, TextPart)
        assert part.text == "Hello"
        assert await b.port.text_messages.forget(part)
        assert leg.state is LegState.UP


async def test_f2_a_late_answer_to_cmgr_is_not_taken_for_another_place() -> None:
    async with bench() as b, kept(b) as keeper:
        for number in range(4):
            gets(b, f"message {number}")
            b.modem.fault("F2")
            await asyncio.sleep(20)
        await settles(b, 120)
        assert keeper.texts() == [f"message {number}" for number in range(4)]
        assert stored(b) == 0


async def test_f17_a_full_memory_is_told_in_words_and_the_network_keeps_the_rest() -> None:
    async with bench() as b:
        for number in range(25):
            gets(b, f"message {number}")
        await asyncio.sleep(120)
        assert "the message memory SM is full (20 of 20)" in b.port.text_messages.trouble
        assert "20 wait until this box has kept them" in str(b.port.status()["message_trouble"])
        async with kept(b) as keeper:
            await settles(b, 120)
            assert len(keeper.texts()) == 25
            assert b.port.text_messages.trouble == ""
        assert (stored(b), b.network.sms.waiting(b.modem.mailbox)) == (0, 0)


async def test_f17_a_memory_full_of_somebody_elses_messages_is_told_in_words() -> None:
    async with bench() as b:
        for _ in range(20):
            memory(b).add_own("00" + encode(NUMBER, "draft")[0].tpdu)
        gets(b, "hello")
        await asyncio.sleep(120)
        assert "20 were written there by another program. Delete them" in b.port.text_messages.trouble
        memory(b).places.clear()
        assert isinstance(await b.port.text_messages.next_arrival(), TextPart)
        await asyncio.sleep(120)
        assert b.port.text_messages.trouble == ""


async def test_f17_the_modems_own_word_for_it_makes_us_look_at_once() -> None:
    async with bench() as b:
        b.modem.fault("F17b")
        gets(b, "hello")
        await asyncio.sleep(1)
        b.modem.say('^SMMEMFULL:"SM"')
        async with asyncio.timeout(5):
            assert isinstance(await b.port.text_messages.next_arrival(), TextPart)


async def test_f17_messages_in_the_other_memory_are_found_there() -> None:
    async with bench() as b, kept(b) as keeper:
        b.modem.fault("F17a")
        gets(b, "one")
        await asyncio.sleep(5)
        b.modem.fault("F17b")  # and the second one is not announced
        gets(b, "two")
        await settles(b, 120)
        assert keeper.texts() == ["one", "two"]
        assert stored(b, "ME") == 0


async def test_f17_a_message_that_was_not_announced_is_found_within_a_minute() -> None:
    async with bench() as b:
        b.modem.fault("F17b")
        gets(b, "hello")
        async with asyncio.timeout(61):
            assert isinstance(await b.port.text_messages.next_arrival(), TextPart)


async def test_f17_a_modem_that_has_lost_its_settings_unseen_is_set_up_again() -> None:
    async with bench() as b:
        b.modem.mailbox.boot()
        b.modem.mailbox._chosen = ["ME", "ME", "ME"]
        gets(b, "hello")
        async with asyncio.timeout(61):
            part = await b.port.text_messages.next_arrival()
        assert part.slot == "ME:1"
        await asyncio.sleep(61)
        assert b.modem.mailbox._chosen[2] == "SM"
        assert b.modem.mailbox._routing == [2, 1, 0, 2, 0]


@pytest.mark.parametrize("wire", [Wire, Delayed])
async def test_f18_a_storm_of_announcements_gives_each_message_once(wire: Callable[[], Wire]) -> None:
    async with bench(wire()) as b:
        b.modem.fault("F18")
        for number in range(60):
            gets(b, f"message {number}")
        async with kept(b) as keeper:
            await settles(b, 1500)
            assert keeper.texts() == sorted(f"message {number}" for number in range(60))
            for _ in range(3):
                b.unplug()
                await asyncio.sleep(2)
                b.plug()
                await settles(b)
            assert len(keeper.texts()) == 60
        assert stored(b) == 0


@pytest.mark.parametrize("fault", ["F19", "F19e", ""])
async def test_f19_an_empty_place_is_no_message_and_no_harm(fault: str) -> None:
    async with bench() as b, kept(b) as keeper:
        if fault:
            b.modem.fault(fault)
        for place in range(1, 4):
            b.modem.say(f'+CMTI: "SM",{place}')
        await asyncio.sleep(5)
        gets(b, "hello")
        await settles(b, 5)
        assert keeper.texts() == ["hello"]
        assert stored(b) == 0


async def test_f20_a_prompt_that_sticks_is_left_and_the_line_goes_on() -> None:
    async with bench() as b:
        b.modem.fault("F20")
        with pytest.raises(PortTimeout, match=r"AT\+CMGS=\d+ within 60 s"):
            await b.port.text_messages.send(encode(NUMBER, "x" * 160)[0].tpdu)
        b.modem.fault("F20", False)
        assert await b.port.text_messages.send(encode(NUMBER, "again")[0].tpdu) == 0
        assert [sent.text for sent in b.network.sms.sent] == ["again"]
        assert b.port.state is PortState.IDLE


async def test_a_modem_that_does_not_delete_is_told_again_until_it_does() -> None:
    async with bench() as b:
        gets(b, "hello")
        part = await b.port.text_messages.next_arrival()
        b.modem.fault("undeletable")
        assert not await b.port.text_messages.forget(part)
        await asyncio.sleep(200)
        assert stored(b) == 1
        b.modem.fault("undeletable", False)
        await asyncio.sleep(61)
        assert stored(b) == 0
        assert b.port.text_messages._inbox.given.empty()


# --- out --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", [Wire, ByteByByte, Delayed])
@pytest.mark.parametrize("fault", ["", "F1", "F3", "F4", "F5", "F6"])
async def test_a_message_goes_out_and_its_report_comes_in(fault: str, wire: Callable[[], Wire]) -> None:
    async with bench(wire()) as b:
        if fault:
            b.modem.fault(fault)
        b.network.sms.recipients[NUMBER] = Recipient(Outcome.EXPIRED, after_s=30)
        references = [await b.port.text_messages.send(part.tpdu) for part in encode(NUMBER, "ж" * 100)]
        assert references == [0, 1]
        assert b.network.sms.sent[0].text == "ж" * 100
        for reference in references:
            report = await b.port.text_messages.next_arrival()
            assert isinstance(report, StatusReport)
            assert (report.recipient, report.reference, report.fate) == (NUMBER, reference, Fate.FAILED)
            assert await b.port.text_messages.forget(report)
        assert stored(b, "SR") == 0


@pytest.mark.parametrize(
    ("answer", "may_pass", "words"),
    [
        ("+CMS ERROR: 28", False, "the network does not know the number .* Correct the number"),
        ("+CMS ERROR: 331", True, "no network"),
        ("+CMS ERROR: 500", True, "unknown error"),
        ("+CMS ERROR: 999", True, "the standard does not name"),
        ("ERROR", True, 'the modem said "ERROR"'),
    ],
)
async def test_a_refusal_is_told_in_words(answer: str, may_pass: bool, words: str) -> None:
    async with bench() as b:
        b.modem.mailbox._sent = lambda command, pdu: b.modem.finish(answer)  # type: ignore[method-assign]
        with pytest.raises(
            MessageRefused, match=f"port gsm-1: the message was not taken: .*{words}"
        ) as refused:
            await b.port.text_messages.send(encode(NUMBER, "hello")[0].tpdu)
        assert refused.value.may_pass is may_pass


async def test_a_number_the_network_does_not_know_is_a_refusal_that_does_not_pass() -> None:
    async with bench() as b:
        b.network.sms.recipients[NUMBER] = Recipient(Outcome.REFUSED)
        with pytest.raises(MessageRefused, match="does not know the number"):
            await b.port.text_messages.send(encode(NUMBER, "hello")[0].tpdu)


async def test_a_modem_that_goes_away_while_it_sends_is_told_at_once() -> None:
    async with bench() as b:
        sending = asyncio.ensure_future(b.port.text_messages.send(encode(NUMBER, "hello")[0].tpdu))
        await asyncio.sleep(0.1)
        b.unplug()
        with pytest.raises(PortLost):
            await sending
        with pytest.raises(PortRefused, match="messages are not ready"):
            await b.port.text_messages.send(encode(NUMBER, "hello")[0].tpdu)
        b.plug()
        await settles(b, 20)
        assert await b.port.text_messages.send(encode(NUMBER, "hello")[0].tpdu) >= 0


async def test_a_closed_port_says_so() -> None:
    b = Bench()
    with pytest.raises(PortRefused, match="not up yet"):
        await b.port.text_messages.send(encode(NUMBER, "hello")[0].tpdu)
    with pytest.raises(PortRefused, match="not up yet"):
        await b.port.text_messages.ussd("*100#")
    await b.port.text_messages.end_ussd()


async def test_messages_go_both_ways_during_a_call_and_do_not_disturb_it() -> None:
    async with bench() as b, kept(b) as keeper:
        call = b.call("+49301")
        leg = await b.port.next_ring()
        await leg.answer()
        gets(b, "hello")
        await b.port.text_messages.send(encode(NUMBER, "hello")[0].tpdu)
        await asyncio.sleep(30)
        assert "hello" in keeper.texts()
        assert (leg.state, b.modem.talking) == (LegState.UP, True)
        b.network.hang_up(call.id)
        await leg.ended()


async def test_nothing_goes_out_between_ring_and_answer() -> None:
    async with bench() as b, kept(b) as keeper:
        b.call("+49301")
        leg = await b.port.next_ring()
        del b.modem.commands[:]
        gets(b, "hello")
        sending = asyncio.ensure_future(b.port.text_messages.send(encode(NUMBER, "hello")[0].tpdu))
        await asyncio.sleep(5)
        assert not [command for command in b.modem.commands if "+CMG" in command]
        await leg.answer()
        assert await sending == 0
        await asyncio.sleep(5)
        assert "hello" in keeper.texts()


async def test_while_a_dialled_phone_rings_messages_wait() -> None:
    async with bench() as b:
        leg = await b.port.dial("+49301")
        sending = asyncio.ensure_future(b.port.text_messages.send(encode(NUMBER, "hello")[0].tpdu))
        await leg.until(LegState.UP)
        assert not [command for command in b.modem.commands if "CMGS" in command]
        assert await sending == 0
        assert leg.state is LegState.UP


async def test_a_sender_who_goes_away_leaves_the_line_in_order() -> None:
    async with bench() as b:
        for seconds in (0.0, 0.05, 0.1, 0.3):
            sending = asyncio.ensure_future(b.port.text_messages.send(encode(NUMBER, "hello")[0].tpdu))
            await asyncio.sleep(seconds)
            sending.cancel()
            await asyncio.wait({sending})
            assert await b.port.text_messages.send(encode(NUMBER, f"after {seconds}")[0].tpdu) >= 0
