"""The emulated modem's messages and USSD: commands, memories, routing, the SMS centre behind it."""

from __future__ import annotations

import asyncio
import re

import pytest

from drivers.emulated.modem import Hooks, Identity, Modem
from drivers.emulated.network import Network
from drivers.emulated.sms_centre import Fate, Recipient
from drivers.messages import StatusReport, TextPart
from drivers.sms import decode, encode, ussd
from tests.drivers.test_emulated_modem import Desk

SENDER, NUMBER = "+4917012345678", "+4915112345678"


class MessageDesk(Desk):
    """A modem that has been told what our driver would tell it."""

    def __init__(self) -> None:
        super().__init__()
        self.ask("ATE0")
        self.ask("AT+CMGF=0")
        self.ask("AT+CNMI=2,1,0,2,0")
        self.out = b""

    def gets(self, text: str, sender: str = SENDER, **options: bool) -> None:
        self.network.sms.send(self.modem.mailbox, sender, text, **options)

    async def types(self, command: str, text: str) -> str:
        assert self.ask(command) == "\r\n> "
        self.modem.feed(text.encode() + b"\x1a")
        await asyncio.sleep(1)
        return self.out.decode()

    def pdus(self) -> list[str]:
        return re.findall(r"\r\n([0-9A-F]{28,})\r\n", self.out.decode())


async def test_a_message_is_announced_listed_read_and_deleted() -> None:
    desk = MessageDesk()
    desk.gets("Hello [world]")
    await asyncio.sleep(1)
    assert desk.out == b'\r\n+CMTI: "SM",1\r\n'
    said = desk.ask("AT+CMGR=1")
    assert re.fullmatch(r"\r\n\+CMGR: 0,,\d+\r\n[0-9A-F]+\r\n\r\nOK\r\n", said)
    (pdu,) = desk.pdus()
    part = decode("SM:1", pdu)
    assert isinstance(part, TextPart)
    assert (part.sender, part.text) == (SENDER, "Hello [world]")
    assert desk.ask("AT+CMGL=0") == "\r\nOK\r\n"
    assert f"+CMGL: 1,1,,{len(pdu) // 2 - 8}\r\n{pdu}" in desk.ask("AT+CMGL=4")
    assert desk.ask("AT+CMGD=1") == "\r\nOK\r\n"
    assert desk.ask("AT+CMGR=1") == "\r\n+CMS ERROR: 321\r\n"


async def test_the_memories_outlive_a_restart_and_the_settings_do_not() -> None:
    desk = MessageDesk()
    desk.ask('AT+CPMS="ME","ME","ME"')
    desk.gets("one")
    await asyncio.sleep(1)
    assert desk.ask("AT+CPMS?").startswith('\r\n+CPMS: "ME",1,50')
    desk.modem.restarted()
    assert '+CPMS: "SM",0,20,"SM",0,20,"SM",0,20' in desk.ask("AT+CPMS?")
    assert "+CNMI: 2,1,0,0,0" in desk.ask("AT+CNMI?")
    assert "+CPMS: 1,50,0,20,0,20" in desk.ask('AT+CPMS="ME"')


async def test_what_finds_no_room_waits_in_the_network() -> None:
    desk = MessageDesk()
    for number in range(25):
        desk.gets(f"message {number}")
    await asyncio.sleep(100)
    assert len(desk.modem.mailbox.memories["SM"].places) == 20
    assert desk.network.sms.waiting(desk.modem.mailbox) == 5
    desk.ask("AT+CMGD=1,4")
    await asyncio.sleep(3)
    assert desk.network.sms.waiting(desk.modem.mailbox) == 0
    assert len(desk.modem.mailbox.memories["SM"].places) == 5


async def test_a_modem_out_of_reach_gets_its_messages_later() -> None:
    desk = MessageDesk()
    desk.modem.powered = False
    desk.gets("hello")
    await asyncio.sleep(100)
    desk.modem.powered = True
    desk.modem.restarted()
    await asyncio.sleep(1)
    assert len(desk.modem.mailbox.memories["SM"].places) == 1


async def test_parts_of_two_messages_are_not_put_together() -> None:
    """The first one lost a part on the way."""
    desk = MessageDesk()
    for part in (*encode(NUMBER, "a" * 200, reference=7)[:1], *encode(NUMBER, "b" * 200, reference=8)):
        desk.network.sms.submit(desk.modem.mailbox, part.tpdu)
    assert [(sent.text[:1], sent.whole) for sent in desk.network.sms.sent] == [("a", False), ("b", True)]


async def test_a_message_is_sent_and_reported() -> None:
    desk = MessageDesk()
    for part in encode(NUMBER, "x" * 200):
        said = await desk.types(f"AT+CMGS={len(part.tpdu) // 2}", "00" + part.tpdu)
        assert re.match(r"\r\n> \r\n\+CMGS: [01]\r\n\r\nOK\r\n", said)
    await asyncio.sleep(2)
    (sent,) = desk.network.sms.sent
    assert (sent.number, sent.text, sent.whole) == (NUMBER, "x" * 200, True)
    assert desk.news[-1] == ("sms-sent", {"modem": "m", "number": NUMBER, "text": "x" * 200})
    assert b'+CDSI: "SR",2' in desk.out
    desk.ask('AT+CPMS="SR"')
    desk.ask("AT+CMGR=2")
    report = decode("SR:2", desk.pdus()[0])
    assert isinstance(report, StatusReport)
    assert (report.recipient, report.reference, report.status) == (NUMBER, 1, 0)


@pytest.mark.parametrize(
    ("fate", "status"), [(Fate.EXPIRED, 0x46), (Fate.TRYING, 0x30), (Fate.SILENT, None), (Fate.REFUSED, None)]
)
async def test_fates(fate: Fate, status: int | None) -> None:
    desk = MessageDesk()
    desk.network.sms.recipients[NUMBER] = Recipient(fate)
    tpdu = encode(NUMBER, "x")[0].tpdu
    said = await desk.types(f"AT+CMGS={len(tpdu) // 2}", "00" + tpdu)
    assert ("+CMS ERROR: 28" in said) is (fate is Fate.REFUSED)
    await asyncio.sleep(3)
    reports = [decode("", stored.pdu) for stored in desk.modem.mailbox.memories["SR"].places.values()]
    assert [report.status for report in reports if isinstance(report, StatusReport)] == (
        [] if status is None else [status]
    )


async def test_a_message_to_another_modem_arrives_there() -> None:
    desk = MessageDesk()
    loop = asyncio.get_running_loop()
    other = Modem(
        "other",
        later=loop.call_later,
        clock=loop.time,
        hooks=Hooks(send=lambda data: None),
        exchange=desk.network,
        identity=Identity(number=NUMBER),
    )
    tpdu = encode(NUMBER, "hello", report=False)[0].tpdu
    await desk.types(f"AT+CMGS={len(tpdu) // 2}", "00" + tpdu)
    await asyncio.sleep(3)
    (stored,) = other.mailbox.memories["SM"].places.values()
    part = decode("", stored.pdu)
    assert isinstance(part, TextPart)
    assert (part.sender, part.text) == (desk.modem.identity.number, "hello")


@pytest.mark.parametrize("typed", ["00zz", "0011", ""])
async def test_a_pdu_that_is_none_is_refused(typed: str) -> None:
    desk = MessageDesk()
    assert (await desk.types("AT+CMGS=13", typed)).endswith("\r\n+CMS ERROR: 304\r\n")


async def test_escape_ends_the_prompt() -> None:
    desk = MessageDesk()
    desk.ask("AT+CMGS=13")
    desk.modem.feed(b"0011\x1b")
    assert desk.out.endswith(b"\r\nOK\r\n")
    assert desk.ask("AT") == "\r\nOK\r\n"


async def test_f20_a_stuck_prompt_takes_everything_but_escape() -> None:
    desk = MessageDesk()
    desk.modem.fault("F20")
    desk.ask("AT+CMGS=13")
    desk.modem.feed(b"0011\x1aAT\r")
    await asyncio.sleep(60)
    assert desk.out == b"\r\n> "
    desk.modem.feed(b"\x1b")
    assert desk.ask("AT") == "\r\nOK\r\n"


async def test_a_stored_message_is_sent_from_its_place() -> None:
    desk = MessageDesk()
    tpdu = encode(NUMBER, "stored", report=False)[0].tpdu
    assert "+CMGW: 1" in await desk.types(f"AT+CMGW={len(tpdu) // 2}", "00" + tpdu)
    assert "+CMGL: 1,2," in desk.ask("AT+CMGL=2")
    desk.ask("AT+CMSS=1")
    await asyncio.sleep(1)
    assert b"+CMSS: 0\r\n\r\nOK" in desk.out
    assert desk.network.sms.sent[-1].text == "stored"


async def test_messages_are_handed_over_and_come_again_when_nobody_acknowledges() -> None:
    desk = MessageDesk()
    desk.ask("AT+CSMS=1")
    desk.ask("AT+CNMI=2,2,0,1,0")
    desk.gets("direct")
    await asyncio.sleep(1)
    assert re.match(r"\r\nOK\r\n\r\n\+CMT: ,\d+\r\n[0-9A-F]+\r\n", desk.out.decode())
    assert desk.ask("AT+CNMA") == "\r\nOK\r\n"
    assert desk.ask("AT+CNMA") == "\r\n+CMS ERROR: 340\r\n"
    desk.gets("again")
    await asyncio.sleep(16)
    assert "+CNMI: 2,0,0,0,0" in desk.ask("AT+CNMI?")
    await asyncio.sleep(60)
    assert len(desk.modem.mailbox.memories["SM"].places) == 1


async def test_text_mode_shows_and_takes_text() -> None:
    desk = MessageDesk()
    desk.ask("AT+CMGF=1")
    desk.gets("Grüße", sender="MyBank")
    await asyncio.sleep(1)
    assert re.search(
        r'\+CMGL: 1,"REC UNREAD","MyBank",,"\d\d/\d\d/\d\d,\d\d:\d\d:\d\d\+00"\r\nGrüße\r\n',
        desk.ask('AT+CMGL="ALL"'),
    )
    desk.ask('AT+CSCS="UCS2"')
    assert "00470072" in desk.ask("AT+CMGR=1")
    desk.ask('AT+CSCS="GSM"')
    assert "+CMGS: 0" in await desk.types(f'AT+CMGS="{NUMBER}"', "hello there")
    assert desk.network.sms.sent[-1].text == "hello there"


async def test_ussd_answers_and_asks() -> None:
    desk = MessageDesk()
    assert desk.ask('AT+CUSD=1,"*100#",15') == "\r\nOK\r\n"
    await asyncio.sleep(1)
    assert b'+CUSD: 0,"Your balance is 12.34 EUR. Valid until 31.12.2027.",15\r\n' in desk.out
    desk.ask('AT+CUSD=1,"*101#"')
    await asyncio.sleep(1)
    assert b'+CUSD: 1,"1. Balance\n2. Offers\n0. Exit",15' in desk.out
    desk.ask('AT+CUSD=1,"9"')
    await asyncio.sleep(1)
    assert b"+CUSD: 2\r\n" in desk.out
    desk.ask('AT+CUSD=1,"*999#"')
    await asyncio.sleep(1)
    assert b"+CUSD: 4\r\n" in desk.out
    desk.ask('AT+CUSD=1,"*102#"')
    await asyncio.sleep(1)
    found = re.search(r'\+CUSD: 0,"([0-9A-F]+)",72', desk.out.decode())
    assert found is not None
    assert ussd.decode(found[1], 72) == "Ваш баланс 12.34 р."


def test_the_network_tells_one_modem_from_another() -> None:
    network = Network(later=lambda seconds, call: None, clock=lambda: 0.0)  # type: ignore[arg-type,return-value]
    assert network.ussd.ask("a", "*101#")[0] == 1
    assert network.ussd.ask("b", "1") == (4, "")
    assert network.ussd.ask("a", "1") == (0, "12.34 EUR")
