"""The SIP account of a signed-in page: made when its phone starts, prolonged meanwhile, then ended."""

from __future__ import annotations

import asyncio
import logging

from appliance.store.accounts import Accounts
from appliance.store.opening import StoreError
from appliance.web.sessions import Session

log = logging.getLogger(__name__)

ACCOUNT_SECONDS = 600.0  # good so long after the page was last seen, should nobody be there to end it
PROLONG_SECONDS = 240.0


class PhoneAccounts:
    """Accounts by session; the database is written in a thread."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def give(self, session: Session) -> tuple[str, str]:
        """User and password for this page from now on; the one before ends. Raises StoreError."""
        before = session.account
        user, password = await asyncio.to_thread(self._accounts.add_browser, session.agent, ACCOUNT_SECONDS)
        session.account = user
        if before:
            await self._end(before)
        return user, password

    async def keep(self, session: Session) -> None:
        """The page is still there."""
        if session.account:
            try:
                await asyncio.to_thread(self._accounts.prolong_browser, session.account, ACCOUNT_SECONDS)
            except StoreError as error:
                log.error("agent %s: the browser's account may end: %s", session.agent, error)

    async def end(self, session: Session) -> None:
        """The page is gone: nobody registers with its account any more."""
        user, session.account = session.account, ""
        if user:
            await self._end(user)

    async def _end(self, user: str) -> None:
        try:
            await asyncio.to_thread(self._accounts.end_browser, user)
        except StoreError as error:
            log.error("web: account %s ends later, by itself: %s", user, error)
