"""The SIP workers as one port for the brain: the least loaded dials, whoever is called reports.

A worker that died is connected to again as soon as something listens in its place; a brain that was
restarted finds the legs that are alive, each with the label it was dialled with.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from drivers.port import DriverError, EndCause, LegState, Port, PortLost, PortRefused, PortState
from drivers.sip.account import Through, TrunkAccount, Use
from drivers.sip.leg import REPLY_SECONDS, SipLeg, ask
from drivers.wire import Message, Peer, WireError, WireLost, close_all, connect

log = logging.getLogger(__name__)

PULSE_SECONDS = 5.0  # how often a worker is asked how it is
RETRY_SECONDS = 0.05  # a replaced worker is found within this

#: What a leg's row in the worker protocol has when nothing is said of it.
FRESH: Message = {"inbound": False, "label": "", "slot": -1, "held": False}

#: Told a worker's name and the descriptor of its audio page (`dsp/_native/mailbox.h`, ours: duplicate it).
WorkerUp = Callable[[str, int], Awaitable[None]]
WorkerLost = Callable[[str], Awaitable[None]]


async def _nothing(*_: object) -> None:
    return None


class SipPool(Port):
    """The SIP workers behind `sockets`.

    `on_worker_up` is awaited after a worker was found and before any of its legs is reported, so that the
    media engine has its page; `on_worker_lost` after its legs were ended.
    """

    def __init__(
        self,
        *,
        name: str = "sip",
        sockets: Sequence[Path],
        on_worker_up: WorkerUp = _nothing,
        on_worker_lost: WorkerLost = _nothing,
    ) -> None:
        super().__init__(name)
        self._on_worker_up = on_worker_up
        self._on_worker_lost = on_worker_lost
        self._links = [_Link(self, path) for path in sockets]
        self._keepers: list[asyncio.Task[None]] = []
        self._epoch = f"{time.time_ns() // 1_000_000:x}"
        self._dialled = 0
        self.accounts: list[TrunkAccount] = []
        self.trunks: dict[str, Port] = {}  # by line; fill it before `open`

    async def open(self) -> None:
        """Connect to the workers; IDLE with the first one, FAULT while there is none."""
        self.moved(PortState.STARTING)
        self._keepers = [
            asyncio.create_task(link.keep(), name=f"sip {link.path.name}") for link in self._links
        ]
        await asyncio.gather(*(link.tried.wait() for link in self._links))
        self._settle()

    async def close(self) -> None:
        """Let go of the workers; their legs go on without us."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        self._keepers = []
        self.moved(PortState.DOWN, "closed")

    async def dial(
        self,
        number: str,
        *,
        label: str = "",
        headers: Mapping[str, str] | None = None,
        from_user: str = "",
        from_name: str = "",
        account: str = "",
        through: Through = Through.DIRECT,
        srtp: Use = "off",
        near: SipLeg | None = None,
    ) -> SipLeg:
        """Call `number` (what it is says `through`), shown as `from_name`/`from_user`; the leg is DIALING.

        `account` is the trunk whose account answers challenges; `srtp` is for phones, a trunk has its own.
        `near` asks for the worker of another leg, which saves a tick between the two where it has room.
        `headers` go into the INVITE, {"Call-Info": "<sip:box>;answer-after=0"} has many phones answer by
        themselves. Raises PortRefused when no worker has room; an address the worker will not call ends
        the leg as FAILED. Nothing is awaited here, so a caller cancelled meanwhile cannot lose the leg.
        """
        link = self._link_for(near)
        self._dialled += 1
        leg = link.adopt(
            {
                **FRESH,
                "leg": f"{self.name}.{self._epoch}.{self._dialled}",
                "state": "dialing",
                "peer": number,
                "called": "",
                "label": label,
                "account": account,
            }
        )
        link.start_dialling(
            leg,
            to=number,
            label=label,
            headers=dict(headers or {}),
            from_user=from_user,
            from_name=from_name,
            account=account,
            through=through.value,
            srtp=srtp,
        )
        return leg

    def leg_of(self, call_id: str) -> SipLeg | None:
        """The leg whose SIP dialogue has this Call-ID; None when there is none (any more)."""
        legs = (leg for link in self._links for leg in link.legs.values())
        return next((leg for leg in legs if call_id and leg.call_id == call_id), None)

    def set_accounts(self, accounts: Sequence[TrunkAccount]) -> None:
        """The trunks' accounts from now on, for every worker; calls that use another one go on with it."""
        self.accounts = list(accounts)
        for link in self._links:
            link.tell_accounts()

    def hand_over(self, leg: SipLeg) -> None:
        """Report a leg that came in: to its trunk, which must be known, else to `next_ring`."""
        if not leg.trunk:
            self.came_in(leg)
        elif leg.trunk in self.trunks:
            self.trunks[leg.trunk].came_in(leg)
        else:
            log.warning("trunk %s: it is not configured (any more), its call is refused", leg.trunk)
            leg.give_up(404)

    def memfd(self, worker: str) -> int:
        """The audio page of a worker that is connected; ours, duplicate it. Raises PortLost otherwise."""
        for link in self._links:
            if link.peer is not None and link.name == worker:
                return link.memfd
        raise PortLost(f"worker {worker} is not connected")

    def status(self) -> dict[str, object]:
        """`state`, `reason`, and a row for each worker."""
        return {**super().status(), "workers": [link.status() for link in self._links]}

    def _link_for(self, near: SipLeg | None) -> _Link:
        """The worker of `near` where it has room, else the least loaded; raises PortRefused without any."""
        free = [link for link in self._links if link.ready and len(link.legs) < link.max_legs]
        if not free:
            legs = sum(link.max_legs for link in self._links if link.ready)
            raise PortRefused(
                f"port {self.name}: no SIP leg is free, {legs} are all there are. {self.reason}"
            )
        beside = [link for link in free if near is not None and link.name == near.worker]
        return min(beside or free, key=lambda link: len(link.legs) / link.max_legs)

    def _settle(self) -> None:
        """Bring our state in line with the workers'."""
        missing = [link.path.name for link in self._links if not link.ready]
        if any(link.ready for link in self._links):
            if self.state is PortState.FAULT:
                self.moved(PortState.STARTING)
            self.moved(PortState.IDLE, f"no worker at {', '.join(missing)}" if missing else "")
        elif self.state is not PortState.DOWN:
            self.moved(PortState.FAULT, f"no SIP worker at {', '.join(missing)}; callbox-sip must run")

    async def _worker_up(self, link: _Link) -> None:
        try:
            await self._on_worker_up(link.name, link.memfd)
        except (DriverError, WireError, WireLost) as error:
            log.error("worker %s: its audio could not be attached: %s", link.name, error)

    async def _worker_lost(self, link: _Link) -> None:
        self._settle()
        try:
            await self._on_worker_lost(link.name)
        except (DriverError, WireError, WireLost) as error:
            log.warning("worker %s: its audio could not be detached: %s", link.name, error)


class _Link:
    """The connection to one worker, made again for as long as the pool is open."""

    def __init__(self, pool: SipPool, path: Path) -> None:
        self.path = path
        self.name = path.stem
        self.peer: Peer | None = None
        self.memfd = -1
        self.max_legs = 0
        self.ready = False
        self.legs: dict[str, SipLeg] = {}
        self.tried = asyncio.Event()
        self._pool = pool
        self._hello: Message = {}
        self._reply_ms: float | None = None  # None: it does not reply, or was not asked yet
        self._restarts = 0
        self._early: list[Message] = []  # news that came before the worker was ready to be reported

    @property
    def connected(self) -> Peer:
        """The peer; PortLost when there is none."""
        if self.peer is None:
            raise PortLost(f"worker {self.name} is gone")
        return self.peer

    async def keep(self) -> None:
        """Connect, serve until the worker is gone, and again."""
        try:
            while True:
                gone = asyncio.Event()
                if await self._found(gone):
                    log.info("worker %s: connected, %d legs alive", self.name, len(self.legs))
                    self.tried.set()
                    await self._watch(gone)
                    await self._lost()
                self.tried.set()
                await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._drop()

    async def _watch(self, gone: asyncio.Event) -> None:
        """Until it is gone, ask it now and then how it is."""
        while not gone.is_set():
            await self._pulse()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PULSE_SECONDS):
                    await gone.wait()

    async def _pulse(self) -> None:
        begin = asyncio.get_running_loop().time()
        try:
            await ask(self.connected, self.name, "counters")
        except PortLost:
            return
        except DriverError as error:
            log.warning("worker %s: it is stuck: %s", self.name, error)
            self._reply_ms = None
        else:
            self._reply_ms = round((asyncio.get_running_loop().time() - begin) * 1e3, 1)

    def adopt(self, described: Message) -> SipLeg:
        """Make the leg that the worker, or our own dialling, describes."""
        leg = SipLeg(
            id=str(described["leg"]),
            port=self._pool.name,
            worker=self.name,
            peer=self.connected,
            described=described,
        )
        self.legs[leg.id] = leg
        return leg

    def start_dialling(self, leg: SipLeg, **fields: Any) -> None:
        """Have the worker dial; a refusal ends the leg, a worker that dies ends it by its own way."""

        def replied(reply: asyncio.Future[tuple[Message, list[int]]]) -> None:
            if reply.cancelled() or reply.exception() is not None:
                return
            message, fds = reply.result()
            close_all(fds)
            leg.call_id = str(message.get("call_id", ""))
            if "error" in message:
                log.warning("leg %s: not called: %s", leg.id, message["error"])
                self.legs.pop(leg.id, None)
                leg.moved(LegState.ENDED, EndCause.FAILED)

        self.connected.start("dial", leg=leg.id, **fields).add_done_callback(replied)

    def tell_accounts(self) -> None:
        """Have the worker know the trunks' accounts."""

        def replied(reply: asyncio.Future[tuple[Message, list[int]]]) -> None:
            if not reply.cancelled() and reply.exception() is None and "error" in reply.result()[0]:
                log.error("worker %s: trunks cannot be used: %s", self.name, reply.result()[0]["error"])

        if self.peer is not None:
            rows = [account.plain() for account in self._pool.accounts]
            self.peer.start("accounts", accounts=rows).add_done_callback(replied)

    def status(self) -> dict[str, object]:
        """The worker's row for `show lines`."""
        keys = ("library", "address", "rt", "pid", "calls", "accounts", "codecs")
        return {
            "worker": self.name,
            "connected": self.ready,
            "legs": len(self.legs),
            "max_legs": self.max_legs,
            "reply_ms": self._reply_ms,
            "restarts": self._restarts,
            **{key: self._hello[key] for key in keys if key in self._hello},
        }

    async def _found(self, gone: asyncio.Event) -> bool:
        """True when a worker is there and its legs are reported."""
        try:
            before = int(self._hello.get("pid", 0))
            self.peer = Peer(connect(self.path), on_event=self._news, on_close=gone.set)
            async with asyncio.timeout(REPLY_SECONDS):
                self._hello, fds = await self.peer.request_fds("hello")
        except (OSError, WireLost, WireError, TimeoutError) as error:
            log.debug("worker at %s: %s", self.path, error)
            self._drop()
            return False
        self._restarts += before not in (0, int(self._hello["pid"]))
        self.name, self.max_legs = str(self._hello["worker"]), int(self._hello["max_legs"])
        self.memfd = fds[0] if fds else -1
        close_all(fds[1:])
        self.tell_accounts()
        await self._pool._worker_up(self)
        self._report()
        self._pool._settle()
        return True

    def _report(self) -> None:
        """Offer the legs that are alive, then what happened since they were listed."""
        self.ready = True
        for described in self._hello["legs"]:
            self._pool.hand_over(self.adopt({**FRESH, **described}))
        early, self._early = self._early, []
        for event in early:
            self._news(event, [])

    def _news(self, event: Message, fds: list[int]) -> None:
        close_all(fds)
        if not self.ready:
            self._early.append(event)
            return
        if event["event"] == "several":
            for one in event["news"]:
                self._news(one, [])
            return
        leg = self.legs.get(str(event.get("leg")))
        if leg is not None:
            leg.happened(event)
            if leg.state is LegState.ENDED:
                self.legs.pop(leg.id, None)
        elif event["event"] == "incoming":
            self._pool.hand_over(self.adopt({**FRESH, **event, "state": "ringing", "inbound": True}))

    async def _lost(self) -> None:
        log.warning("worker %s: gone, %d legs with it", self.name, len(self.legs))
        legs = list(self.legs.values())
        self._drop()
        for leg in legs:
            leg.say_farewell()
            leg.moved(LegState.ENDED, EndCause.PORT_LOST)
        await self._pool._worker_lost(self)

    def _drop(self) -> None:
        """Close what belongs to this connection; the legs are left as they are."""
        if self.peer is not None:
            self.peer.close()
        self.peer = None
        if self.memfd >= 0:
            with contextlib.suppress(OSError):
                os.close(self.memfd)
        self.memfd = -1
        self.ready = False
        self.legs = {}
        self._early = []
