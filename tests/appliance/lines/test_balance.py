"""The balance: asked when the line is quiet, understood by the tariff's pattern, alarmed when low."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.config.schema import Tariff
from appliance.line_events import BalanceTold
from appliance.lines.balance import LOW, QUIET_SECONDS, UNKNOWN, Balance, amount_in
from appliance.lines.ussd import Ussd
from drivers.messages import UssdReply, UssdState
from drivers.port import PortRefused
from drivers.virtual_messages import VirtualMessages
from tests.appliance.lines.rig import Rig, make_port

TARIFF = Tariff(balance_code="*100#", balance_pattern="([0-9]+[.,][0-9]{2}) EUR", balance_alarm_below=2.0)


def says(*words: str) -> VirtualMessages:
    return VirtualMessages({"*100#": [UssdReply(UssdState.DONE, each) for each in words]})


def balance_of(box: Rig) -> Balance:
    return Balance(box.books, Ussd(), box.alarms)


@pytest.mark.parametrize(
    ("text", "pattern", "amount"),
    [
        ("Your balance is 12.30 EUR", "([0-9.,]+) EUR", 12.30),
        ("Guthaben: 1.234,56 EUR", "([0-9.,]+) EUR", 1234.56),
        ("Balance $1,234.56", r"\$([0-9.,]+)", 1234.56),
        ("Solde 12,3 €", "([0-9.,]+) €", 12.3),
        ("1 234,50 Kč", "([0-9 ]+,[0-9]{2})", 1234.5),
        ("Rest: 7", "Rest: ([0-9]+)", 7.0),
        ("Rest: 7", "[0-9]+", 7.0),
        ("Baki -3.10", "(-?[0-9.]+)", -3.10),
        ("Line is in arrears", "([0-9.,]+) EUR", None),
        ("EUR ,", "EUR ([0-9.,]+)", None),
        ("x", "(y)?x", None),
    ],
)
def test_amounts_as_networks_write_them(text: str, pattern: str, amount: float | None) -> None:
    assert amount_in(text, pattern) == amount


async def test_it_is_asked_once_a_day_and_kept(tmp_path: Path) -> None:
    path, port = tmp_path / "b.db", make_port("gsm-1", says("Left: 12.30 EUR"))
    async with Rig(path, {"gsm-1": port}, tariff=TARIFF) as box:
        serving = asyncio.create_task(balance_of(box).serve(box.line()))
        await asyncio.sleep(QUIET_SECONDS + 1)
        assert [event.amount for event in box.events(BalanceTold)] == [12.30]
        await asyncio.sleep(2.1 * 24 * 3600)
        assert len(box.events(BalanceTold)) == 3
        serving.cancel()
    async with Rig(path, {"gsm-1": port}, tariff=TARIFF) as box:
        balance = balance_of(box)
        await balance.start()
        assert balance.told["gsm-1"].amount == 12.30


async def test_it_waits_for_the_end_of_a_call_and_a_quiet_minute(tmp_path: Path) -> None:
    port = make_port("gsm-1", says("Left: 12.30 EUR"))
    async with Rig(tmp_path / "b.db", {"gsm-1": port}, tariff=TARIFF) as box:
        serving = asyncio.create_task(balance_of(box).serve(box.line()))
        await asyncio.sleep(30)
        caller = port.ring()
        await asyncio.sleep(3600)
        assert box.events(BalanceTold) == []
        caller.remote_hangs_up()
        await asyncio.sleep(QUIET_SECONDS + 1)
        assert len(box.events(BalanceTold)) == 1
        serving.cancel()


async def test_a_low_balance_is_an_alarm_until_it_is_loaded_up(tmp_path: Path) -> None:
    port = make_port("gsm-1", says("Left: 1,99 EUR"))
    async with Rig(tmp_path / "b.db", {"gsm-1": port}, tariff=TARIFF) as box:
        balance = balance_of(box)
        await balance.ask(box.line())
        assert box.alarms.names("gsm-1") == [LOW]
        assert "1.99 is left, less than 2.00" in box.alarms.rows()[0]["text"]
        port.messages.codes = says("Left: 20,00 EUR").codes
        await balance.ask(box.line())
        assert box.alarms.names("gsm-1") == []


async def test_words_that_the_pattern_does_not_fit_are_an_alarm_that_quotes_them(tmp_path: Path) -> None:
    port = make_port("gsm-1", says("Dial *101# for your balance"))
    async with Rig(tmp_path / "b.db", {"gsm-1": port}, tariff=TARIFF) as box:
        await balance_of(box).ask(box.line())
        [alarm] = box.alarms.rows()
    assert alarm["name"] == UNKNOWN
    assert "Dial *101# for your balance" in alarm["text"]


async def test_a_menu_is_read_and_left(tmp_path: Path) -> None:
    menu = UssdReply(UssdState.ANSWER_WANTED, "You have 5.00 EUR. 1 More")
    port = make_port("gsm-1", VirtualMessages({"*100#": [menu]}))
    async with Rig(tmp_path / "b.db", {"gsm-1": port}, tariff=TARIFF) as box:
        assert (await balance_of(box).ask(box.line())).amount == 5.0
    assert port.messages.ended == 1


async def test_a_network_that_does_not_answer_is_asked_again_and_at_last_told(tmp_path: Path) -> None:
    refused = PortRefused("port gsm-1: no network")
    port = make_port("gsm-1", VirtualMessages({"*100#": [refused]}))
    async with Rig(tmp_path / "b.db", {"gsm-1": port}, tariff=TARIFF) as box:
        serving = asyncio.create_task(balance_of(box).serve(box.line()))
        await asyncio.sleep(1500)
        assert box.alarms.names("gsm-1") == []
        await asyncio.sleep(1500)
        [alarm] = box.alarms.rows()
        assert "in vain: port gsm-1: no network" in alarm["text"]
        serving.cancel()


async def test_a_tariff_without_a_code_asks_nothing(tmp_path: Path) -> None:
    async with Rig(tmp_path / "b.db", {"gsm-1": make_port("gsm-1")}) as box:
        await balance_of(box).serve(box.line())
        assert box.events(BalanceTold) == []
