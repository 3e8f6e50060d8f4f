"""Emulated modems under the stock ModemManager: enabled, called, answered, written to."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers.emulated.modem import Hooks, Modem
from drivers.emulated.network import Network, Plan
from tests.peers.modem_manager import AbstractPort, ModemManager, needs_modem_manager

pytestmark = [pytest.mark.realtime, pytest.mark.slow, pytest.mark.timeout(180), needs_modem_manager]

CALLER = "+4917012345678"


class Managed:
    """A modem, its network, and the ModemManager that has it."""

    def __init__(self, folder: Path, plugin: str) -> None:
        loop = asyncio.get_running_loop()
        name = f"callbox-{secrets.token_hex(4)}"
        self.answered = asyncio.Event()
        self.network = Network(later=loop.call_later, clock=loop.time, news=self._news)
        self.port = AbstractPort(name, lambda data: self.modem.feed(data))
        self.modem = Modem(
            "gsm-1",
            later=loop.call_later,
            clock=loop.time,
            hooks=Hooks(send=self.port.send),
            exchange=self.network,
        )
        self.manager = ModemManager(folder, port=name, plugin=plugin)

    def _news(self, name: str, values: dict[str, object]) -> None:
        if name == "answered":
            self.answered.set()

    def sent_digits(self) -> str:
        call = self.network.call_of(self.modem)
        return call.sent_digits if call is not None else ""


@asynccontextmanager
async def managed(folder: Path, plugin: str) -> AsyncIterator[Managed]:
    it = Managed(folder, plugin)
    await it.port.listen()
    try:
        async with it.manager:
            await it.manager.mmcli("-m", "any", "--enable")
            await it.manager.until("registration: home", "-m", "any")
            yield it
    finally:
        await it.port.close()


@pytest.mark.parametrize("plugin", ["simtech", "generic"])
async def test_it_finds_the_modem_and_its_network(tmp_path: Path, plugin: str) -> None:
    async with managed(tmp_path, plugin) as it:
        said = await it.manager.until("signal quality: 64%", "-m", "any")
        for fact in (it.modem.identity.imei, it.modem.identity.operator, it.modem.identity.number):
            assert fact in said


async def test_a_caller_is_shown_answered_sent_digits_and_hung_up(tmp_path: Path) -> None:
    async with managed(tmp_path, "simtech") as it:
        it.network.place(it.modem, CALLER, Plan())
        await it.manager.until("incoming", "-m", "any", "--voice-list-calls")
        assert CALLER in await it.manager.mmcli("-o", "0")
        await it.manager.mmcli("-o", "0", "--accept")
        await it.manager.until("active", "-o", "0")
        await it.answered.wait()
        await it.manager.mmcli("-o", "0", "--send-dtmf=5")
        assert it.sent_digits() == "5"
        await it.manager.mmcli("-o", "0", "--hangup")
        assert it.network.calls == {}


async def test_a_caller_who_leaves_is_noticed(tmp_path: Path) -> None:
    async with managed(tmp_path, "simtech") as it:
        call = it.network.place(it.modem, CALLER, Plan())
        await it.manager.until("ringing-in", "-m", "any", "--voice-list-calls")
        it.network.hang_up(call.id)
        await it.manager.until("terminated", "-m", "any", "--voice-list-calls")


async def test_it_dials(tmp_path: Path) -> None:
    async with managed(tmp_path, "simtech") as it:
        await it.manager.mmcli("-m", "any", "--voice-create-call=number=+49301")
        await it.manager.mmcli("-o", "0", "--start")
        await it.manager.until("active", "-o", "0")
        (call,) = it.network.calls.values()
        assert (call.number, call.inbound) == ("+49301", False)
        it.network.hang_up(call.id)
        await it.manager.until("terminated", "-m", "any", "--voice-list-calls")


TEXTS = ["Call 3/4: [ready] 5€", "Ваш баланс 12,34 €", "".join(f"{n:03d} words. " for n in range(40))]


@pytest.mark.parametrize("text", TEXTS)
async def test_messages_come_and_go(tmp_path: Path, text: str) -> None:
    async with managed(tmp_path, "simtech") as it:
        it.network.sms.send(it.modem.mailbox, CALLER, text)
        await it.manager.until("SMS/0 .*received", "-m", "any", "--messaging-list-sms")
        assert text in await it.manager.mmcli("-s", "0")
        await it.manager.mmcli("-m", "any", f"--messaging-create-sms=number='+49301',text='{text}'")
        await it.manager.mmcli("-s", "1", "--send")
        assert [(sms.number, sms.text) for sms in it.network.sms.sent] == [("+49301", text)]
