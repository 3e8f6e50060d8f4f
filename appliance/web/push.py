"""Tells each signed-in page at once what is new of its agent, and notices when the page is gone.

One page a session: the next one takes over, and the one before is told so. A page that has gone and is not
back after VANISH_SECONDS loses its SIP account, unless its agent has a call; its registration ends with its
connection to the edge.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import Any

from aiohttp import WSCloseCode, web

from appliance.api.agent_view import AgentView
from appliance.web.phone_accounts import PROLONG_SECONDS, PhoneAccounts
from appliance.web.sessions import Session

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 10.0  # a page that does not answer within half of it is gone
VANISH_SECONDS = 15.0  # a page that is loaded again is back sooner
CLOSE_SECONDS = 2.0  # for the page to say good-bye
AT_MOST_EVERY_SECONDS = 0.05
TAKEN_OVER = 4001  # close code: another window of this session has the phone now
SIGNED_OUT = 4002


class Pages:
    """The pages that are open, one a session."""

    def __init__(self, view: AgentView, accounts: PhoneAccounts) -> None:
        self._view = view
        self._accounts = accounts
        self._open: dict[int, web.WebSocketResponse] = {}  # by id() of the session
        self._vanishing: dict[int, asyncio.Task[None]] = {}

    async def serve(self, request: web.Request, session: Session) -> web.WebSocketResponse:
        """Push until the page goes."""
        page = web.WebSocketResponse(
            heartbeat=HEARTBEAT_SECONDS, timeout=CLOSE_SECONDS, max_msg_size=256, compress=False
        )
        await page.prepare(request)
        key = id(session)
        before, self._open[key] = self._open.get(key), page
        if (vanishing := self._vanishing.pop(key, None)) is not None:
            vanishing.cancel()
        if before is not None:
            await before.close(code=TAKEN_OVER)
        log.info("agent %s: the page is open", session.agent)
        pushing = asyncio.create_task(self._push(page, session), name=f"push {session.agent}")
        try:
            async for _ in page:
                break  # pages say nothing here
        finally:
            pushing.cancel()
            await asyncio.gather(pushing, return_exceptions=True)
            await page.close()
            if self._open.get(key) is page:
                del self._open[key]
                self.watch(session)
        return page

    def watch(self, session: Session) -> None:
        """No page of this session is open: its account ends unless one comes back."""
        task = asyncio.create_task(self._vanish(session), name=f"vanish {session.agent}")
        self._vanishing[id(session)] = task

    async def close(self, session: Session) -> None:
        """Signed out: the account ends, the page is told."""
        if (vanishing := self._vanishing.pop(id(session), None)) is not None:
            vanishing.cancel()
        await self._accounts.end(session)
        if (page := self._open.pop(id(session), None)) is not None:
            await page.close(code=SIGNED_OUT)

    async def close_all(self) -> None:
        """The server stops; accounts stay for the next one."""
        for task in self._vanishing.values():
            task.cancel()
        await asyncio.gather(*self._vanishing.values(), return_exceptions=True)
        for page in list(self._open.values()):
            await page.close(code=WSCloseCode.GOING_AWAY)

    async def _push(self, page: web.WebSocketResponse, session: Session) -> None:
        loop = asyncio.get_running_loop()
        prolonged = loop.time()
        told: dict[str, Any] = {}
        with self._view.changes(session.agent) as changed, contextlib.suppress(ConnectionError):
            while True:
                changed.clear()
                seen = self._view.now(session.agent)
                if _lasting(seen) != told:
                    await page.send_str(json.dumps(seen))
                    told = _lasting(seen)
                if loop.time() - prolonged > PROLONG_SECONDS:
                    prolonged = loop.time()
                    await self._accounts.keep(session)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PROLONG_SECONDS):
                        await changed.wait()
                await asyncio.sleep(AT_MOST_EVERY_SECONDS)

    async def _vanish(self, session: Session) -> None:
        call = True
        while call:  # it may still be spoken in
            await asyncio.sleep(VANISH_SECONDS)
            call = self._view.now(session.agent)["call"] is not None
        self._vanishing.pop(id(session), None)
        log.info("agent %s: the page is gone, its phone's account ends", session.agent)
        await self._accounts.end(session)


def _lasting(seen: dict[str, Any]) -> dict[str, Any]:
    """What is seen, without the seconds that run by themselves."""
    return {
        name: _lasting(value) if isinstance(value, dict) else value
        for name, value in seen.items()
        if not name.endswith("seconds")
    }
