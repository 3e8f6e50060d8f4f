"""The trunks of a box, wired: their ports made of the configuration, their accounts told to the workers, and
what the edge finds told to each. A part of `app.py`, which builds one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping

from appliance.config.schema import Config
from appliance.config.trunks import TrunkLine
from appliance.dialplan.numbering import CountryNumbering
from appliance.edge.news import TrunkNews, TrunkRegistration
from appliance.edge.rpc import EdgeError
from appliance.edge.trunk_sets import domain_of, trunk_lines
from appliance.edge.trunk_views import TrunkReader
from appliance.edge.watch import EdgeState, EdgeWatch
from drivers.sip.account import TrunkAccount
from drivers.sip.identity import CallerHeader
from drivers.sip.pool import SipPool
from drivers.sip.trunk import CalledFrom, DialFormat, TrunkPort, TrunkSettings, TrunkView

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # news make it sooner
NAMES_SECONDS = 60.0


class TrunkLines:
    """`ports` are the trunks by line, known to the pool as well; `run` never returns."""

    def __init__(self, config: Config, *, pool: SipPool, edge: EdgeWatch) -> None:
        self._edge = edge
        self._lines = trunk_lines(config)
        self._reader = TrunkReader(config) if self._lines else None
        numbering = CountryNumbering(config.box.country)
        self.ports = {
            name: TrunkPort(name, pool=pool, settings=settings_of(line), numbering=numbering)
            for name, line in self._lines.items()
        }
        pool.trunks.update(self.ports)
        pool.set_accounts([account_of(name, line) for name, line in self._lines.items()])
        self._news = asyncio.Event()
        edge.on_trunk = self._news.set

    async def run(self) -> None:
        """Look at the edge again and again, and at once when it has news."""
        if self._reader is None:
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look(self._reader), name="trunks' servers")
            tasks.create_task(self._find_names(self._reader), name="trunks' names")

    async def _find_names(self, reader: TrunkReader) -> None:
        """Have names looked up again that nobody knew when Kamailio started: the network may come later."""
        while True:
            await asyncio.sleep(NAMES_SECONDS)
            with contextlib.suppress(EdgeError):
                if reader.lacks_sources(await self._edge.rpc.ask("dispatcher.list")):
                    await self._edge.rpc.ask("dispatcher.reload")

    async def _look(self, reader: TrunkReader) -> None:
        while True:
            self._news.clear()
            for line, view in (await self._views(reader)).items():
                self.ports[line].seen(view)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._news.wait()

    async def _views(self, reader: TrunkReader) -> Mapping[str, TrunkView]:
        """A view of each line, or none while the edge is starting anew."""
        if self._edge.state is EdgeState.AWAY:
            return dict.fromkeys(self.ports, TrunkView(trouble=self._edge.why_away()))
        try:
            servers = await self._edge.rpc.ask("htable.dump", "servers")
            registrations = await self._edge.rpc.ask("uac.reg_dump") if reader.registers else []
        except EdgeError as error:
            log.debug("trunks: %s", error)
            return {}
        views = reader.read(servers, registrations, self._edge.trunks.codes()) or {}
        for line, view in views.items():
            self._note(line, view)
        return views

    def _note(self, line: str, view: TrunkView) -> None:
        """For those who look at the edge: also what was so before the brain started."""
        for host in self._lines[line].hosts:
            self._edge.trunks.take(TrunkNews(line, host, host in view.up))
        if self._lines[line].registers:
            self._edge.trunks.take(TrunkRegistration(line, view.registered, view.code))


def settings_of(line: TrunkLine) -> TrunkSettings:
    """What the port must know of the line."""
    return TrunkSettings(
        hosts=tuple(line.hosts),
        domain=domain_of(line),
        user=line.user,
        registers=line.registers,
        calls=line.calls,
        outgoing_calls=min(line.outgoing_calls, line.calls),
        caller_id=line.caller_id or line.number,
        caller_id_from=CallerHeader(line.caller_id_from),
        caller_id_in=CallerHeader(line.caller_id_in),
        called_from=CalledFrom(line.called_from),
        anonymous=line.anonymous,
        dial_format=DialFormat(line.dial_format),
    )


def account_of(name: str, line: TrunkLine) -> TrunkAccount:
    """What the workers must know of the line."""
    return TrunkAccount(
        name=name,
        user=line.user,
        password=line.password,
        domain=domain_of(line),
        session_timer=line.session_timer,
        prack=line.prack,
        srtp=line.srtp,
    )
