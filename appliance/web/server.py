"""The box's https server, in the brain's loop: the browser phone, and the settings of desk phones.

It opens when the certificates are there and the port is free, and takes new certificates up by itself.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from appliance.api.agent_view import AgentView
from appliance.clock import Clock
from appliance.config.schema import Config
from appliance.edge.certificates import CertificateError, Pair, authority, configured
from appliance.store.accounts import Accounts
from appliance.store.opening import StoreError
from appliance.store.sign_in import SignIns
from appliance.web.asked import MOST_BYTES, Refused
from appliance.web.complaints import Complaints
from appliance.web.door import BURST, TO_REFILL_SECONDS, Door
from appliance.web.headers import ASKS_AT_ONCE, ASKS_EVERY_SECONDS, guard
from appliance.web.pages import PhonePage
from appliance.web.phone_accounts import PhoneAccounts
from appliance.web.phone_api import PhoneApi, refused_in_words
from appliance.web.provisioning.serving import Provisioning
from appliance.web.provisioning.time_zone import own_time_zone
from appliance.web.request_log import RequestLog
from appliance.web.sessions import Sessions
from appliance.web.throttle import Throttle

log = logging.getLogger(__name__)

WAIT_SECONDS = 0.3  # for certificates that are not there yet, or a port that is taken
LOOK_SECONDS = 5.0  # for new certificates
KEEPALIVE_SECONDS = 15.0
MOST_OF_A_LINE = 2048  # bytes of the request's first line
MOST_OF_A_FIELD = 4096  # bytes of one header


class WebServer:
    """Built by app.py; `run()` serves until cancelled."""

    def __init__(
        self,
        config: Config,
        *,
        folder: Path,
        state: Path,
        clock: Clock,
        view: AgentView,
        accounts: Accounts,
        sign_ins: SignIns,
        page: PhonePage | None = None,
    ) -> None:
        self._edge = config.edge
        self._config = config
        self._places = (folder, state)
        self._complaints = Complaints(clock.mono)
        self._api = PhoneApi(
            config.edge,
            view=view,
            sessions=Sessions(state / "web-sessions.json", agents=config.agents, wall=clock.wall),
            sign_ins=sign_ins,
            accounts=PhoneAccounts(accounts),
            complaints=self._complaints,
            now=clock.mono,
        )
        self._provisioning = Provisioning(config, accounts, self._complaints, own_time_zone())
        self._page = page or PhonePage(authority(state))
        self._throttle = Throttle(burst=BURST, every_seconds=TO_REFILL_SECONDS, now=clock.mono)
        self._pace = Throttle(burst=ASKS_AT_ONCE, every_seconds=ASKS_EVERY_SECONDS, now=clock.mono)
        self._context: ssl.SSLContext | None = None
        self._stamp = ("", 0, 0)

    async def run(self) -> None:
        """Serve until cancelled."""
        own = (await asyncio.to_thread(self._pair)).own
        runner = web.AppRunner(
            self._application(hsts=not own),
            access_log=None,
            handle_signals=False,
            keepalive_timeout=KEEPALIVE_SECONDS,
            max_line_size=MOST_OF_A_LINE,
            max_field_size=MOST_OF_A_FIELD,
            logger=RequestLog(log, self._complaints),
        )
        await runner.setup()
        assert runner.server is not None
        door = Door(runner.server, self._tls, self._complaints, self._throttle)
        self._api.door = door
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._api.sweep(), name="web sessions end")
                tasks.create_task(self._api.remember(), name="web sessions kept")
                await self._opened(door)
                while True:
                    await asyncio.sleep(LOOK_SECONDS)
                    await asyncio.to_thread(self._look)
        finally:
            await self._api.pages.close_all()
            await door.close()
            await runner.cleanup()

    def _application(self, *, hsts: bool) -> web.Application:
        application = web.Application(
            middlewares=[
                guard(self._edge.wss_port, hsts=hsts, complaints=self._complaints, pace=self._pace),
                in_words,
            ],
            client_max_size=MOST_BYTES,
        )
        application.add_routes(
            [*self._api.routes(), *self._provisioning.routes(), *self._page.routes()],
        )
        return application

    async def _opened(self, door: Door) -> None:
        """Wait for the certificates and the port; says once what it waits for."""
        said = ""
        while True:
            why = await asyncio.to_thread(self._look) or await self._open(door)
            if not why:
                log.info("web: https://%s:%d/ is open", self._edge.address, self._edge.https_port)
                return
            if why != said:
                log.warning("web: the page is not there yet: %s", why)
            said = why
            await asyncio.sleep(WAIT_SECONDS)

    async def _open(self, door: Door) -> str:
        try:
            await door.open(self._edge.address, self._edge.https_port)
        except OSError as error:
            return (
                f"port {self._edge.https_port} of {self._edge.address} cannot be had ({error.strerror}). "
                "Free it, or set https_port in [edge]"
            )
        return ""

    def _look(self) -> str:
        """Take the certificates up where they are new; why not, or "". In a thread: it reads files."""
        pair = self._pair()
        chain, key = pair.certificate, pair.key
        try:
            stamp = (str(chain), chain.stat().st_mtime_ns, key.stat().st_mtime_ns)
            if stamp == self._stamp:
                return ""
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_alpn_protocols(["http/1.1"])
            context.load_cert_chain(chain, key)
        except OSError as error:  # ssl.SSLError is one
            return f"certificate {chain} with key {key}: {error}"
        self._context, self._stamp = context, stamp
        return ""

    def _pair(self) -> Pair:
        """What Kamailio has made or was given; it is not made here, as two would make two authorities."""
        folder, state = self._places
        own = Pair(state / "tls" / "box.crt", state / "tls" / "box.key", own=True)
        try:
            return configured(self._config, folder) or own
        except CertificateError:
            return own  # the edge says so in the log, and does the same

    def _tls(self) -> ssl.SSLContext:
        assert self._context is not None, "the door opens when there is one"
        return self._context


@web.middleware
async def in_words(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What handlers raise becomes an answer that the page shows."""
    try:
        return await handler(request)
    except (Refused, StoreError) as error:
        return refused_in_words(error)
