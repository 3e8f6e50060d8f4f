"""What an emulated voice modem can be told to do wrong: each fault does what its line says."""

from __future__ import annotations

import asyncio

import pytest

from drivers.emulated.network import NetworkError, Plan, Sound
from drivers.emulated.v253.faults import VOICE_FAULTS
from drivers.emulated.v253.line import LineState
from drivers.emulated.v253.stream import Kind
from dsp import dtmf, g711
from tests.drivers.v253_desk import INIT, Desk

SPEECH = Plan(sound=Sound(tone_hz=1000, loop=True))


def test_every_fault_is_tried_here() -> None:
    with open(__file__, encoding="utf-8") as file:
        text = file.read()
    assert [name for name in VOICE_FAULTS if f'"{name}"' not in text and name != "F15"] == []


async def test_a_fault_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="F99 is no fault of a voice modem"):
        Desk().modem.fault("F99")


async def test_v1_digits_are_repeated_while_they_sound() -> None:
    desk = Desk("usr5637")
    desk.modem.fault("V1")
    await desk.call(Plan(digits=[(0.2, "57")]))
    await asyncio.sleep(1)
    assert desk.heard()[1] == "/55~/77~"


async def test_v1_no_digits_after_a_beep_until_the_line_is_taken_again() -> None:
    desk = Desk()
    desk.modem.fault("V1d")
    await desk.call(Plan(digits=[(2.0, "5"), (4.0, "6")]))
    desk.modem.feed(b"\x10^")
    desk.ask("AT+VTS=[933,,20]")
    await asyncio.sleep(1)
    desk.ask("AT+VTR")
    await asyncio.sleep(2)
    assert "5" not in desk.heard()[1]
    desk.modem.feed(b"\x10^")
    desk.ask("AT+VLS=1")
    desk.ask("AT+VTR")
    await asyncio.sleep(2)
    assert "6" in desk.heard()[1]


async def test_v1_digits_of_our_own_come_back() -> None:
    for fault, told in (("V1e", "/5~"), ("", "")):
        desk = Desk()
        if fault:
            desk.modem.fault(fault)
        await desk.call(codec=131)
        await desk.speak(g711.ulaw_encode(dtmf.generate("5") + bytes(3200)))
        assert desk.heard()[1] == told


@pytest.mark.parametrize(("fault", "codes"), [("V2b", "bb"), ("V2d", "ddd")])
async def test_v2_false_tones_in_a_call(fault: str, codes: str) -> None:
    desk = Desk()
    desk.modem.fault(fault)
    await desk.call(SPEECH)
    await asyncio.sleep(10)
    assert desk.heard()[1] == codes


async def test_v2_a_far_end_that_hangs_up_is_only_heard() -> None:
    desk = Desk()
    desk.modem.fault("V2n")
    call = await desk.call(SPEECH, codec=131)
    desk.network.hang_up(call.id)
    await asyncio.sleep(10)
    sound, codes = desk.heard()
    assert codes == ""
    assert set(sound[40000:]) != {0xFF}


async def test_v3_storms_of_underruns_whatever_the_codec() -> None:
    desk = Desk()
    desk.modem.fault("V3")
    await desk.call(SPEECH, codec=131)
    await desk.speak(b"\xff" * 8000)
    sound, codes = desk.heard()
    assert codes.count("u") > 300
    assert codes.count("o") > 20
    assert len(sound) > 7500


async def test_v4_a_modem_that_was_left_in_duplex() -> None:
    desk = Desk()
    desk.modem.fault("V4")
    assert desk.modem.line.taken
    assert desk.ask("AT") == ""
    await asyncio.sleep(0.1)
    assert len(desk.out) > 600
    desk.modem.feed(b"\x10\x03\x10^\r")
    assert "OK" in desk.ask("AT")


async def test_v4_pieces_end_in_a_dle() -> None:
    desk = Desk()
    desk.modem.fault("V4c")
    await desk.call(Plan(digits=[(0.1, "1")]))
    await asyncio.sleep(0.5)
    assert any(piece.endswith(b"\x10") for piece in desk.pieces)


async def test_v4_pairs_are_sent_as_sub() -> None:
    desk = Desk(echo_loss_db=None)
    desk.modem.fault("V4s")
    call = await desk.call(codec=131)
    loud = g711.ulaw_decode(b"\x10" * 160)
    call.voice.say = lambda: loud  # type: ignore[method-assign]
    await asyncio.sleep(0.1)
    assert desk.out.startswith(b"\x10\x1a" * 80)
    assert set(desk.heard()[0]) == {0x10}


async def test_v5_caller_id_that_never_comes_or_comes_as_hex() -> None:
    for fault, told in (("V5c", False), ("V5m", True)):
        desk = Desk()
        desk.modem.fault(fault)
        desk.ask("AT+VCID=1")
        desk.network.place(desk.modem, "0301234")
        await asyncio.sleep(8)
        assert (b"MESG = 80" in desk.out) is told
        assert b"NMBR" not in desk.out


async def test_v5_the_line_is_not_taken() -> None:
    desk = Desk()
    desk.modem.fault("V5l")
    desk.network.place(desk.modem, "1")
    for line in INIT:
        desk.ask(line)
    assert desk.ask("AT+VLS=1") == "\r\nOK\r\n"
    await asyncio.sleep(9)
    assert desk.out.count(b"\x10R") == 2
    assert desk.modem.line.state is LineState.RINGING


async def test_v5_the_line_is_taken_late() -> None:
    desk = Desk()
    desk.modem.fault("V5s")
    desk.network.place(desk.modem, "1")
    for line in INIT:
        desk.ask(line)
    assert desk.ask("AT+VLS=1") == ""
    await asyncio.sleep(1.9)
    assert not desk.modem.line.taken
    await asyncio.sleep(0.2)
    assert (desk.modem.line.taken, desk.out) == (True, b"\r\nOK\r\n")


async def test_v5_a_ring_after_the_line_was_taken() -> None:
    desk = Desk()
    desk.modem.fault("V5r")
    await desk.call()
    await asyncio.sleep(0.5)
    assert desk.heard()[1] == "R"


async def test_v5_a_second_caller_knocks() -> None:
    desk = Desk()
    desk.modem.fault("V5w")
    await desk.call(SPEECH)
    await asyncio.sleep(3)
    assert desk.out.count(b"\x10w\x10X") == 1
    assert b"NMBR = 5550199\r\n\x10." in desk.out


async def test_v6_caller_id_is_forgotten_at_every_hang_up() -> None:
    for fault, kept in (("V6", "0"), ("", "1")):
        desk = Desk()
        if fault:
            desk.modem.fault(fault)
        desk.ask("ATE0;+VCID=1")
        await desk.call()
        desk.modem.feed(b"\x10^")
        desk.ask("ATH")
        assert desk.ask("AT+VCID?").split() == [kept, "OK"]


async def test_echo_stays_on() -> None:
    desk = Desk()
    desk.modem.fault("echo")
    desk.ask("ATE0")
    assert desk.ask("AT") == "AT\r\r\nOK\r\n"


async def test_random_codes_are_the_same_for_the_same_seed() -> None:
    heard = []
    for _ in range(2):
        desk = Desk()
        desk.modem.fault("noise")
        await desk.call(SPEECH)
        await asyncio.sleep(10)
        heard.append(desk.heard()[1])
    assert heard[0] == heard[1]
    assert 25 < len(heard[0]) < 100


async def test_no_sound_comes() -> None:
    desk = Desk()
    desk.modem.fault("dead-audio")
    await desk.call(SPEECH)
    await asyncio.sleep(1)
    assert desk.out == b""


async def test_a_cut_line_takes_no_caller() -> None:
    desk = Desk()
    desk.modem.fault("line-cut")
    with pytest.raises(NetworkError, match="out of reach"):
        desk.network.place(desk.modem, "1")


async def test_the_wrong_country_takes_no_line() -> None:
    desk = Desk(zone="de")
    desk.modem.fault("gci")
    for line in INIT:
        desk.ask(line)
    assert desk.ask("AT+VLS=1") == "\r\nOK\r\n"
    assert not desk.modem.line.taken
    desk.ask("AT+GCI=42")
    desk.ask("AT+VLS=1")
    assert desk.modem.line.taken


@pytest.mark.parametrize(
    ("fault", "command"),
    [("silent", "AT"), ("silent-vls", "AT+VLS=1"), ("silent-vtr", "AT+VTR"), ("silent-h", "ATH")],
)
async def test_no_answer_at_one_step(fault: str, command: str) -> None:
    desk = Desk()
    for line in INIT:
        desk.ask(line)
    desk.modem.fault(fault)
    assert desk.ask(command) == ""
    await asyncio.sleep(5)
    assert desk.out == b""
    desk.modem.fault(fault, False)
    assert "OK" in desk.ask("AT")


async def test_duplex_is_refused_or_cannot_be_left() -> None:
    desk = Desk()
    await desk.call()
    desk.modem.fault("silent-leave")
    desk.modem.feed(b"\x10^")
    assert desk.modem.stream is not None
    assert desk.modem.stream.kind is Kind.DUPLEX
    desk.modem.fault("silent-leave", False)
    desk.modem.feed(b"\x10^")
    desk.modem.fault("refuse-vtr")
    assert desk.ask("AT+VTR") == "\r\nERROR\r\n"
