"""The trunks' ports follow what the edge says, and what it says when it is not there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from appliance.config.schema import Config
from appliance.edge.rpc import EdgeAway
from appliance.edge.trunks import Trunks
from appliance.edge.watch import EdgeState
from appliance.trunk_lines import NAMES_SECONDS, TrunkLines, account_of, settings_of
from drivers.port import PortState
from drivers.sip.identity import CallerHeader
from drivers.sip.pool import SipPool
from drivers.sip.trunk import DialFormat

TRUNK: dict[str, Any] = {"driver": "sip", "to": "hangup", "hosts": ["192.0.2.1"]}
ACCOUNT = {"registers": True, "user": "box", "password": "secret", "number": "+4930100", "calls": 4}


class FakeEdge:
    """Kamailio's answers in the hands of the test: `servers` that are up, `flags` of the registration."""

    def __init__(self) -> None:
        self.state = EdgeState.UP
        self.trunks = Trunks()
        self.rpc = self
        self.on_trunk = lambda: None
        self.servers = {"0": 1, "1": 1}
        self.flags = 4
        self.sources = 2
        self.asked: list[str] = []
        self.away = False

    def why_away(self) -> str:
        return "Kamailio does not answer"

    async def ask(self, method: str, *_: object) -> Any:
        self.asked.append(method)
        if self.away:
            raise EdgeAway("nobody there")
        if method == "dispatcher.list":
            return {"RECORDS": [{"SET": {"ID": 100, "TARGETS": [{}] * self.sources}}]}
        if method == "uac.reg_dump":
            return [{"l_uuid": "x", "l_username": "account", "flags": self.flags}]
        return [{"slot": [{"name": name, "value": value} for name, value in self.servers.items()]}]


@contextlib.asynccontextmanager
async def lines(edge: FakeEdge) -> AsyncIterator[TrunkLines]:
    config = Config.model_validate(
        {"lines": {"plain": TRUNK, "account": {**TRUNK, **ACCOUNT}, "off": {**TRUNK, "enabled": False}}}
    )
    made = TrunkLines(config, pool=SipPool(sockets=[]), edge=edge)  # type: ignore[arg-type]
    running = asyncio.create_task(made.run())
    try:
        async with asyncio.timeout(600):
            await asyncio.gather(*(port.open() for port in made.ports.values()))
            yield made
    finally:
        running.cancel()
        await asyncio.wait({running})
        for port in made.ports.values():
            await port.close()


async def test_each_line_is_as_well_as_its_servers_and_its_registration() -> None:
    edge = FakeEdge()
    async with lines(edge) as made:
        assert {name: port.state for name, port in made.ports.items()} == {
            "plain": PortState.IDLE,
            "account": PortState.IDLE,
        }
        edge.flags = 0
        edge.on_trunk()
        await made.ports["account"].until_state(PortState.FAULT)
        assert "registration is not answered" in made.ports["account"].reason
        edge.flags, edge.servers["0"] = 4, 0
        await made.ports["plain"].until_state(PortState.FAULT)
        await made.ports["account"].until_state(PortState.IDLE)


async def test_without_an_edge_every_line_says_so_and_a_restart_of_it_says_nothing() -> None:
    edge = FakeEdge()
    async with lines(edge) as made:
        edge.away = True
        await asyncio.sleep(3)
        assert made.ports["plain"].state is PortState.IDLE
        edge.state = EdgeState.AWAY
        await made.ports["plain"].until_state(PortState.FAULT)
        assert made.ports["plain"].reason == "Kamailio does not answer"
        edge.state, edge.away = EdgeState.UP, False
        await made.ports["plain"].until_state(PortState.IDLE)


@pytest.mark.parametrize(("sources", "is_asked"), [(2, False), (1, True)])
async def test_names_that_were_not_found_are_looked_up_again(sources: int, is_asked: bool) -> None:
    edge = FakeEdge()
    edge.sources = sources
    async with lines(edge):
        await asyncio.sleep(NAMES_SECONDS + 1)
        assert ("dispatcher.reload" in edge.asked) is is_asked


def test_a_port_and_an_account_are_made_of_the_line() -> None:
    options = {"caller_id_in": "remote-party-id", "dial_format": "e164", "srtp": "always"}
    config = Config.model_validate({"lines": {"account": {**TRUNK, **ACCOUNT, **options}}})
    line: Any = config.lines["account"]
    settings = settings_of(line)
    assert (settings.caller_id, settings.domain, settings.outgoing_calls) == ("+4930100", "192.0.2.1", 4)
    assert (settings.caller_id_in, settings.dial_format) == (CallerHeader.PARTY, DialFormat.E164)
    account = account_of("account", line)
    assert (account.name, account.user, account.password, account.srtp) == (
        "account",
        "box",
        "secret",
        "always",
    )
    assert "secret" not in repr(account)
