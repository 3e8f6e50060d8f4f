"""What the brain knows of the edge: whether Kamailio is there, who is registered, how the trunks are.

Says of each agent why no phone can be rung. A restart of the brain's or of Kamailio's changes nobody's state
for GRACE_SECONDS: until then the locations were read again, or the edge is called away.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.bus import Bus
from appliance.config.schema import Config
from appliance.edge.link import EdgeLink
from appliance.edge.news import (
    News,
    Refer,
    Refused,
    Registered,
    TrunkNews,
    TrunkRegistration,
    Unregistered,
    Why,
    WorkerNews,
)
from appliance.edge.programs import installed
from appliance.edge.registry import Change, Device, Registrations
from appliance.edge.rpc import EdgeError, EdgeRefused, EdgeRpc
from appliance.edge.trunks import Trunks
from appliance.events import PhoneLost, PhoneRegistered, ProcessBack, ProcessLost

log = logging.getLogger(__name__)

RPC_SOCKET = "kamailio.rpc"  # in the run folder
GRACE_SECONDS = 5.0  # Kamailio is back in 0.3 s, a browser registers again in 2 to 4
READ_SECONDS = 30.0  # how often the locations are read all the same, for news that got lost
RETRY_SECONDS = 0.2
DAY_SECONDS = 24 * 3600.0


class EdgeState(enum.Enum):
    """How the edge is, as far as the brain knows."""

    STARTING = "starting"  # not met yet, and the grace is not over
    UP = "up"
    LOST = "lost"  # it was up a moment ago
    AWAY = "away"


EDGE_MOVES: dict[EdgeState, frozenset[EdgeState]] = {
    EdgeState.STARTING: frozenset({EdgeState.UP, EdgeState.AWAY}),
    EdgeState.UP: frozenset({EdgeState.LOST}),
    EdgeState.LOST: frozenset({EdgeState.UP, EdgeState.AWAY}),
    EdgeState.AWAY: frozenset({EdgeState.UP}),
}


class EdgeWatch:
    """The edge of `config`, whose sockets are in `run_folder`.

    `on_phones` is told an agent whose phones came or went, or "" when all must be looked at again; `on_refer`
    gets what phones ask for.
    """

    def __init__(
        self,
        config: Config,
        run_folder: Path,
        *,
        bus: Bus,
        on_phones: Callable[[str], None],
        on_refer: Callable[[Refer], None] = lambda refer: None,
        wall: Callable[[], float] = time.time,
        grace_seconds: float = GRACE_SECONDS,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self.state = EdgeState.STARTING
        self.rpc = EdgeRpc(run_folder / RPC_SOCKET)
        names = {name: phone.agent for name, phone in config.phones.items()}
        self.registrations = Registrations(names=names, wall=wall)
        self.trunks = Trunks(wall=wall)
        self.on_trunk: Callable[[], None] = lambda: None  # told when a trunk's news came
        self._config = config
        self._bus = bus
        self._on_phones = on_phones
        self._on_refer = on_refer
        self._wall = wall
        self._grace_seconds = grace_seconds
        self._read_seconds = read_seconds
        self._link = EdgeLink("127.0.0.1", config.edge.internal_port + 1, on_news=self._news, on_up=self._met)
        self._trouble = ""  # what the last attempt to read said
        self._away = ""
        self._since = wall()
        self._down = asyncio.Event()
        self._grace: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Watch for ever."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._link.run(), name="edge news")
                self._grace_begins()
                while True:
                    await self._link.up.wait()
                    self._down.clear()
                    if await self._read() and self._link.up.is_set():
                        self._moved(EdgeState.UP)
                        await self._until_down(self._read_seconds)
                    else:
                        self._moved(EdgeState.LOST)
                        await asyncio.sleep(RETRY_SECONDS)
        finally:
            if self._grace is not None:
                self._grace.cancel()
            self.rpc.close()

    def why_unreachable(self, agent: str) -> str:
        """Why none of the agent's phones can be rung, in words; "" when one can, or nobody knows yet."""
        settings = self._config.agents.get(agent)
        if settings is None or settings.phone or self.state is EdgeState.STARTING:
            return ""
        if self.state is EdgeState.AWAY:
            return self.why_away()
        if self.registrations.registered(agent):
            return ""
        return self._missing(agent)

    async def put_out(self, phone: str) -> None:
        """Whoever registered as `phone` is rung no more: its password has changed."""
        for device in self.registrations.devices():
            if device.phone == phone:
                with contextlib.suppress(EdgeError):  # then it goes by itself, within a registration's time
                    await self.rpc.ask("ul.rm_contact", "location", device.agent, device.contact)
                    gone = Unregistered(device.agent, phone, device.contact, Why.ASKED)
                    self._tell(self.registrations.take(gone))

    def why_away(self) -> str:
        """Why the edge is not there, as found when it was called away; "" while it is not."""
        return self._away if self.state is EdgeState.AWAY else ""

    def _find_why(self) -> str:
        missing = installed().for_phones
        if missing and self._config.edge.start == "auto":
            return f"{', '.join(missing)} not installed"
        stopped = ', edge.start is "no"' if self._config.edge.start == "no" else ""
        return (self._trouble or f"no Kamailio at 127.0.0.1:{self._config.edge.internal_port + 1}") + stopped

    def status(self) -> dict[str, Any]:
        """Plain values for screens; times are wall-clock seconds."""
        return {
            "state": self.state.value,
            "reason": self._away or self._trouble,
            "since_s": self._since,
            "phones": [self.row(device) for device in self.registrations.devices()],
            "trunks": self.trunks.rows(),
            "refused": self.trunks.refused_rows(),
        }

    # --- inside -------------------------------------------------------------------------------------------

    def _moved(self, state: EdgeState) -> None:
        """The one way the state changes; one the table forbids is left where it is."""
        if state not in EDGE_MOVES[self.state]:
            return
        was, self.state, self._since = self.state, state, self._wall()
        self._away = self._find_why() if state is EdgeState.AWAY else ""
        log.info("edge: %s -> %s%s", was.value, state.value, f": {self._trouble}" if self._trouble else "")
        if state is EdgeState.UP:
            self._grace_begins()
            self._bus.publish(ProcessBack(process="kamailio"))
        elif state is EdgeState.LOST:
            self._grace_begins()
            self._bus.publish(ProcessLost(process="kamailio"))
        else:
            needed = any(not agent.phone for agent in self._config.agents.values())
            log.log(logging.WARNING if needed else logging.INFO, "edge: %s", self._away)
            self._tell(self.registrations.forget_all())
            self.trunks.forget()
        if state is not EdgeState.LOST:
            self._on_phones("")

    def _grace_begins(self) -> None:
        self.registrations.lenient = True
        if self._grace is not None:
            self._grace.cancel()
        self._grace = asyncio.get_running_loop().call_later(self._grace_seconds, self._grace_over)

    def _grace_over(self) -> None:
        if self.state is EdgeState.UP:
            self._tell(self.registrations.settle())
        else:
            self._moved(EdgeState.AWAY)

    def _met(self, up: bool) -> None:
        if not up:
            self._down.set()
            self._moved(EdgeState.LOST)

    async def _until_down(self, seconds: float) -> None:
        """Wait so long, or until the connection is gone."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._down.wait()

    async def _read(self) -> bool:
        """Read the locations; False when they cannot be had, with the reason in `_trouble`."""
        self.registrations.reading_begins()
        try:
            listed = [await self._locations(agent) for agent in self._config.agents]  # a millisecond each
            phones = await self._phones_by_contact()
            self._tell(self.registrations.read([each for each in listed if each is not None], phones))
        except (EdgeError, ValueError) as error:
            self._trouble = str(error)
            return False
        self._trouble = ""
        return True

    async def _locations(self, agent: str) -> Any:
        """One agent's; all together (`ul.dump`) are too long for a datagram, from some 150 devices on."""
        try:
            return await self.rpc.ask("ul.lookup", "location", agent)
        except EdgeRefused as error:
            if "AOR" in str(error):  # "AOR not found", "AOR has no contacts": there is no code to tell it by
                return None
            raise

    async def _phones_by_contact(self) -> Any:
        with contextlib.suppress(EdgeError):  # names are for people, and news bring them too
            return await self.rpc.ask("htable.dump", "devices")
        return ()

    def _news(self, news: News) -> None:
        match news:
            case Registered() | Unregistered():
                self._tell(self.registrations.take(news))
            case TrunkNews() | TrunkRegistration():
                self.trunks.take(news)
                self.on_trunk()
            case Refused():
                self.trunks.take(news)
            case Refer():
                self._on_refer(news)
            case WorkerNews():
                log.info("edge: worker %s %s", news.uri, "answers" if news.up else "does not answer")

    def _tell(self, changes: list[Change]) -> None:
        for change in changes:
            device = change.device
            how = f"registered from {device.source}" if change.why is None else f"gone, {change.why.value}"
            log.info("phone %s of agent %s: %s", device.title, device.agent, how)
            if change.why is None:
                self._bus.publish(
                    PhoneRegistered(agent=device.agent, phone=device.phone, source=device.source)
                )
            else:
                self._bus.publish(PhoneLost(agent=device.agent, phone=device.phone, why=change.why.value))
            self._on_phones(device.agent)

    def _missing(self, agent: str) -> str:
        """What is known of the phones of one who has none now."""
        seen = self.registrations.last_seen(agent)
        if seen is not None:
            return f"{seen.title} was last seen {_clock(seen.wall_s, self._wall())}"
        names = [name for name, phone in self._config.phones.items() if phone.agent == agent]
        if not names:
            return "no browser has signed in, and [phones] has none"
        return f"{' and '.join(names)} {'was' if len(names) == 1 else 'were'} not seen yet"

    def row(self, device: Device) -> dict[str, Any]:
        """A device as plain values."""
        return {
            "agent": device.agent,
            "phone": device.phone,
            "user_agent": device.user_agent,
            "transport": device.transport,
            "source": device.source,
            "contact": device.contact,
            "since_s": device.since_s,
            "until_s": device.until_s,
            "doubtful": device.doubtful,
        }


def _clock(wall_s: float, now_s: float) -> str:
    """10:42, with the day when that was not within the last one."""
    form = "%H:%M" if now_s - wall_s < DAY_SECONDS else "%Y-%m-%d %H:%M"
    return time.strftime(form, time.localtime(wall_s))
