"""What the page asks: sign in and out, an account for its phone, and the agent's commands."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable

from aiohttp import web

from appliance.api.agent_view import AgentView, CommandRefused
from appliance.config.edge import Edge
from appliance.store.opening import StoreError
from appliance.store.sign_in import SignIn, SignIns
from appliance.web.asked import Refused, words
from appliance.web.complaints import Complaints
from appliance.web.door import Door
from appliance.web.headers import refusal
from appliance.web.phone_accounts import PhoneAccounts
from appliance.web.push import Pages
from appliance.web.sessions import COOKIE, Session, Sessions
from appliance.web.throttle import Throttle

log = logging.getLogger(__name__)

SWEEP_SECONDS = 60.0
ACCOUNTS_AT_ONCE = 10  # of one agent: pages loaded again
ACCOUNT_EVERY_SECONDS = 5.0


class PhoneApi:
    """The routes under /api."""

    def __init__(
        self,
        edge: Edge,
        *,
        view: AgentView,
        sessions: Sessions,
        sign_ins: SignIns,
        accounts: PhoneAccounts,
        complaints: Complaints,
        now: Callable[[], float],
    ) -> None:
        self._edge = edge
        self._view = view
        self._sessions = sessions
        self._sign_ins = sign_ins
        self._accounts = accounts
        self._complaints = complaints
        self.pages = Pages(view, accounts)
        self.door: Door | None = None  # set by the server: who may stay
        self._changed = asyncio.Event()
        self._new_accounts = Throttle(burst=ACCOUNTS_AT_ONCE, every_seconds=ACCOUNT_EVERY_SECONDS, now=now)

    def routes(self) -> list[web.RouteDef]:
        """For the application."""
        return [
            web.post("/api/sign-in", self._sign_in),
            web.post("/api/sign-out", self._sign_out),
            web.get("/api/session", self._who),
            web.post("/api/phone", self._phone),
            web.post("/api/agent", self._agent),
            web.get("/api/push", self._push),
        ]

    async def sweep(self) -> None:
        """End sessions in time, until cancelled; first, wait for the pages of the life before."""
        for session in self._sessions.all():
            self.pages.watch(session)
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await self._end(*self._sessions.too_old())

    async def remember(self) -> None:
        """Write down every change of the sessions, until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            await asyncio.to_thread(self._sessions.save, self._sessions.text())

    # --- the requests ---------------------------------------------------------------------------------

    async def _sign_in(self, request: web.Request) -> web.Response:
        agent, password = await words(request, "agent", "password")
        source = request.remote or "nobody"
        came = await self._sign_ins.check(agent, password, source)
        if came is not SignIn.RIGHT:
            self._complaints.say(source, f"sign-in {came.value}, agent {agent}")
        if came is SignIn.LATER:
            wait_seconds = max(1.0, self._sign_ins.wait_seconds(agent, source))
            raise Refused("Too many tries. Wait a little, then try again.", 429, wait_seconds=wait_seconds)
        if came is SignIn.WRONG or agent not in self._view.names():
            raise Refused("The name or the password is wrong.", 401)
        log.info("agent %s: signed in from %s", agent, source)
        token, session, ended = self._sessions.begin(agent)
        await self._end(*ended)
        self._changed.set()
        response = web.json_response(self._view.settings(session.agent) | {"agent": session.agent})
        response.set_cookie(COOKIE, token, secure=True, httponly=True, samesite="Strict", path="/")
        return response

    async def _sign_out(self, request: web.Request) -> web.Response:
        session = self._session(request)
        log.info("agent %s: signed out", session.agent)
        await self._end(session)
        response = web.json_response({})
        response.del_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Strict")
        return response

    async def _who(self, request: web.Request) -> web.Response:
        session = self._session(request)
        return web.json_response(self._view.settings(session.agent) | {"agent": session.agent})

    async def _phone(self, request: web.Request) -> web.Response:
        session = self._session(request)
        if wait_seconds := self._new_accounts.wait_seconds(session.agent):
            raise Refused(
                "Too many new phones. Wait a little, then try again.", 429, wait_seconds=wait_seconds
            )
        self._new_accounts.take(session.agent)
        user, password = await self._accounts.give(session)
        self._changed.set()
        return web.json_response(
            {
                "user": user,
                "password": password,
                "agent": session.agent,
                "realm": self._edge.realm,
                "wss_port": self._edge.wss_port,
                "register_seconds": self._edge.register_seconds,
            }
        )

    async def _agent(self, request: web.Request) -> web.Response:
        session = self._session(request)
        command, reason = await words(request, "command", "reason")
        try:
            self._view.command(session.agent, command, reason[:64])
        except CommandRefused as error:
            raise Refused(str(error), 409) from error
        log.info("agent %s: %s by the page", session.agent, command)
        return web.json_response({})

    async def _push(self, request: web.Request) -> web.StreamResponse:
        session = self._session(request)
        if self.door is not None:
            self.door.stay(request.transport)
        return await self.pages.serve(request, session)

    # --- inside ---------------------------------------------------------------------------------------

    def _session(self, request: web.Request) -> Session:
        session = self._sessions.find(request.cookies.get(COOKIE, ""))
        if session is None:
            raise Refused("You are not signed in any more. Sign in again.", 401)
        return session

    async def _end(self, *sessions: Session) -> None:
        for session in sessions:
            self._sessions.end(session)
            await self.pages.close(session)
        if sessions:
            self._changed.set()


def refused_in_words(error: Refused | StoreError) -> web.Response:
    """The answer for what the handlers raise."""
    if isinstance(error, StoreError):
        log.error("web: %s", error)
        return refusal("The box cannot use its list of accounts. Tell those who look after it.", 503)
    headers = {"Retry-After": str(math.ceil(error.wait_seconds))} if error.wait_seconds else {}
    return refusal(str(error), error.status, **headers)
