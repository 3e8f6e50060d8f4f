"""The emulated voice modem's brain: commands, rings and caller ID, without I/O."""

from __future__ import annotations

import asyncio

import pytest

from drivers.emulated.v253.chips import allows
from drivers.emulated.v253.line import LineState
from tests.drivers.v253_desk import INIT, Desk

# --- commands -------------------------------------------------------------------------------------------


async def test_echo_comes_byte_by_byte_until_it_is_switched_off() -> None:
    desk = Desk()
    assert desk.ask("AT") == "AT\r\r\nOK\r\n"
    assert desk.ask("ATE0") == "ATE0\r\r\nOK\r\n"
    assert desk.ask("AT") == "\r\nOK\r\n"


async def test_numbers_for_words_and_no_words_at_all() -> None:
    desk = Desk()
    desk.ask("ATE0")
    assert desk.ask("ATV0") == "0\r"
    assert desk.ask("AT+NONSENSE") == "4\r"
    assert desk.ask("AT+FCLASS?") == "0\r\n0\r"
    assert desk.ask("ATQ1") == desk.ask("AT") == ""
    assert desk.ask("ATQ0V1") == "\r\nOK\r\n"


@pytest.mark.parametrize(
    ("chip", "command", "answer"),
    [
        ("cx93001", "ATI3", "CX93001-EIS_V0.2013-V92"),
        ("cx93001", "AT+FCLASS=?", "0,1,1.0,2,8"),
        ("usr5637", "ATI3", "U.S. Robotics 56K FAX USB V1.2.23"),
        ("usr5637", "ATI", "5601"),
        ("si2494", "ATI6", "2494"),
        ("v253", "AT+GMI", "CALLBOX"),
        ("cx93001", "AT+GCI?", "+GCI: B5"),
        ("cx93001", "ATS0=3;S0?", "003"),
        ("cx93001", "AT+VGR=200;+VGR?", "200"),
        ("cx93001", "AT+VSD=,0;+VSD?", "128,0"),
        ("cx93001", "AT+VSM=131,8000;+VSM?", "131,8000,0,0"),
    ],
)
async def test_commands_are_answered(chip: str, command: str, answer: str) -> None:
    desk = Desk(chip)
    desk.ask("ATE0")
    assert desk.ask(command) == f"\r\n{answer}\r\n\r\nOK\r\n"


@pytest.mark.parametrize(
    ("chip", "command"),
    [
        ("cx93001", "AT+VSM=129"),  # ADPCM is offered, not emulated
        ("cx93001", "AT+VSM=131,11025"),
        ("cx93001", "AT+VSM=7"),
        ("cx93001", "AT+VSD=130,0"),
        ("cx93001", "AT+VTR=?"),
        ("cx93001", "AT+VLS=99"),
        ("cx93001", "AT+GCI=ZZ"),
        ("si2494", "AT+VGR=200"),
        ("si2494", "AT+VTR"),  # AN93 has none
        ("si2494", "AT+VTS=[500,10]"),
        ("cx93001", "AT+VTS=E"),
        ("cx93001", "AT+VTS="),
        ("cx93001", "AT+VTS=[9999,,10]"),
        ("cx93001", "AT#VLS=0"),
        ("cx93001", "ATS0=256"),
        ("cx93001", "AT!"),
    ],
)
async def test_commands_are_refused(chip: str, command: str) -> None:
    desk = Desk(chip)
    for line in INIT:
        desk.ask(line)
    assert desk.ask(command) == "\r\nERROR\r\n"


async def test_voice_commands_want_voice_mode() -> None:
    desk = Desk()
    desk.ask("ATE0")
    for command in ("AT+VLS=1", "AT+VTR", "AT+VRX", "AT+VTS=1"):
        assert desk.ask(command) == "\r\nERROR\r\n"


async def test_a_line_of_commands_stops_at_the_first_bad_one() -> None:
    desk = Desk()
    desk.ask("ATE0")
    assert desk.ask("AT+VGR=1;+NONSENSE;+VGR=2") == "\r\nERROR\r\n"
    assert "\r\n1\r\n" in desk.ask("AT+VGR?")


async def test_garbage_before_at_and_a_repeated_line() -> None:
    desk = Desk()
    desk.ask("ATE0")
    assert desk.ask("\x10\x03\x10^") == ""  # a resync in command mode
    assert desk.ask("xyzAT+VGR=9") == "\r\nOK\r\n"
    desk.ask("AT+VGR?")
    desk.out = b""
    desk.modem.feed(b"A/")
    assert b"9" in desk.out
    assert desk.ask("AT+VGQ\x08R?").startswith("\r\n9")  # backspace


async def test_a_reset_forgets_settings_and_caller_id() -> None:
    desk = Desk()
    desk.ask("AT+VCID=1;+VGR=9")
    for reset in ("ATZ", "AT&F"):
        desk.ask("AT+VCID=1")
        desk.ask(reset)
        assert "\r\n0\r\n" in desk.ask("AT+VCID?")
    assert desk.modem.at.letters["E"] == 1


@pytest.mark.parametrize(
    ("ranges", "value", "fits"),
    [
        ("(0,127-129),(0-255)", "128,50", True),
        ("(0,127-129),(0-255)", "126", False),
        ("(0,127-129),(0-255)", "0,256", False),
        ("(0,127-129),(0-255)", "0,0,0", False),
        ("0,1,1.0,2,8", "1.0", True),
        ("(B5,B4)", "B4", True),
        ("(0-2)", "", True),
        ("(0-2)", "x", False),
    ],
)
def test_what_a_range_allows(ranges: str, value: str, fits: bool) -> None:
    assert allows(ranges, value) is fits


# --- rings and caller ID ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chip", "number_line"), [("cx93001", b"NMBR = 0301234"), ("usr5637", b"NMBR=0301234")]
)
async def test_caller_id_stands_between_the_first_and_the_second_ring(chip: str, number_line: bytes) -> None:
    desk = Desk(chip, caller_name="ANA MAIER")
    desk.ask("ATE0;+VCID=1")
    desk.out = b""
    desk.network.place(desk.modem, "0301234", give_up_after_s=15)
    await asyncio.sleep(20)
    lines = desk.out.split()
    assert desk.out.count(b"RING") == 3
    text = desk.out.replace(b" = ", b"=")
    assert text.index(b"RING") < text.index(b"DATE=1121") < text.index(b"TIME=1930") < text.rindex(b"RING")
    assert number_line in desk.out
    assert b"NAME=ANA MAIER" in text
    assert lines[0] == b"RING"


@pytest.mark.parametrize(("number", "told"), [("", "NMBR = P"), ("O", "NMBR = O")])
async def test_a_caller_without_a_number_is_told_as_a_letter(number: str, told: str) -> None:
    desk = Desk()
    desk.ask("ATE0;+VCID=1")
    desk.network.place(desk.modem, number)
    await asyncio.sleep(5)
    assert told in desk.out.decode()


async def test_caller_id_as_the_exchange_sent_it() -> None:
    desk = Desk()
    desk.ask("ATE0;+VCID=2")
    desk.network.place(desk.modem, "0301234")
    await asyncio.sleep(5)
    line = next(line for line in desk.out.decode().split("\r\n") if line.startswith("MESG"))
    message = bytes.fromhex(line.removeprefix("MESG = "))
    assert message[:2] == bytes([0x80, len(message) - 3])
    assert b"0301234" in message
    assert sum(message) % 256 == 0
    assert "NMBR" not in desk.out.decode()
    assert "NMBR = 0301234" in desk.ask("AT+VRID=0")


async def test_no_caller_id_unless_asked_for() -> None:
    desk = Desk()
    desk.network.place(desk.modem, "0301234")
    await asyncio.sleep(10)
    assert b"NMBR" not in desk.out


async def test_in_voice_mode_a_ring_is_a_code_and_caller_id_an_event() -> None:
    desk = Desk("v253")
    for line in INIT:
        desk.ask(line)
    desk.ask("AT+VCID=1")
    desk.out = b""
    desk.network.place(desk.modem, "0301234")
    await asyncio.sleep(9)
    assert b"RING" not in desk.out
    assert desk.out.startswith(b"\x10R\x10XDATE = 1121\r\n")
    assert b"NMBR = 0301234\r\n\x10.\x10R" in desk.out


async def test_a_british_bell_rings_once_for_two_bursts_and_its_caller_id_comes_first() -> None:
    desk = Desk("si2494", zone="uk")
    desk.ask("ATE0;+VCID=1;+VCDT=1")
    desk.out = b""
    desk.network.place(desk.modem, "0201", give_up_after_s=14)
    await asyncio.sleep(20)
    assert desk.out.index(b"NMBR") < desk.out.index(b"RING")
    assert desk.out.count(b"RING") == 4  # every 3 s
    deaf = Desk("si2494", zone="uk")
    deaf.ask("AT+VCID=1")
    deaf.network.place(deaf.modem, "0201")
    await asyncio.sleep(6)
    assert b"NMBR" not in deaf.out


async def test_cadence_is_told_around_the_rings() -> None:
    desk = Desk()
    desk.ask("ATE0;+VDR=1,15")
    desk.out = b""
    desk.network.place(desk.modem, "1", give_up_after_s=9)
    await asyncio.sleep(12)
    assert desk.out.split() == [b"DRON=20", b"RING", b"DROF=40", b"DRON=20", b"RING"]


async def test_it_answers_by_itself_when_s0_says_so() -> None:
    desk = Desk()
    for line in (*INIT, "ATS0=2"):
        desk.ask(line)
    desk.network.place(desk.modem, "1")
    await asyncio.sleep(10)
    assert desk.modem.line.state is LineState.TALKING
    assert desk.told("answered") is not None
