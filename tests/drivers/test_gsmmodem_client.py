"""Emulated modems under python-gsmmodem-new: identified, called, answered, dialled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drivers.emulator_rig import emulator
from tests.peers.gsmmodem import GsmModemClient

pytestmark = [pytest.mark.realtime, pytest.mark.slow, pytest.mark.timeout(120)]


async def test_it_identifies_the_modem(tmp_path: Path) -> None:
    async with emulator(tmp_path), GsmModemClient(f"{tmp_path}/gsm-1-at") as client:
        client.do("facts")
        facts = await client.told("imei")
        assert facts["network"] == "Testnetz"
        assert facts["signal"] == 20
        assert facts["number"].startswith("+49")


async def test_a_caller_is_shown_answered_sent_keys_and_hung_up(tmp_path: Path) -> None:
    async with emulator(tmp_path) as emu, GsmModemClient(f"{tmp_path}/gsm-1-at") as client:
        await emu.ask("call", modem="gsm-1", number="+4917012345678")
        assert await client.told("rings") == {"rings": "+4917012345678"}
        client.do("answer")
        await client.told("answered")
        await emu.until("answered")
        client.do("keys", "5")
        await client.told("keys")
        client.do("hang_up")
        await client.told("hung_up")
        ended = await emu.until("ended")
        assert (ended["by"], ended["sent_digits"]) == ("box", "5")


async def test_it_dials(tmp_path: Path) -> None:
    async with emulator(tmp_path) as emu, GsmModemClient(f"{tmp_path}/gsm-1-at") as client:
        client.do("dial", "+49301")
        await emu.until("answered")
        client.do("hang_up")
        await client.told("hung_up")
        assert (await emu.until("ended"))["by"] == "box"
