"""The emulated voice modem dials, and survives whatever it is sent."""

from __future__ import annotations

import asyncio
import random

import pytest

from drivers.emulated.network import Callee, Outcome
from drivers.emulated.v253.chips import CHIPS
from drivers.emulated.v253.line import LineState
from tests.drivers.v253_desk import INIT, Desk

# --- dialling --------------------------------------------------------------------------------------------


async def dial(desk: Desk, command: str, seconds: float = 30.0) -> str:
    for line in INIT:
        desk.ask(line)
    desk.ask("AT+VRA=20;+VRN=5")
    desk.ask(command)
    await asyncio.sleep(seconds)
    return desk.out.decode("latin-1").strip()


@pytest.mark.parametrize(("chip", "result"), [("cx93001", "OK"), ("usr5637", "VCON")])
async def test_a_dialled_party_answers(chip: str, result: str) -> None:
    desk = Desk(chip)
    assert await dial(desk, "ATDT0301#2") == result
    dialled = desk.told("dialled")
    assert dialled is not None
    assert dialled["number"] == "0301#2"
    assert desk.modem.line.state is LineState.TALKING


async def test_busy_no_answer_and_congestion() -> None:
    for outcome, result in ((Outcome.BUSY, "BUSY"), (Outcome.NEVER, "NO ANSWER")):
        desk = Desk()
        desk.network.default_callee = Callee(outcome)
        assert await dial(desk, "ATDT12", 100) == result
        assert not desk.modem.engaged


async def test_pulses_pauses_and_a_semicolon() -> None:
    desk = Desk()
    assert (await dial(desk, "ATDP19,0;", 12)).startswith("OK")
    assert desk.modem.line.digits_heard == "190"


@pytest.mark.parametrize(("chip", "result"), [("cx93001", "NO DIALTONE"), ("usr5637", "NO DIAL TONE")])
async def test_no_dial_tone_on_a_dead_line(chip: str, result: str) -> None:
    desk = Desk(chip)
    desk.modem.fault("line-cut")
    assert await dial(desk, "ATDT12") == result


async def test_a_character_aborts_dialling_but_not_in_its_first_moment() -> None:
    desk = Desk()
    for line in INIT:
        desk.ask(line)
    desk.ask("ATDT0301234")
    desk.modem.feed(b"\n")
    await asyncio.sleep(1)
    assert desk.modem.line.taken
    desk.modem.feed(b"A")
    assert desk.out == b"\r\nNO CARRIER\r\n"
    assert not desk.modem.line.taken


async def test_dialling_by_tones_of_the_host() -> None:
    desk = Desk()
    for line in (*INIT, "AT+VLS=1;+VTD=10"):
        desk.ask(line)
    await asyncio.sleep(1)
    assert desk.modem.line.tone == "dial"
    desk.ask("AT+VTS=1,2,3")
    await asyncio.sleep(7)
    dialled = desk.told("dialled")
    assert dialled is not None
    assert dialled["number"] == "123"


async def test_a_data_call_finds_no_carrier() -> None:
    desk = Desk()
    desk.ask("ATE0S7=10")
    desk.network.place(desk.modem, "1")
    desk.ask("ATA")
    await asyncio.sleep(12)
    assert desk.out == b"\r\nNO CARRIER\r\n"
    assert not desk.modem.engaged


# --- anything ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
async def test_whatever_bytes_come_the_modem_answers_again_after_a_resync(seed: int) -> None:
    luck = random.Random(seed)
    words = [
        b"AT",
        b"+VTR",
        b"+FCLASS=8",
        b"\r",
        b"D12",
        b"+VLS=1",
        b"\x10",
        b"^",
        b"!",
        b"+VTS=1",
        b"A/",
        b"H",
    ]
    desk = Desk(luck.choice(sorted(CHIPS)), seed=seed)
    if luck.random() < 0.5:
        desk.network.place(desk.modem, "1")
    for _ in range(200):
        desk.modem.feed(luck.choice((luck.randbytes(luck.randint(1, 30)), luck.choice(words))))
        await asyncio.sleep(luck.choice((0, 0.02, 0.5)))
    await asyncio.sleep(2)
    desk.modem.feed(b"\x10\x03\x10^\x10!\r")
    await asyncio.sleep(2)
    desk.modem.feed(b"\r")
    desk.ask("ATE0Q0V1")
    assert desk.ask("AT&F") in ("\r\nOK\r\n", "AT&F\r\r\nOK\r\n")
    desk.ask("ATH")
    assert not desk.modem.line.taken
