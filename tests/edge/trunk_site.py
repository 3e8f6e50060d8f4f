"""A box's trunks for a test: a real edge and worker, a stand-in for the engine; sipp is outside."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.config.schema import Config
from appliance.dialplan.numbering import CountryNumbering
from appliance.edge.render import secrets_of
from appliance.edge.trunk_sets import contact_user, trunk_lines
from appliance.edge.trunk_views import TrunkReader
from appliance.trunk_lines import account_of, settings_of
from drivers.port import LegState, PortState
from drivers.sip.leg import SipLeg
from drivers.sip.pool import SipPool
from drivers.sip.trunk import TrunkPort, TrunkView
from tests.drivers.sip.bench import Bench
from tests.drivers.sip.stand_in import StandIn
from tests.peers.edge import Edge, free_ports

OUR_TONE, THEIR_TONE = 700.0, 440.0
PASSWORD = "it's 100% $ecret"
TRUNK = """
[lines.{name}]
driver = "sip"
to = "hangup"
options_seconds = 2
{options}
"""


@dataclass(frozen=True)
class Ports:
    """Where the providers of the test stand, free a moment ago."""

    plain: int
    first: int
    second: int
    registrar: int
    caller: int
    tcp: int


def trunk_toml(ports: Ports) -> str:
    """The lines: `plain` without an account, `two` of two servers, `account` that registers, `tcp`."""
    at = "127.0.0.1:{}".format
    lines = {
        "plain": f'hosts = ["{at(ports.plain)}"]\nsources = ["localhost:{ports.caller}"]\n'
        'caller_id = "+4930100"\n'
        'caller_id_from = "p-asserted-identity"\nnumber = "+4930100"',
        "two": f'hosts = ["{at(ports.first)}", "{at(ports.second)}"]\ndial_format = "national"\ncalls = 1',
        "account": f'hosts = ["{at(ports.registrar)}"]\nregisters = true\nuser = "box"\n'
        f'password = "{PASSWORD}"\n'
        'domain = "provider.example"\ncaller_id = "+4930200"\ncaller_id_in = "p-asserted-identity"\n'
        'session_timer = "always"',
        "tcp": f'hosts = ["127.0.0.2:{ports.tcp}"]\ntransport = "tcp"',
    }
    return "".join(TRUNK.format(name=name, options=options) for name, options in lines.items())


class TrunkSite:
    """The edge of a module, with what a test needs of the brain around it."""

    def __init__(self, edge: Edge, ports: Ports) -> None:
        self.edge = edge
        self.at = ports
        self.config: Config = edge.config
        self.lines: dict[str, TrunkPort] = {}
        self.engine: StandIn

    @contextlib.asynccontextmanager
    async def staffed(self, folder: Path) -> AsyncIterator[TrunkSite]:
        """A worker and the brain's ports, every server taken for alive; for at most 50 s."""
        worker = Bench(folder, options=["--edge", f"127.0.0.1:{self.edge.internal_port}"])
        worker.port = self.edge.workers[0]
        await worker.start()
        pool = SipPool(sockets=[worker.socket])
        numbering = CountryNumbering("de")
        self.lines = {
            name: TrunkPort(name, pool=pool, settings=settings_of(line), numbering=numbering)
            for name, line in trunk_lines(self.config).items()
        }
        pool.trunks.update(self.lines)
        pool.set_accounts([account_of(name, line) for name, line in trunk_lines(self.config).items()])
        try:
            async with asyncio.timeout(50), self.edge.listening():
                await pool.open()
                await pool.until_state(PortState.IDLE)
                await self._open()
                await self.edge.rpc.ask("dispatcher.set_state", "ap", 1, f"sip:127.0.0.1:{worker.port}")
                with StandIn(pool.memfd("sip-0"), say_hertz=OUR_TONE) as self.engine:
                    yield self
        finally:
            for port in self.lines.values():
                await port.close()
            await pool.close()
            await worker.end()

    async def _open(self) -> None:
        for name, port in self.lines.items():
            port.seen(TrunkView(up=tuple(self.config.lines[name].hosts), registered=True))  # type: ignore[attr-defined]
            await port.open()

    async def ring(self, line: str) -> SipLeg:
        """The next caller on a line."""
        async with asyncio.timeout(5):
            leg = await self.lines[line].next_ring()
        assert isinstance(leg, SipLeg)
        return leg

    async def registered(self) -> None:
        """Have `account` register now, and wait until it has."""
        host = f"127.0.0.1:{self.at.registrar}"
        for word in ("disable", "enable"):
            await self.edge.rpc.ask(f"uac.reg_{word}", "l_uuid", self.contact())
        await self.until_up("account", host)
        reader = TrunkReader(self.config)
        views = None
        while not views or not views["account"].registered:
            await asyncio.sleep(0.05)
            registrations = await self.edge.rpc.ask("uac.reg_dump")
            views = reader.read(await self.edge.rpc.ask("htable.dump", "servers"), registrations, {})

    async def until_up(self, line: str, host: str) -> None:
        """Wait until the edge knows that this server answers OPTIONS."""
        reader = TrunkReader(self.config)
        views = None
        while not views or host not in views[line].up:
            await asyncio.sleep(0.05)
            views = reader.read(await self.edge.rpc.ask("htable.dump", "servers"), [], {})

    def contact(self) -> str:
        """The user of the address that `account` registers."""
        host = f"127.0.0.1:{self.at.registrar}"
        return contact_user("account", host, secrets_of(self.edge.state).route)

    async def dial(self, line: str, number: str, *, emergency: bool = False) -> SipLeg:
        """Call and wait for the answer."""
        leg = await self.lines[line].dial(number, emergency=emergency)
        await leg.until(LegState.UP)
        return leg


def site(folder: Path, edge_options: str = "") -> Iterator[TrunkSite]:
    """An edge with the trunks, for a fixture."""
    ports = Ports(*free_ports(6))
    more = '[box]\ncountry = "de"\n' + trunk_toml(ports)
    with Edge(folder, workers=1, more=more, edge_options=edge_options) as edge:
        yield TrunkSite(edge, ports)
        assert edge.alive(), "Kamailio died"
