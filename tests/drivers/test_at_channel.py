"""One command in flight: what answers what, over four wires, with everything a modem puts in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from drivers.at.channel import Channel, CommandFailed, shown
from drivers.port import PortLost, PortTimeout
from tests.drivers.wires import WIRES, ByteByByte, Delayed, Wire


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
