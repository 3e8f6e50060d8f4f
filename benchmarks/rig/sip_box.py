"""The engine and SIP workers of a box without its brain, bridged and recorded by hand."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from benchmarks.rig import native
from benchmarks.rig.box import connected
from benchmarks.rig.processes import cpu_seconds, pss_mb
from drivers.port import LegState, SlotAudio
from drivers.sip.leg import SipLeg
from drivers.sip.pool import SipPool
from drivers.wire import Peer
from tests.peers.baresip import free_port
from tests.peers.raw_phone import RawPhone

PUMP = Path(__file__).with_name("rtp_pump.c")
PUMP_DECLARED = """
struct pumped { uint64_t sent, received, tone; };
void pump(const int *fds, const uint16_t *ports, int count, int ticks, struct pumped *pumped);
"""
UP_SECONDS = 5.0


@dataclass
class SipBox:
    """What runs, and who is called."""

    folder: Path
    wire: Peer
    pool: SipPool
    pids: dict[str, int]
    legs: list[SipLeg] = field(default_factory=list)

    @property
    def library(self) -> str:
        """Which SIP library the workers have."""
        return str(self.pool.status()["workers"][0]["library"])  # type: ignore[index]

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time of each process so far."""
        return {name: cpu_seconds(pid) for name, pid in self.pids.items()}

    def pss_mb(self) -> dict[str, float]:
        """Memory of each process."""
        return {name: pss_mb(pid) for name, pid in self.pids.items()}

    async def call(self, phone: RawPhone, *, near: SipLeg | None = None) -> SipLeg:
        """Call a phone and declare its sound at the engine, under the leg's id."""
        leg = await self.pool.dial(phone.uri, near=near)
        async with asyncio.timeout(UP_SECONDS):
            await leg.until(LegState.UP)
        assert isinstance(leg.audio, SlotAudio)
        await self.wire.request("port.slot", port=leg.id, worker=leg.audio.worker, slot=leg.audio.slot)
        self.legs.append(leg)
        return leg

    async def bridge(self, a: SipLeg, b: SipLeg) -> None:
        """Let two legs hear each other, recorded and listened to for digits as in a call."""
        await self.wire.request("connect", src=a.id, dst=b.id)
        await self.wire.request("connect", src=b.id, dst=a.id)
        await self.wire.request("dtmf", port=a.id, on=True)
        path = str(self.folder / f"{a.id}.wav")
        await self.wire.request("record", record=a.id, path=path, left=a.id, right=b.id)


@contextlib.asynccontextmanager
async def sip_box(folder: Path, *, workers: int, max_legs: int = 63) -> AsyncIterator[SipBox]:
    """Engine and workers started and attached, all ended at the end."""
    async with contextlib.AsyncExitStack() as stack:
        media = folder / "media.sock"
        engine = await stack.enter_async_context(
            _process("appliance.media.engine", "--socket", str(media), "--log-level", "warning")
        )
        wire = Peer(await connected(media))
        sockets = [folder / f"sip-{number}.sock" for number in range(workers)]
        pids = {"engine": engine.pid}
        for path in sockets:
            options = ("--socket", str(path), "--name", path.stem, "--port", str(free_port()))
            child = await stack.enter_async_context(
                _process("drivers.sip.worker", *options, "--max-legs", str(max_legs))
            )
            pids[path.stem] = child.pid
        attached: asyncio.Queue[str] = asyncio.Queue()

        async def attach(name: str, memfd: int) -> None:
            await wire.request("worker.attach", worker=name, fds=[memfd])
            attached.put_nowait(name)

        pool = SipPool(sockets=sockets, on_worker_up=attach)
        await pool.open()
        stack.push_async_callback(pool.close)
        async with asyncio.timeout(20):
            for _ in sockets:
                await attached.get()
        yield SipBox(folder=folder, wire=wire, pool=pool, pids=pids)


async def pump(phones: list[RawPhone], seconds: float) -> tuple[int, int, int]:
    """Let every phone speak for so long: packets sent, received, received with sound (rtp_pump.c)."""
    module: ModuleType = native.compiled("rtp_pump", PUMP_DECLARED, PUMP.read_text())
    fds = module.ffi.new("int[]", [phone.rtp.fileno() for phone in phones])
    ports = module.ffi.new("uint16_t[]", [phone.far_rtp for phone in phones])
    out = module.ffi.new("struct pumped *")
    await asyncio.to_thread(module.lib.pump, fds, ports, len(phones), int(seconds * 50), out)
    return int(out.sent), int(out.received), int(out.tone)


@contextlib.asynccontextmanager
async def _process(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", *command)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.terminate()
        await child.wait()
