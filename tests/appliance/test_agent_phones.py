"""Want 2: an agent is ready while a phone is registered; and a phone's wishes reach its leg."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from appliance.acd.agent import AgentState
from appliance.acd.choice import longest_idle
from appliance.acd.distributor import Distributor
from appliance.acd.invariants import breaches
from appliance.agent_phones import AgentPhones
from appliance.bus import Bus
from appliance.clock import Clock
from appliance.config.schema import Config
from appliance.edge.watch import RPC_SOCKET, EdgeState
from drivers.port import PortLost
from drivers.sip.referral import Referral
from tests.appliance.edge.fake_kamailio import FakeKamailio, contact, free_pair, hexed, locations

DESK = "sip:ana-desk@192.0.2.7:5060"


class Told:
    """A leg that notes what its phone is told."""

    id = "sip.1"

    def __init__(self) -> None:
        self.referrals: asyncio.Queue[Referral] = asyncio.Queue()
        self.answers: list[tuple[int, str, bool]] = []

    async def tell_referrer(self, code: int, reason: str, last: bool) -> None:
        self.answers.append((code, reason, last))


class Desk:
    """Two agents, of whom ana needs a registered phone, and an edge that is a fake."""

    def __init__(self, folder: Path) -> None:
        port = free_pair()
        config = Config.model_validate(
            {
                "edge": {"internal_port": port},
                "sip": {"port": 6080},
                "agents": {"ana": {}, "ben": {"phone": "sip:ben@127.0.0.1:5072"}},
                "phones": {"ana-desk": {"agent": "ana"}},
            }
        )
        clock = Clock()
        bus = Bus(clock)
        self.acd = Distributor(publish=bus.publish, now=clock.mono, checked=self._check)
        self.acd.add_queue("sales", ("ana", "ben"), longest_idle)
        self.legs: dict[str, Any] = {}
        pool: Any = SimpleNamespace(leg_of=self.legs.get)
        self.phones = AgentPhones(config, folder, acd=self.acd, pool=pool, bus=bus, clock=clock)
        self.kamailio = FakeKamailio(folder / "run" / RPC_SOCKET, port)

    def _check(self, acd: Distributor) -> None:
        assert list(breaches(acd)) == []

    def shown(self, agent: str = "ana") -> str:
        found = self.acd.agents[agent]
        return f"{found.state.value} {found.reason}".strip()

    async def until(self, true: Callable[[], bool], seconds: float = 10.0) -> None:
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110 - real sockets set no event of ours
                await asyncio.sleep(0.005)


def at_a_desk(folder: Path, work: Callable[[Desk], Awaitable[None]]) -> None:
    """In real time, some hundredths of a second."""

    async def run() -> None:
        desk = Desk(folder)
        await desk.kamailio.start()
        watching: asyncio.Task[None] | None = None
        try:
            for agent in ("ana", "ben"):
                desk.phones.wait_for_phone(agent)
                desk.acd.log_in(agent)
            watching = asyncio.create_task(desk.phones.run())
            await work(desk)
        finally:
            if watching is not None:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            await desk.kamailio.stop()

    asyncio.run(run())


def test_who_begins_work_waits_for_the_phone_and_is_ready_with_it(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        assert desk.shown("ana") == "paused not known yet: which phones are registered"
        assert desk.shown("ben") == "ready"
        await desk.until(lambda: desk.shown() == "paused no phone registered: ana-desk was not seen yet")
        desk.kamailio.tell(
            news="registered",
            agent="ana",
            phone="ana-desk",
            contact_hex=hexed(DESK),
            source="udp:x:1",
            expires=60,
        )
        await desk.until(lambda: desk.shown() == "ready")
        assert [account.user for account in desk.phones.accounts.all()] == ["ana-desk"]

    at_a_desk(tmp_path, work)


@pytest.mark.parametrize("why", ["expired", "unregistered"])
def test_a_phone_that_goes_takes_its_agent_out_and_brings_the_agent_back(tmp_path: Path, why: str) -> None:
    """Want 2: nobody is available whose device is gone, not even for one call."""
    phone = {"agent": "ana", "phone": "ana-desk", "contact_hex": hexed(DESK)}

    async def work(desk: Desk) -> None:
        desk.acd.log_out("ben")
        await desk.until(lambda: desk.shown().endswith("was not seen yet"))
        for _ in range(2):
            desk.kamailio.tell(news="registered", source="udp:x:1", expires=60, **phone)
            await desk.until(lambda: desk.shown() == "ready")
            desk.phones.edge.registrations.settle()  # the edge is up for long
            desk.kamailio.tell(news="unregistered", why=why, **phone)
            await desk.until(lambda: desk.shown().startswith("paused no phone registered"))
        ticket = desk.acd.join("c1", "sales", 0.0)
        assert (ticket.state.value, ticket.agents) == ("waiting", ())
        desk.kamailio.tell(news="registered", source="udp:x:1", expires=60, **phone)
        await desk.until(lambda: desk.shown() == "offered")

    at_a_desk(tmp_path, work)


def test_nobody_is_called_unregistered_before_it_is_known(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        with pytest.raises(PortLost, match="not back yet"):
            desk.phones.registered("ana")
        assert not desk.phones.registered("ben")  # who has an address
        desk.kamailio.locations = locations(ana=[contact(DESK)])
        await desk.until(lambda: desk.phones.edge.state is EdgeState.UP)
        assert desk.phones.registered("ana")
        await desk.kamailio.stop()
        await desk.until(lambda: desk.phones.edge.state is EdgeState.LOST)
        with pytest.raises(PortLost):
            desk.phones.registered("ana")
        desk.kamailio.locations = locations()  # it forgot its TCP connections
        await desk.kamailio.start()
        await desk.until(lambda: desk.phones.edge.state is EdgeState.UP)
        with pytest.raises(PortLost):
            desk.phones.registered("ana")
        assert desk.shown() == "ready"
        desk.phones.edge.registrations.settle()
        assert not desk.phones.registered("ana")

    at_a_desk(tmp_path, work)


def test_who_was_ready_before_a_restart_of_the_brain_stays_so(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        desk.kamailio.locations = locations(ana=[contact(DESK)])
        desk.acd.restore("ana", AgentState.READY, since=0.0)
        desk.acd.agents["ana"].hindrances.clear()
        changes = []
        desk.phones.edge._bus.subscribe(lambda stamped: changes.append(type(stamped.event).__name__))
        await desk.until(lambda: "ProcessBack" in changes)
        assert desk.shown() == "ready"
        assert "AgentChanged" not in changes

    at_a_desk(tmp_path, work)


def test_a_wish_to_transfer_reaches_the_leg_of_its_call(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
        leg = desk.legs["c1@192.0.2.7"] = Told()
        await desk.kamailio.met.wait()

        def refer(call_id: str, to: str) -> None:
            desk.kamailio.tell(
                news="refer", call_id_hex=hexed(call_id), source="udp:192.0.2.7:5060", to_hex=hexed(to)
            )

        refer("gone", "<sip:12@box>")
        refer("c1@192.0.2.7", "<sip:12@box?Replaces=c2%3Bto-tag%3D1%3Bfrom-tag%3D2>")
        refer("c1@192.0.2.7", "nonsense")
        await desk.until(lambda: bool(leg.answers))
        assert leg.referrals.get_nowait() == Referral(
            "12", "c2", "<sip:12@box?Replaces=c2%3Bto-tag%3D1%3Bfrom-tag%3D2>"
        )
        assert leg.referrals.empty()
        assert leg.answers == [(400, "Bad Refer-To", True)]

    at_a_desk(tmp_path, work)


@pytest.mark.parametrize(("up", "state"), [(True, "ap"), (False, "ip")])
def test_kamailio_is_told_of_workers_at_once(tmp_path: Path, up: bool, state: str) -> None:
    async def work(desk: Desk) -> None:
        desk.phones.worker("sip-1", up)
        desk.phones.worker("strange", up)
        told = ("dispatcher.set_state", [state, 1, "sip:127.0.0.1:6081"])
        await desk.until(lambda: told in desk.kamailio.asked)

    at_a_desk(tmp_path, work)
