"""A trunk over a pool over a fake worker: the provider is in the test's hands."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from drivers.port import PortState
from drivers.sip.leg import SipLeg
from drivers.sip.pool import SipPool
from drivers.sip.trunk import TrunkPort, TrunkSettings, TrunkView
from tests.drivers.port_contract import ANSWERS, BUSY
from tests.drivers.sip.fake_worker import FakeWorker, described

HOST = "sip.example.net"
SETTINGS = TrunkSettings(hosts=(HOST,), domain=HOST, calls=1, outgoing_calls=1)
UP = TrunkView(up=(HOST,), registered=True, code=200)


class Provider(FakeWorker):
    """A worker whose legs go to a provider that does by itself what its numbers say."""

    def __init__(self, path: Path, **fields: Any) -> None:
        super().__init__(path, max_legs=16, **fields)
        self._numbers = itertools.count(1)
        self._live: dict[str, dict[str, Any]] = {}

    def calls(self, number: str, *, line: str = "t1", **fields: Any) -> str:
        """An INVITE that the edge let through for `line`; the leg's name."""
        leg = f"in.{next(self._numbers)}"
        headers = {"X-Callbox-Trunk": line, **fields.pop("headers", {})}
        row = {"peer": f"<sip:{number}@{HOST}>", "called": "+49301000", **fields, "headers": headers}
        self._live[leg] = described(leg, "ringing", inbound=True, **row)
        self.server.broadcast({**row, "event": "incoming", "leg": leg, "call_id": f"id-{leg}"})
        return leg

    def ends(self, leg: str, cause: str = "remote", code: int = 200, **fields: Any) -> None:
        """The far end hangs up, or refuses."""
        if self._live.pop(leg, None) is not None:
            self.happens("ended", leg, cause=cause, code=code, **fields)

    def _request(self, peer: Any, message: Any, fds: Any) -> Any:
        self.legs = list(self._live.values())
        reply = super()._request(peer, message, fds)
        leg = str(message.get("leg"))
        if message["op"] == "dial":
            row = described(leg, "dialing", peer=message["to"], account=message["account"])
            self._live[leg] = row
            asyncio.get_running_loop().call_soon(self._behaves, leg, message["to"])
        elif message["op"] == "answer" and leg in self._live:
            self._live[leg].update(state="up", slot=0)
            self.happens("up", leg, slot=0)
        elif message["op"] == "hangup":
            self.ends(leg, "local")
        return reply

    def _behaves(self, leg: str, number: str) -> None:
        if number == BUSY:
            self.ends(leg, "busy", 486)
            return
        self.happens("ringing", leg)
        if number == ANSWERS and leg in self._live:
            self._live[leg].update(state="up", slot=0)
            self.happens("up", leg, slot=0)


class Caller:
    """The far end of one call."""

    def __init__(self, provider: Provider, leg: str) -> None:
        self._provider = provider
        self._leg = leg

    def hangs_up(self) -> None:
        self._provider.ends(self._leg)


class TrunkRig:
    """A trunk that is open, as the contract wants it."""

    def __init__(self, folder: Path, settings: TrunkSettings = SETTINGS, **options: Any) -> None:
        self._folder = folder
        self._settings = settings
        self._options = options
        self.worker = Provider(folder / "sip-0.sock")
        self.view = UP if settings is SETTINGS else TrunkView(settings.hosts, True, 200)
        self._pools: list[SipPool] = []
        self.port = self._made()

    def _made(self) -> TrunkPort:
        pool = SipPool(sockets=[self.worker.server.path])
        port = TrunkPort("t1", pool=pool, settings=self._settings, **self._options)
        pool.trunks["t1"] = port
        self._pools.append(pool)
        port.seen(self.view)
        return port

    @property
    def pool(self) -> SipPool:
        return self._pools[-1]

    def rings(self, number: str, **fields: Any) -> Caller:
        return Caller(self.worker, self.worker.calls(number, **fields))

    def far_of_dialled(self) -> Caller:
        return Caller(self.worker, next(iter(self.worker._live)))

    def unplug(self) -> None:
        """The workers die, and with them the way to the provider."""
        self.worker.dies()
        self.view = TrunkView(trouble="Kamailio does not answer")
        self.port.seen(self.view)

    def plug(self) -> None:
        self.worker = Provider(self._folder / "sip-0.sock")
        self.view = UP
        self.port.seen(self.view)
        for pool in self._pools[-1:]:
            pool.trunks["t1"].seen(self.view)  # type: ignore[attr-defined]

    def reborn(self) -> TrunkPort:
        """The brain again: the pool connects when the port is opened, as at the box's start."""
        return _Opening(self, self._made())  # type: ignore[return-value]

    async def __aenter__(self) -> TrunkRig:
        await self.pool.open()
        await self.port.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.port.close()
        for pool in self._pools:
            if pool.state is not PortState.DOWN:
                await pool.close()
        self.worker.dies()


class _Opening:
    """The port made anew, whose `open` opens its pool before it."""

    def __init__(self, rig: TrunkRig, port: TrunkPort) -> None:
        self._rig = rig
        self._port = port

    async def open(self) -> None:
        await self._rig.pool.open()
        await self._port.open()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)


@contextlib.asynccontextmanager
async def trunk(folder: Path, settings: TrunkSettings = SETTINGS, **options: Any) -> AsyncIterator[TrunkRig]:
    """A trunk in service, for at most five minutes."""
    async with asyncio.timeout(300), TrunkRig(folder, settings, **options) as rig:
        yield rig


async def next_leg(rig: TrunkRig) -> SipLeg:
    """The next leg that came in."""
    leg = await rig.port.next_ring()
    assert isinstance(leg, SipLeg)
    return leg
