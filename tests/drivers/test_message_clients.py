"""Text messages of the emulated modem under other people's programs, as they come from Debian and PyPI."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drivers.emulator_rig import Emulator, emulator
from tests.peers.gammu import GammuSmsd, gammu, needs_gammu, needs_gammu_smsd
from tests.peers.gsmmodem import GsmModemClient
from tests.peers.smstools import Smstools, needs_smstools

pytestmark = [pytest.mark.realtime, pytest.mark.slow, pytest.mark.timeout(120)]

SENDER = "+4917012345678"
SHORT = "Call 3/4: [ready] {now} ~5€ ^_^"  # the extension table of GSM 7 bit
LONG = "".join(f"{number:03d} words. " for number in range(40))  # 400 characters, three parts
CYRILLIC = "Ваш баланс 12,34 €"
TEXTS = [SHORT, LONG, CYRILLIC]


async def arrives(emu: Emulator, text: str, **more: object) -> None:
    await emu.ask("sms", modem="gsm-1", number=SENDER, text=text, **more)


async def left(emu: Emulator) -> list[tuple[str, str]]:
    """(number, text) of what the modem sent."""
    return [(sms["number"], sms["text"]) for sms in (await emu.ask("sms-sent"))["sent"]]


@needs_smstools
@pytest.mark.parametrize("text", TEXTS)
async def test_smstools_receives(tmp_path: Path, text: str) -> None:
    async with emulator(tmp_path) as emu:
        await arrives(emu, text)
        async with Smstools(tmp_path / "spool", f"{tmp_path}/gsm-1-at") as smsd:
            await smsd.until(lambda: len(smsd.received()) >= 1)
            await arrives(emu, "and one while it runs")
            await smsd.until(lambda: len(smsd.received()) >= 2)
            assert sorted(smsd.received()) == sorted(
                [(SENDER.removeprefix("+"), text), (SENDER.removeprefix("+"), "and one while it runs")]
            )


@needs_smstools
async def test_smstools_sends_and_gets_reports(tmp_path: Path) -> None:
    async with emulator(tmp_path) as emu, Smstools(tmp_path / "spool", f"{tmp_path}/gsm-1-at") as smsd:
        for number, text in enumerate(TEXTS):
            smsd.send(f"out-{number}", "+49301", text, report=True)
        await smsd.until(lambda: len(smsd.sent()) == len(TEXTS), 60)
        assert smsd.failed() == []
        assert sorted(await left(emu)) == sorted(("+49301", text) for text in TEXTS)
        await smsd.until(lambda: len(smsd.reports()) >= len(TEXTS), 60)


@needs_gammu_smsd
async def test_gammu_smsd_receives(tmp_path: Path) -> None:
    async with emulator(tmp_path) as emu:
        await arrives(emu, SHORT)
        async with GammuSmsd(tmp_path / "spool", f"{tmp_path}/gsm-1-at") as smsd:
            await smsd.until(lambda: len(smsd.received()) >= 1)
            await arrives(emu, CYRILLIC)
            await smsd.until(lambda: len(smsd.received()) >= 2)
            assert smsd.received() == [SHORT, CYRILLIC]


@needs_gammu_smsd
async def test_gammu_smsd_joins_a_long_message(tmp_path: Path) -> None:
    async with emulator(tmp_path) as emu:
        await arrives(emu, LONG)
        async with GammuSmsd(tmp_path / "spool", f"{tmp_path}/gsm-1-at") as smsd:
            await smsd.until(lambda: len("".join(smsd.received())) >= len(LONG))
            assert "".join(smsd.received()) == LONG


@needs_gammu_smsd
async def test_gammu_smsd_sends(tmp_path: Path) -> None:
    async with emulator(tmp_path) as emu, GammuSmsd(tmp_path / "spool", f"{tmp_path}/gsm-1-at") as smsd:
        texts = [text.replace("~", "|") for text in TEXTS]  # "~5" is a picture of a Nokia to gammu-smsd
        for text in texts:
            await smsd.send("+49301", text)
        await smsd.until(lambda: len(smsd.sent()) >= len(texts), 60)
        assert smsd.failed() == []
        assert sorted(await left(emu)) == sorted(("+49301", text) for text in texts)


@needs_gammu
async def test_gammu_sends_and_lists(tmp_path: Path) -> None:
    async with emulator(tmp_path) as emu:
        await arrives(emu, SHORT)
        device = f"{tmp_path}/gsm-1-at"
        assert SHORT in await gammu(tmp_path, device, "getallsms")
        await gammu(tmp_path, device, "sendsms", "TEXT", "+49301", "-text", SHORT)
        assert await left(emu) == [("+49301", SHORT)]


@needs_gammu
async def test_gammu_dials(tmp_path: Path) -> None:
    async with emulator(tmp_path) as emu:
        await gammu(tmp_path, f"{tmp_path}/gsm-1-at", "dialvoice", "+49301")
        assert (await emu.until("dialled"))["number"] == "+49301"


@pytest.mark.parametrize("text", TEXTS)
async def test_python_gsmmodem_sends_and_receives(tmp_path: Path, text: str) -> None:
    async with emulator(tmp_path) as emu, GsmModemClient(f"{tmp_path}/gsm-1-at") as client:
        await arrives(emu, "hello")
        assert await client.told("sms") == {"sms": "hello", "sender": SENDER}
        client.do("send", "+49301", text, True)
        await client.told("sent")
        assert await left(emu) == [("+49301", text)]


async def test_python_gsmmodem_asks_for_the_balance(tmp_path: Path) -> None:
    async with emulator(tmp_path) as emu, GsmModemClient(f"{tmp_path}/gsm-1-at") as client:
        await emu.ask("ussd", code="*123#", text="You have 12,34 EUR")
        client.do("ussd", "*123#")
        assert (await client.told("ussd"))["ussd"] == "You have 12,34 EUR"
