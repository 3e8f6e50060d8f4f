"""The brain knows of each agent whether a phone can be rung, over restarts of either side."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from appliance.bus import Bus
from appliance.clock import Clock
from appliance.config.schema import Config
from appliance.edge.news import Refer
from appliance.edge.watch import RPC_SOCKET, EdgeState, EdgeWatch
from appliance.events import Event, PhoneLost, PhoneRegistered, ProcessBack, ProcessLost
from tests.appliance.edge.fake_kamailio import FakeKamailio, contact, free_pair, hexed, locations

DESK = "sip:ana-desk@192.0.2.7:5060"
GRACE_SECONDS = 1.0  # for the tests; others may use the machine as well


class Site:
    """A watch over a Kamailio that is a fake; `why` is what each agent's screen would say."""

    def __init__(self, folder: Path) -> None:
        port = free_pair()
        self.config = Config.model_validate(
            {
                "edge": {"internal_port": port},
                "agents": {"ana": {}, "ben": {"phone": "sip:ben@127.0.0.1:5072"}, "cem": {}},
                "phones": {"ana-desk": {"agent": "ana"}, "ana-home": {"agent": "ana"}},
            }
        )
        self.kamailio = FakeKamailio(folder / RPC_SOCKET, port)
        self.events: list[Event] = []
        self.refers: list[Refer] = []
        self.told: list[str] = []
        bus = Bus(Clock())
        bus.subscribe(lambda stamped: self.events.append(stamped.event))
        self.watch = EdgeWatch(
            self.config,
            folder,
            bus=bus,
            on_phones=self.told.append,
            on_refer=self.refers.append,
            grace_seconds=GRACE_SECONDS,
        )

    def why(self, agent: str = "ana") -> str:
        return self.watch.why_unreachable(agent)

    async def until(self, true: Callable[[], bool], *, seconds: float = 10.0) -> None:
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110 # several sources of news
                await asyncio.sleep(0.005)

    def registered(self) -> None:
        self.kamailio.tell(
            news="registered",
            agent="ana",
            phone="ana-desk",
            contact_hex=hexed(f"<{DESK}>"),
            ua_hex=hexed("snom"),
            source="udp:192.0.2.7:5060",
            expires=300,
        )

    def gone(self, why: str) -> None:
        self.kamailio.tell(news="unregistered", agent="ana", contact_hex=hexed(DESK), why=why)


@contextlib.asynccontextmanager
async def watching(site: Site) -> AsyncIterator[None]:
    task = asyncio.create_task(site.watch.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def at_a_site(folder: Path, work: Callable[[Site], Awaitable[None]], *, up: bool = True) -> None:
    """In real time, as there are real sockets; each takes parts of a second."""

    async def run() -> None:
        site = Site(folder)
        if up:
            await site.kamailio.start()
        try:
            async with watching(site):
                await work(site)
        finally:
            if up:
                await site.kamailio.stop()

    asyncio.run(run())


def test_who_is_registered_is_read_at_the_start_with_the_phones_name(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        row = contact("sip:x9@192.0.2.7:5060")
        row["Contact"]["Ruid"] = "uloc-1"
        site.kamailio.locations = locations(ana=[row])
        site.kamailio.devices = [
            {"entry": 1, "size": 1, "slot": [{"name": "uloc-1", "value": "ana-home", "type": "str"}]}
        ]
        assert (site.watch.state, site.why()) == (EdgeState.STARTING, "")
        await site.until(lambda: "" in site.told)
        assert site.watch.state is EdgeState.UP
        assert (site.why("ana"), site.why("ben")) == ("", "")
        assert site.why("cem") == "no browser has signed in, and [phones] has none"
        assert [row["phone"] for row in site.watch.status()["phones"]] == ["ana-home"]
        assert site.events == [
            PhoneRegistered(agent="ana", phone="ana-home", source="udp:192.0.2.7:5060"),
            ProcessBack(process="kamailio"),
        ]

    at_a_site(tmp_path, work)


@pytest.mark.slow
def test_news_of_a_phone_changes_its_agent_at_once(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        await site.until(lambda: "" in site.told)
        assert site.why() == "ana-desk and ana-home were not seen yet"
        site.registered()
        await site.until(lambda: site.why() == "")
        await asyncio.sleep(1.5 * GRACE_SECONDS)
        site.gone("lost")
        await site.until(lambda: site.why() != "", seconds=GRACE_SECONDS)
        assert site.why().startswith("ana-desk was last seen ")
        assert [type(event) for event in site.events] == [ProcessBack, PhoneRegistered, PhoneLost]
        assert site.told == ["", "ana", "ana"]

    at_a_site(tmp_path, work)


@pytest.mark.slow
def test_a_restart_of_kamailio_flaps_nobody_who_comes_back_in_time(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        await site.until(lambda: "" in site.told)
        site.registered()
        await site.until(lambda: site.why() == "")
        site.told.clear()
        await site.kamailio.stop()
        await site.until(lambda: site.watch.state is EdgeState.LOST)
        assert site.why() == ""
        await site.kamailio.start()  # which forgot its TCP connections, and the phones at them
        await site.until(lambda: site.watch.state is EdgeState.UP)
        assert site.why() == ""
        site.registered()
        await asyncio.sleep(1.5 * GRACE_SECONDS)
        assert site.why() == ""
        assert site.told == [""]

    at_a_site(tmp_path, work)


@pytest.mark.slow
def test_who_does_not_come_back_after_a_restart_is_gone_when_the_grace_is_over(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        await site.until(lambda: "" in site.told)
        site.registered()
        await site.until(lambda: site.why() == "")
        await site.kamailio.stop()
        await site.until(lambda: site.watch.state is EdgeState.LOST)
        await site.kamailio.start()
        await site.until(lambda: site.why() != "")
        assert site.events[-1] == PhoneLost(agent="ana", phone="ana-desk", why="lost")

    at_a_site(tmp_path, work)


@pytest.mark.slow
def test_an_edge_that_stays_away_is_the_reason_until_it_is_back(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        await asyncio.sleep(GRACE_SECONDS / 2)
        assert site.why() == ""
        await site.until(lambda: site.watch.state is EdgeState.AWAY)
        assert site.why() == f"no Kamailio at 127.0.0.1:{site.kamailio.news_port}"
        assert site.why("ben") == ""
        site.kamailio.locations = locations(ana=[contact(DESK)])
        await site.kamailio.start()
        await site.until(lambda: site.why() == "")
        await site.kamailio.stop()
        await site.until(lambda: site.watch.state is EdgeState.AWAY)
        assert site.why() != ""
        assert [type(event) for event in site.events][-2:] == [ProcessLost, PhoneLost]

    at_a_site(tmp_path, work, up=False)


@pytest.mark.slow
def test_a_kamailio_that_answers_no_question_is_away(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        site.kamailio.answer = lambda method, params: RuntimeError("method not found")
        await site.until(lambda: site.watch.state is EdgeState.AWAY)
        assert site.why().endswith("kamailio.rpc: method not found")

    at_a_site(tmp_path, work)


def test_trunks_refusals_and_referrals_are_kept_and_handed_on(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        await site.until(lambda: "" in site.told)
        tell = site.kamailio.tell
        tell(news="trunk", line="provider", host="a", up=False)
        tell(news="trunk", line="provider", host="b", up=False)
        site.kamailio.tell_bytes(b"\xff\xfe{garbage\n" * 100)
        tell(news="trunk-registration", line="provider", up=False, code=403)
        for _ in range(2):
            tell(news="refused", source="192.0.2.66", why="scanner", count=3)
        tell(
            news="refer",
            call_id_hex=hexed("c@x"),
            source="udp:192.0.2.7:5060",
            to_hex=hexed("<sip:12@box>"),
        )
        await site.until(lambda: bool(site.refers))
        assert site.refers == [Refer("c@x", "udp:192.0.2.7:5060", "<sip:12@box>")]
        assert not site.watch.trunks.usable("provider")
        assert site.watch.trunks.usable("unheard-of")
        status = site.watch.status()
        assert status["trunks"] == [
            {"line": "provider", "up": [], "down": ["a", "b"], "registered": False, "code": 403}
        ]
        assert [(row["source"], row["count"]) for row in status["refused"]] == [("192.0.2.66", 6)]

    at_a_site(tmp_path, work)
