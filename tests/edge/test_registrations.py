"""An agent's state follows real phones: they come, go, are killed, or cut off.

The times are the reference's: news within milliseconds, a broken connection within 3 s, a phone that answers
no more within 20 s.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from appliance.acd.choice import longest_idle
from appliance.acd.distributor import Distributor
from appliance.acd.invariants import breaches
from appliance.agent_phones import AgentPhones
from appliance.bus import Bus
from appliance.clock import Clock
from appliance.edge.watch import EdgeState
from appliance.events import AgentChanged, Event, PhoneLost, PhoneRegistered, ProcessBack, ProcessLost
from tests.edge.conftest import PHONES
from tests.peers.baresip import Baresip, needs_baresip
from tests.peers.digest_phone import DigestPhone
from tests.peers.edge import Edge, needs_kamailio

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_kamailio]


class Seen:
    """The part of a brain that watches over phones, at a real edge, and agents who began work."""

    def __init__(self, edge: Edge) -> None:
        self.events: list[Event] = []
        clock = Clock()
        bus = Bus(clock)
        bus.subscribe(lambda stamped: self.events.append(stamped.event))
        self.acd = Distributor(publish=bus.publish, now=clock.mono, checked=self._check)
        self.acd.add_queue("sales", tuple(edge.config.agents), longest_idle)
        pool: Any = SimpleNamespace(leg_of=lambda call_id: None)
        self.phones = AgentPhones(edge.config, edge.state, acd=self.acd, pool=pool, bus=bus, clock=clock)
        self.watch = self.phones.edge
        for agent in edge.config.agents:
            self.phones.wait_for_phone(agent)
            self.acd.log_in(agent)

    def _check(self, acd: Distributor) -> None:
        assert list(breaches(acd)) == []

    def shown(self, agent: str = "ana") -> str:
        """What a screen says of the agent."""
        found = self.acd.agents[agent]
        return f"{found.state.value} {found.reason}".strip()

    async def until(self, ready: bool, agent: str = "ana", *, seconds: float) -> float:
        """Wait until the agent is READY, or not; how long it took."""
        began = time.monotonic()
        async with asyncio.timeout(seconds):
            while (self.shown(agent) == "ready") is not ready:  # noqa: ASYNC110 - processes set no event of ours
                await asyncio.sleep(0.002)
        return time.monotonic() - began

    def settled(self) -> None:
        """As if the seconds after the start were over, in which a lost connection is in doubt only."""
        self.watch.registrations.settle()


@contextlib.asynccontextmanager
async def seeing(edge: Edge) -> AsyncIterator[Seen]:
    seen = Seen(edge)
    task = asyncio.create_task(seen.phones.run())
    try:
        async with asyncio.timeout(3):
            while seen.watch.state is not EdgeState.UP:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
        yield seen
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def desk(edge: Edge) -> DigestPhone:
    return DigestPhone("ana-desk", "secret-a", edge.sip_port)


def baresip(edge: Edge, folder: Path, transport: str) -> Baresip:
    port = edge.tls_port if transport == "tls" else edge.sip_port
    registrar = f"127.0.0.1:{port};transport={transport}"
    return Baresip(folder, user="ana-desk", registrar=registrar, password=PHONES["ana-desk"][1])


async def test_a_phone_makes_its_agent_ready_at_once_and_leaves_as_fast(edge: Edge) -> None:
    async with seeing(edge) as seen, desk(edge) as phone:
        assert seen.shown() == "paused no phone registered: ana-desk and ana-mobile were not seen yet"
        await phone.register()
        assert await seen.until(True, seconds=1) < 0.1
        await phone.register(seconds=0)
        assert await seen.until(False, seconds=1) < 0.1
        assert seen.shown().startswith("paused no phone registered: ana-desk was last seen ")
        kinds = [type(event) for event in seen.events[-4:]]
        assert kinds == [PhoneRegistered, AgentChanged, PhoneLost, AgentChanged]


async def test_a_brain_that_starts_later_finds_the_phone_with_its_name(edge: Edge) -> None:
    async with desk(edge) as phone:
        await phone.register(contact="<sip:nobody-knows@127.0.0.1:9>")
        async with seeing(edge) as seen:
            assert [(d.phone, d.transport) for d in seen.watch.registrations.devices("ana")] == [
                ("ana-desk", "udp")
            ]
            await phone.register(contact="*", seconds=0)
            await seen.until(False, seconds=1)


async def test_a_restart_of_kamailio_changes_nobody(edge: Edge) -> None:
    async with seeing(edge) as seen, desk(edge) as phone:
        await phone.register()
        await seen.until(True, seconds=1)
        await asyncio.sleep(2.5)  # the locations are on the disk
        seen.events.clear()
        await edge.restart()
        async with asyncio.timeout(5):
            while seen.watch.state is not EdgeState.UP:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
        seen.settled()
        assert seen.shown() == "ready"
        assert [type(event) for event in seen.events] == [ProcessLost, ProcessBack]
        await phone.register(seconds=0)
        await seen.until(False, seconds=1)


@needs_baresip
@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_a_phone_whose_connection_breaks_is_gone_within_seconds(
    edge: Edge, tmp_path: Path, transport: str
) -> None:
    async with seeing(edge) as seen, baresip(edge, tmp_path, transport) as phone:
        await seen.until(True, seconds=5)
        assert [device.transport for device in seen.watch.registrations.devices("ana")] == [transport]
        seen.settled()
        phone.process.kill()
        assert await seen.until(False, seconds=5) < 3.5
        assert seen.events[-2] == PhoneLost(agent="ana", phone="ana-desk", why="lost")


@needs_baresip
async def test_a_phone_that_answers_no_more_is_gone_within_twenty_seconds(edge: Edge, tmp_path: Path) -> None:
    async with seeing(edge) as seen, baresip(edge, tmp_path, "udp") as phone:
        await seen.until(True, seconds=5)
        seen.settled()
        phone.process.kill()
        assert await seen.until(False, seconds=25) < 22
        assert seen.events[-2] == PhoneLost(agent="ana", phone="ana-desk", why="lost")


async def test_a_worker_that_died_gets_no_call_from_this_moment_on(edge: Edge) -> None:
    async with seeing(edge) as seen, edge.listening(), edge.staffed():
        for name, up, state in (("sip-0", False, "I"), ("sip-0", True, "A")):
            seen.phones.worker(name, up)
            async with asyncio.timeout(1):
                while not (await flags(edge)).startswith(state):  # noqa: ASYNC110 # it is asked each time
                    await asyncio.sleep(0.01)


async def flags(edge: Edge) -> str:
    """How Kamailio sees the first worker: A(ctive) or I(nactive), and P for probed."""
    sets = (await edge.rpc.ask("dispatcher.list"))["RECORDS"]
    workers = next(each["SET"]["TARGETS"] for each in sets if each["SET"]["ID"] == 1)
    uri = f"sip:127.0.0.1:{edge.workers[0]}"
    return str(next(row["DEST"]["FLAGS"] for row in workers if row["DEST"]["URI"] == uri))


async def test_a_phone_put_out_by_a_new_password_is_gone_at_once(edge: Edge) -> None:
    async with seeing(edge) as seen, desk(edge) as phone:
        await phone.register()
        await seen.until(True, seconds=1)
        await seen.watch.put_out("ana-desk")
        assert seen.shown() != "ready"
        assert phone.contact not in str(await seen.watch.rpc.ask("ul.dump"))
