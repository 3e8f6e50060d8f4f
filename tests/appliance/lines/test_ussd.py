"""Dialogues with the network: its words, its questions, and a clear reason whenever there are none."""

from __future__ import annotations

import asyncio

import pytest

from appliance.config.schema import Tariff
from appliance.lines.line import Line, LineRefused
from appliance.lines.ussd import ANSWER_SECONDS, REPLY_SECONDS, Ussd
from drivers.messages import UssdReply, UssdState
from drivers.port import PortRefused
from drivers.virtual_messages import VirtualMessages
from tests.appliance.lines.rig import make_port

MENU = UssdReply(UssdState.ANSWER_WANTED, "1 Balance\n2 Bonus")
BALANCE = UssdReply(UssdState.DONE, "You have 12.30 EUR")


async def on(codes: dict[str, list[UssdReply | PortRefused]]) -> tuple[Line, VirtualMessages]:
    messages = VirtualMessages(codes)  # type: ignore[arg-type]
    port = make_port("gsm-1", messages)
    await port.open()
    return Line("gsm-1", port, Tariff()), messages


async def test_a_code_gets_the_words_of_the_network() -> None:
    line, _ = await on({"*100#": [BALANCE]})
    assert await Ussd().begin(line, "*100#") == BALANCE


async def test_a_question_is_answered_and_then_the_dialogue_is_over() -> None:
    line, messages = await on({"*100#": [MENU, BALANCE]})
    ussd = Ussd()
    assert await ussd.begin(line, "*100#") == MENU
    with pytest.raises(LineRefused, match="another dialogue"):
        await ussd.begin(line, "*101#")
    assert await ussd.answer(line, "1") == BALANCE
    with pytest.raises(LineRefused, match="is over"):
        await ussd.answer(line, "1")
    assert await ussd.begin(line, "*100#") == MENU
    await ussd.end(line)
    assert messages.ended == 1


async def test_a_question_that_nobody_answers_is_given_up() -> None:
    line, messages = await on({"*100#": [MENU, BALANCE]})
    ussd = Ussd()
    await ussd.begin(line, "*100#")
    await asyncio.sleep(ANSWER_SECONDS + 1)
    assert messages.ended == 1
    assert await ussd.begin(line, "*100#") == MENU
    await ussd.end(line)


async def test_a_reply_that_never_comes_is_said_and_the_next_one_may_ask() -> None:
    line, messages = await on({"*100#": [BALANCE]})
    messages.ussd_seconds = 1e6
    ussd = Ussd()
    with pytest.raises(LineRefused, match=f"said nothing in {REPLY_SECONDS:.0f} s"):
        await ussd.begin(line, "*100#")
    messages.ussd_seconds = 0.0
    assert await ussd.begin(line, "*100#") == BALANCE


async def test_whoever_asked_may_leave() -> None:
    line, messages = await on({"*100#": [BALANCE]})
    messages.ussd_seconds = 60.0
    ussd = Ussd()
    asking = asyncio.create_task(ussd.begin(line, "*100#"))
    await asyncio.sleep(1)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await asyncio.sleep(1)
    assert messages.ended == 1


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (UssdReply(UssdState.NOT_SUPPORTED, ""), "does not know this code"),
        (UssdReply(UssdState.TIMEOUT, ""), "did not answer in time"),
        (UssdReply(UssdState.OTHER_CLIENT, ""), "another program"),
        (PortRefused("port gsm-1: +CME ERROR: 30, no network"), "no network"),
    ],
)
async def test_what_goes_wrong_is_said(said: UssdReply | PortRefused, reason: str) -> None:
    line, _ = await on({"*100#": [said]})
    with pytest.raises(LineRefused, match=reason):
        await Ussd().begin(line, "*100#")


@pytest.mark.parametrize("code", ["", "hello", "*100", "*" * 200, "*100#\r"])
async def test_only_codes_begin_a_dialogue(code: str) -> None:
    line, messages = await on({})
    if code == "*100":  # the network decides
        messages.codes["*100"] = [BALANCE]
        assert await Ussd().begin(line, code) == BALANCE
        return
    with pytest.raises(LineRefused, match="no code"):
        await Ussd().begin(line, code)


async def test_a_line_with_a_call_or_in_trouble_asks_nothing() -> None:
    line, _ = await on({"*100#": [BALANCE]})
    caller = line.port.ring()  # type: ignore[attr-defined]
    with pytest.raises(LineRefused, match="busy with a call"):
        await Ussd().begin(line, "*100#")
    caller.remote_hangs_up()
    line.port.breaks()  # type: ignore[attr-defined]
    with pytest.raises(LineRefused, match=r"fault .unplugged"):
        await Ussd().begin(line, "*100#")
