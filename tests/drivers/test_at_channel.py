"""One command in flight: what answers what, over four wires, with everything a modem puts in between."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from drivers.at.channel import Channel, CommandFailed, keyless, shown
from drivers.port import PortLost, PortTimeout
from tests.drivers.wires import WIRES, ByteByByte, Delayed, Wire

PDU = "07917283010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37"
OTHER_PDU = "07917283010010F5040BC87238880900F100009930925161958003E8320B"


class Scripted:
    """The other side: answers each command with the bytes of a table, some of them late."""

    def __init__(self, answers: dict[str, bytes], wire: Wire | None = None) -> None:
        self.wire = wire or Wire()
        self.answers = {"AT+CMEE?": b"\r\n+CMEE: 1\r\n\r\nOK\r\n", **answers}
        self.late: dict[str, float] = {}
        self.commands: list[str] = []
        self.urcs: list[str] = []
        self._input = b""
        self._busy_until = 0.0
        self.channel = Channel(
            "gsm-1",
            write=lambda data: self.wire.carry(data, self.feed),
            on_urc=self.urcs.append,
            is_urc=lambda text: text.startswith(("+CREG:", "RING")),
        )

    def feed(self, data: bytes) -> None:
        self._input += data
        while b"\r" in self._input:
            line, _, self._input = self._input.partition(b"\r")
            command = line.decode("latin-1")
            self.commands.append(command)
            self.say(self.answers.get(command, b"\r\nERROR\r\n"), self.late.pop(command, 0.0))

    def say(self, data: bytes, seconds: float = 0.0) -> None:
        loop = asyncio.get_running_loop()
        self._busy_until = max(self._busy_until, loop.time() + seconds)  # a modem answers in order
        loop.call_at(self._busy_until, self.wire.carry, data, self.channel.feed)


@pytest.mark.parametrize("wire", [Wire, ByteByByte, Delayed])
async def test_a_command_gets_its_lines_and_everybody_else_the_rest(wire: Callable[[], Wire]) -> None:
    other = Scripted(
        {"AT+CSQ": b'AT+CSQ\r\r\n+CREG: 1,"1A","2B",7\r\n\r\n+CSQ: 20,99\r\n\r\nRINGOK\r\n'}, wire()
    )
    assert await other.channel.command("AT+CSQ", "+CSQ:") == ["+CSQ: 20,99"]
    assert other.urcs == ['+CREG: 1,"1A","2B",7', "RING"]


@pytest.mark.parametrize("wire", WIRES)
async def test_every_command_ends_whatever_the_wire(wire: str) -> None:
    other = Scripted({"AT+CSQ": b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n"}, WIRES[wire]())
    good = 0
    for _ in range(300):
        async with asyncio.timeout(20):
            try:
                good += (await other.channel.command("AT+CSQ", "+CSQ:"))[-1:] == ["+CSQ: 20,99"]
            except (CommandFailed, PortTimeout):
                assert wire == "lossy"
    assert good == 300 if wire != "lossy" else good > 150
    other.wire = Wire()
    assert await other.channel.command("AT+CSQ", "+CSQ:") == ["+CSQ: 20,99"]


async def test_free_text_is_taken_but_not_known_urcs() -> None:
    other = Scripted({"AT+CGMM": b"\r\nRING\r\n\r\nSIM7600\r\n\r\nOK\r\n"})
    assert await other.channel.command("AT+CGMM", "") == ["SIM7600"]
    assert other.urcs == ["RING"]


async def test_an_error_is_raised_with_the_modems_words() -> None:
    other = Scripted({"AT+CPIN?": b"\r\n+CME ERROR: 10\r\n"})
    with pytest.raises(CommandFailed, match=r"gsm-1: AT\+CPIN\? was refused.*\+CME ERROR: 10"):
        await other.channel.command("AT+CPIN?", "+CPIN:")


async def test_no_answer_is_a_timeout_after_the_time_given() -> None:
    other = Scripted({"AT": b""})
    began = asyncio.get_running_loop().time()
    with pytest.raises(PortTimeout, match=r"gsm-1.*AT within 2 s"):
        await other.channel.command("AT", seconds=2)
    assert asyncio.get_running_loop().time() - began == pytest.approx(2)


@pytest.mark.parametrize("late_answer", [b"\r\nOK\r\n", b"\r\nERROR\r\n", b"\r\n+CSQ: 1,1\r\n\r\nOK\r\n"])
@pytest.mark.parametrize("seconds", [5.0001, 5.5, 6.0])
async def test_a_late_answer_is_not_taken_for_the_next_commands(late_answer: bytes, seconds: float) -> None:
    """F2: the answer to AT+CHUP arrives while the next command waits for its own."""
    other = Scripted({"AT+CHUP": late_answer, "AT+CPIN?": b"\r\n+CPIN: READY\r\n\r\nOK\r\n", "AT": b""})
    other.late = {"AT+CHUP": seconds, "AT+CMEE?": seconds}
    with pytest.raises(PortTimeout):
        await other.channel.command("AT+CHUP")
    for _ in range(3):
        try:
            assert await other.channel.command("AT+CPIN?", "+CPIN:") == ["+CPIN: READY"]
            break
        except PortTimeout:
            continue
    else:
        raise AssertionError("never in step again")
    with pytest.raises(PortTimeout):
        await other.channel.command("AT")  # nothing is left over that would answer it


async def test_a_doubled_ok_does_not_answer_the_next_command() -> None:
    other = Scripted({"ATE0": b"\r\nOK\r\n", "AT+CSQ": b"\r\nOK\r\n\r\n+CSQ: 20,99\r\n\r\nOK\r\n"})
    await other.channel.command("ATE0")
    assert await other.channel.command("AT+CSQ", "+CSQ:") == ["+CSQ: 20,99"]


async def test_an_empty_list_is_an_answer_where_it_may_be() -> None:
    other = Scripted({"AT+CLCC": b"\r\nOK\r\n"})
    began = asyncio.get_running_loop().time()
    assert await other.channel.command("AT+CLCC", "+CLCC:", may_be_empty=True) == []
    assert asyncio.get_running_loop().time() == began


async def test_commands_go_out_one_at_a_time() -> None:
    other = Scripted({"AT+A": b"\r\nOK\r\n", "AT+B": b"\r\nOK\r\n"})
    other.late = {"AT+A": 3.0}
    first = asyncio.ensure_future(other.channel.command("AT+A"))
    second = asyncio.ensure_future(other.channel.command("AT+B"))
    await asyncio.sleep(2.9)
    assert other.commands == ["AT+A"]
    await asyncio.gather(first, second)
    assert other.commands == ["AT+A", "AT+B"]


async def test_a_cancelled_command_does_not_confuse_the_next() -> None:
    other = Scripted({"AT+A": b"\r\nOK\r\n", "AT+CSQ": b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n"})
    other.late = {"AT+A": 1.0}
    first = asyncio.ensure_future(other.channel.command("AT+A"))
    await asyncio.sleep(0.5)
    first.cancel()
    assert await other.channel.command("AT+CSQ", "+CSQ:") == ["+CSQ: 20,99"]


@pytest.mark.parametrize("end", ["NO CARRIER", "BUSY", "NO ANSWER"])
async def test_a_dial_ends_by_the_calls_end(end: str) -> None:
    other = Scripted({"ATD1;": f"\r\n{end}\r\n".encode()})
    with pytest.raises(CommandFailed) as error:
        await other.channel.command("ATD1;", dialling=True)
    assert error.value.answer == end


async def test_the_end_of_a_call_is_no_answer_to_other_commands() -> None:
    other = Scripted({"AT+CHUP": b"\r\nNO CARRIER\r\n\r\nOK\r\n"})
    assert await other.channel.command("AT+CHUP") == []
    assert other.urcs == ["NO CARRIER"]


async def test_interrupt_writes_only_while_a_dial_is_pending() -> None:
    other = Scripted({"ATD1;": b"", "": b"\r\nNO CARRIER\r\n"})
    other.channel.interrupt()
    assert other.commands == []
    dial = asyncio.ensure_future(other.channel.command("ATD1;", dialling=True))
    await asyncio.sleep(1)
    assert other.channel.dialling
    other.channel.interrupt()
    with pytest.raises(CommandFailed, match="NO CARRIER"):
        await dial


async def test_a_prompt_nobody_asked_for_is_left_by_escape() -> None:
    other = Scripted({})
    other.channel.feed(b"\r\n> ")
    await asyncio.sleep(0)
    assert other._input == b"\x1b"


async def test_a_lost_port_ends_what_waits_and_what_comes() -> None:
    other = Scripted({"AT": b""})
    waiting = asyncio.ensure_future(other.channel.command("AT"))
    await asyncio.sleep(0.1)
    other.channel.lost(PortLost("gone"))
    with pytest.raises(PortLost):
        await waiting
    with pytest.raises(PortLost):
        await other.channel.command("AT")


async def test_an_echo_in_pieces_is_no_information() -> None:
    """F3, F5: the echo of a free-text command, cut in two by a URC."""
    other = Scripted({"AT+CGMM": b"AT+C\r\n+CREG: 1\r\nGMM\r\r\nSIM7600\r\n\r\nOK\r\n"})
    assert await other.channel.command("AT+CGMM", "") == ["SIM7600"]
    assert other.urcs == ["+CREG: 1"]


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("ATD+4917012345678;", "ATD...678"),
        ("ATD12;", "ATD...12"),
        ('AT+CPIN="1234"', "AT+CPIN=..."),
        ("AT+CPIN?", "AT+CPIN?"),
        ("AT+CLCC", "AT+CLCC"),
    ],
)
def test_numbers_and_pins_are_not_shown(command: str, text: str) -> None:
    assert shown(command) == text


class Prompting(Scripted):
    """A modem that asks for text after AT+CMGS, and answers it with `after`."""

    def __init__(self, after: bytes, wire: Wire | None = None) -> None:
        super().__init__({}, wire)
        self.after = after
        self.texts: list[str] = []
        self.escapes = 0
        self.prompts = True

    def feed(self, data: bytes) -> None:
        self.escapes += data.count(b"\x1b")
        data = data.replace(b"\x1b", b"")
        if b"\x1a" in self._input + data:
            text, _, rest = (self._input + data).partition(b"\x1a")
            self._input = b""
            self.texts.append(text.decode())
            self.say(b"\r\n" + text + self.after)
            data = rest
        super().feed(data)

    def say(self, data: bytes, seconds: float = 0.0) -> None:
        if self.commands and self.commands[-1].startswith("AT+CMGS=") and data == b"\r\nERROR\r\n":
            data = b"\r\n+CREG: 1\r\n\r\n> " if self.prompts else b""
        super().say(data, seconds)


@pytest.mark.parametrize("wire", [Wire, ByteByByte, Delayed])
async def test_a_text_goes_out_after_the_prompt(wire: Callable[[], Wire]) -> None:
    other = Prompting(b"\r\n+CREG: 5\r\n\r\n+CMGS: 17\r\n\r\nOK\r\n", wire())
    assert await other.channel.submit("AT+CMGS=10", "+CMGS:", "0011AA", seconds=60) == ["+CMGS: 17"]
    assert (other.texts, other.urcs) == (["0011AA"], ["+CREG: 1", "+CREG: 5"])


async def test_a_text_refused_before_or_after_the_prompt_says_so() -> None:
    other = Prompting(b"\r\n+CMS ERROR: 330\r\n")
    with pytest.raises(CommandFailed, match=r"\+CMS ERROR: 330"):
        await other.channel.submit("AT+CMGS=10", "+CMGS:", "0011AA", seconds=60)
    other.answers["AT+CMGS=11"] = b"\r\n+CMS ERROR: 304\r\n"
    with pytest.raises(CommandFailed, match=r"\+CMS ERROR: 304"):
        await other.channel.submit("AT+CMGS=11", "+CMGS:", "0011AA", seconds=60)
    assert other.texts == ["0011AA"]


async def test_f20_a_prompt_that_sticks_is_ended_by_escape() -> None:
    other = Prompting(b"")
    began = asyncio.get_running_loop().time()
    with pytest.raises(PortTimeout, match="60 s"):
        await other.channel.submit("AT+CMGS=10", "+CMGS:", "0011AA", seconds=60)
    assert asyncio.get_running_loop().time() - began == pytest.approx(60)
    other.answers["AT+CSQ"] = b"\r\n+CSQ: 9,9\r\n\r\nOK\r\n"
    assert await other.channel.command("AT+CSQ", "+CSQ:") == ["+CSQ: 9,9"]
    assert other.escapes == 1


async def test_a_prompt_that_does_not_come_is_waited_for_ten_seconds_and_is_no_trap_later() -> None:
    other = Prompting(b"")
    other.prompts = False
    with pytest.raises(PortTimeout, match=r"AT\+CMGS=10 within 10 s"):
        await other.channel.submit("AT+CMGS=10", "+CMGS:", "0011AA", seconds=60)
    other.channel.feed(b"\r\n> ")
    await asyncio.sleep(0.1)
    assert (other.texts, other.escapes) == ([], 2)


async def test_a_sender_who_goes_away_leaves_no_prompt_behind() -> None:
    other = Prompting(b"")
    other.prompts = False
    sending = asyncio.ensure_future(other.channel.submit("AT+CMGS=10", "+CMGS:", "0011AA", seconds=60))
    await asyncio.sleep(1)
    sending.cancel()
    await asyncio.wait({sending})
    other.channel.feed(b"\r\n> ")
    await asyncio.sleep(0.1)
    assert (other.texts, other.escapes) == ([], 2)


@pytest.mark.parametrize("wire", [Wire, ByteByByte, Delayed])
async def test_f1_a_message_handed_over_inside_an_answer_is_not_the_answers_message(
    wire: Callable[[], Wire],
) -> None:
    answer = f"\r\n+CMGR: 1,,{len(PDU) // 2 - 8}\r\n+CMT: ,22\r\n{OTHER_PDU}\r\nRING\r\n{PDU}\r\n\r\nOK\r\n"
    other = Scripted({"AT+CMGR=3": answer.encode()}, wire())
    assert await other.channel.pdus("AT+CMGR=3", "+CMGR:") == [(f"+CMGR: 1,,{len(PDU) // 2 - 8}", PDU)]
    assert other.urcs == [f"+CMT: ,22\n{OTHER_PDU}", "RING"]


async def test_a_list_has_a_pdu_for_every_line_or_says_that_it_is_missing() -> None:
    lines = "".join(f"+CMGL: {index},1,,26\r\n{PDU if index != 2 else ''}\r\n" for index in range(1, 256))
    other = Scripted({"AT+CMGL=4": f"\r\n{lines}\r\nOK\r\n".encode()})
    found = await other.channel.pdus("AT+CMGL=4", "+CMGL:")
    assert found[:3] == [("+CMGL: 1,1,,26", PDU), ("+CMGL: 2,1,,26", ""), ("+CMGL: 3,1,,26", PDU)]
    assert len(found) == 255


async def test_two_pdus_for_one_line_are_none() -> None:
    """A URC glued to the front of the second line hides it."""
    answer = f"\r\n+CMGL: 1,1,,26\r\n{PDU}\r\n+CREG: 1+CMGL: 2,1,,26\r\n{OTHER_PDU}\r\n\r\nOK\r\n"
    other = Scripted({"AT+CMGL=4": answer.encode()})
    assert await other.channel.pdus("AT+CMGL=4", "+CMGL:") == [("+CMGL: 1,1,,26", "")]


async def test_a_message_handed_over_is_one_line_for_who_listens() -> None:
    other = Scripted({})
    other.channel.feed(f"\r\n+CMT: ,26\r\n{PDU}\r\n+CDS: 26\r\nRING\r\n{PDU}\r\n+CMT: ,9\r\n".encode())
    assert other.urcs == [f"+CMT: ,26\n{PDU}", "RING", f"+CDS: 26\n{PDU}"]


async def test_f19_an_ok_after_an_error_is_not_taken_for_the_next_answer() -> None:
    other = Scripted(
        {"AT+CMGR=1": b"\r\nERROR\r\n\r\nOK\r\n", "AT+CMGR=2": f"+CMGR: 1,,26\r\n{PDU}\r\nOK\r\n".encode()}
    )
    with pytest.raises(CommandFailed):
        await other.channel.pdus("AT+CMGR=1", "+CMGR:")
    other.channel.distrust()
    assert await other.channel.pdus("AT+CMGR=2", "+CMGR:") == [("+CMGR: 1,,26", PDU)]


async def test_noise_without_end_disturbs_no_command() -> None:
    luck = random.Random(11)
    other = Scripted({"AT+CSQ": b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n"})
    for _ in range(100):
        other.channel.feed(luck.randbytes(1000))
    other.channel.feed(b"\r\n")
    assert await other.channel.command("AT+CSQ", "+CSQ:") == ["+CSQ: 20,99"]


@pytest.mark.parametrize("command", ['AT+CPIN="1234"', 'AT+CUSD=1,"*104*12345678901234#",15'])
def test_secrets_are_not_shown(command: str) -> None:
    assert "1234" not in shown(command)


async def test_ok_alone_where_a_line_is_due_is_a_refusal() -> None:
    other = Scripted({"AT^CVOICE?": b"\r\nOK\r\n"})
    with pytest.raises(CommandFailed, match="OK, and no answer"):
        await other.channel.command("AT^CVOICE?", "^CVOICE:")


@pytest.mark.parametrize(
    ("command", "logged"),
    [
        ("AT+VTS=5", "AT+VTS=..."),
        ("AT^DDTMF=1,5", "AT^DDTMF=1,..."),
        ("ATD+491701234567;", "ATD...567"),
        ("AT+CSQ", "AT+CSQ"),
    ],
)
def test_keys_and_numbers_of_a_command_stand_in_no_log(command, logged):
    assert shown(command) == logged


@pytest.mark.parametrize("said", ["+RXDTMF: 5", "+DTMF: 5", "^DDTMF: 5", "^DDTMF: #"])
def test_keys_that_a_caller_pressed_stand_in_no_log(said):
    assert keyless(said) == f"{said[:-1]}*"
