"""What the command line asks of phones, over the brain's own socket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from appliance.acd.distributor import Distributor
from appliance.agent_phones import AgentPhones
from appliance.api.control import SOCKET, Control, ask_once
from appliance.api.phone_requests import PhoneRequests
from appliance.bus import Bus
from appliance.calls.agents import AgentDesk
from appliance.clock import Clock
from appliance.config.schema import Config
from appliance.edge.watch import RPC_SOCKET, EdgeState
from appliance.store.accounts import ha1_of
from appliance.store.sign_in import SignIn
from drivers.wire import WireError
from tests.appliance.edge.fake_kamailio import FakeKamailio, contact, free_pair, locations

HA1 = "0123456789abcdef0123456789abcdef"
DESK = "sip:ana-desk@192.0.2.7:5060"
Ask = Callable[..., Awaitable[dict[str, Any]]]


def at_a_box(folder: Path, work: Callable[[Ask, AgentPhones, FakeKamailio], Awaitable[None]]) -> None:
    """A brain that has phones only, and a Kamailio that is a fake; in real time."""

    async def run() -> None:
        port = free_pair()
        config = Config.model_validate(
            {
                "edge": {"internal_port": port},
                "agents": {"ana": {}, "ben": {}},
                "phones": {
                    "ana-desk": {"agent": "ana", "mac": "00:15:65:12:34:56", "model": "yealink"},
                    "ben-desk": {"agent": "ben", "ha1": HA1},
                },
            }
        )
        clock = Clock()
        bus = Bus(clock)
        acd = Distributor(publish=bus.publish, now=clock.mono)
        kamailio = FakeKamailio(folder / "run" / RPC_SOCKET, port)
        kamailio.locations = locations(ana=[contact(DESK)], ben=[contact("sip:k3j@x;transport=ws")])
        await kamailio.start()
        pool: Any = SimpleNamespace(leg_of=lambda call_id: None)
        phones = AgentPhones(config, folder, acd=acd, pool=pool, bus=bus, clock=clock)
        watching = asyncio.create_task(phones.run())
        control = Control(
            folder / "run",
            desk=AgentDesk(acd, bus),
            also=[PhoneRequests(config, phones)],
            status=dict,
            reset_line=lambda name: None,
        )

        async def ask(op: str, **fields: Any) -> dict[str, Any]:
            return await ask_once(folder / "run" / SOCKET, op, **fields)

        try:
            async with asyncio.timeout(10):
                while phones.edge.state is not EdgeState.UP:  # noqa: ASYNC110 - real sockets
                    await asyncio.sleep(0.005)
            await work(ask, phones, kamailio)
        finally:
            control.close()
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await kamailio.stop()

    asyncio.run(run())


def test_the_list_has_every_phone_and_every_registered_browser(tmp_path: Path) -> None:
    async def work(ask: Ask, phones: AgentPhones, kamailio: FakeKamailio) -> None:
        await asyncio.to_thread(phones.accounts.add_browser, "ana", 60)
        told = await ask("phones")
        rows = [(row["phone"], row["agent"], row["password"], row["registered"]) for row in told["phones"]]
        assert rows == [
            ("ana-desk", "ana", "none", True),
            ("ben-desk", "ben", "configured", False),
            ("", "ben", "", True),
        ]
        assert told["edge"] == "up"

    at_a_box(tmp_path, work)


def test_a_new_password_is_told_once_and_puts_the_old_phone_out(tmp_path: Path) -> None:
    async def work(ask: Ask, phones: AgentPhones, kamailio: FakeKamailio) -> None:
        told = await ask("phone_password", phone="ana-desk")
        assert len(told["password"]) == 16
        assert (told["realm"], told["sip_port"]) == ("callbox", 5060)
        row = next(account for account in phones.accounts.all() if account.user == "ana-desk")
        assert row.made_s > 0
        assert ("ul.rm_contact", ["location", "ana", DESK]) in kamailio.asked
        assert not phones.edge.registrations.registered("ana")
        assert ha1_of("ana-desk", "callbox", told["password"]) != HA1
        for phone in ("ben-desk", "nobody"):
            with pytest.raises(WireError, match=f"{phone}"):
                await ask("phone_password", phone=phone)

    at_a_box(tmp_path, work)


def test_a_token_is_an_address_for_one_phone(tmp_path: Path) -> None:
    async def work(ask: Ask, phones: AgentPhones, kamailio: FakeKamailio) -> None:
        told = await ask("phone_token", phone="ana-desk")
        assert told["url"] == f"https://127.0.0.1:8443/provision/{told['token']}/"
        assert phones.accounts.token_phone(told["token"]) == "ana-desk"
        with pytest.raises(WireError, match=r"Give it `model` and `mac` in \[phones\.ben-desk\]"):
            await ask("phone_token", phone="ben-desk")
        with pytest.raises(WireError, match="no phone 'nobody'"):
            await ask("phone_token", phone="nobody")

    at_a_box(tmp_path, work)


@pytest.mark.slow
def test_an_agents_password_is_set_or_made(tmp_path: Path) -> None:
    async def work(ask: Ask, phones: AgentPhones, kamailio: FakeKamailio) -> None:
        assert (await ask("agent_password", agent="ana", password="correct horse"))["password"] == ""
        assert await phones.sign_ins.check("ana", "correct horse", "192.0.2.1") is SignIn.RIGHT
        made = (await ask("agent_password", agent="ben"))["password"]
        assert await phones.sign_ins.check("ben", made, "192.0.2.1") is SignIn.RIGHT
        with pytest.raises(WireError, match=r"no agent 'cem'\. Known agents: ana, ben"):
            await ask("agent_password", agent="cem")
        with pytest.raises(WireError, match="needs 8 to 256"):
            await ask("agent_password", agent="ana", password="short")

    at_a_box(tmp_path, work)
