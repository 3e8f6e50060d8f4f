"""What a flow reaches outside its call: other programs' data, earlier calls, earlier PINs, text messages."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from appliance.config.schema import Config
from appliance.dialplan.caller import textable
from appliance.flows.actions import History, MayTry, Text
from appliance.flows.lookup import Lookups
from appliance.flows.pins import PinTries
from appliance.store.flow_reads import calls_of_number, wrong_pins
from appliance.store.opening import StoreError

log = logging.getLogger(__name__)

#: Sends a message (line, number, text); why it cannot, "" when it is on its way.
SendText = Callable[[str, str, str], Awaitable[str]]

READ_SECONDS = 2.0  # a database that does not answer in this time knows nothing
SEND_SECONDS = 6.0  # until the message is on the disk
DAY_SECONDS = 86400.0
LONGEST_SECONDS = 7 * DAY_SECONDS  # for which a wrong PIN can count, config/flows.py


class Outside:
    """Of one centre; nothing here waits longer than a caller would."""

    def __init__(self, config: Config, database: Path | None, send_text: SendText) -> None:
        """Without a `database` there was nothing before."""
        self.lookups = Lookups(config.lookups)
        self.pins = PinTries()
        self._config = config
        self._database = database
        self._send_text = send_text
        self._remembering: asyncio.Task[None] | None = None

    def close(self) -> None:
        """Let go of what is held."""
        self.lookups.close()

    async def history(self, number: str, days: int, wall_s: float, *, but: str) -> History:
        """The number's earlier calls, without the call `but`; a withheld number has none."""
        if not number or self._database is None:
            return History()
        since = wall_s - days * DAY_SECONDS
        rows = await self._read(calls_of_number, self._database, number, since, but=but) or []
        last = next((row for row in rows if row.outcome), None)
        return History(len(rows), last.outcome if last else "", last.agent if last else "")

    async def may_try(self, number: str, action: MayTry, wall_s: float) -> bool:
        """Use up a try of a PIN; those of before a restart count too."""
        if self._remembering is None:
            self._remembering = asyncio.create_task(self._remember(wall_s), name="earlier PINs")
        await asyncio.shield(self._remembering)
        return self.pins.begin(
            number, action.flow_node, tries=action.tries, minutes=action.minutes, wall_s=wall_s
        )

    async def text(self, action: Text) -> str:
        """Send a message; why it cannot be sent, "" when it is on its way."""
        number = textable(action.number, self._config)
        if not number:
            return "no ordinary number of this country"
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return await self._send_text(action.line, number, action.text)
        except TimeoutError:
            return "the line's outbox does not answer"

    async def _remember(self, wall_s: float) -> None:
        if self._database is None:
            return
        for number, pin, at in await self._read(wrong_pins, self._database, wall_s - LONGEST_SECONDS) or []:
            self.pins.remember(number, pin, at)

    async def _read(self, read: Callable[..., Any], *asked: Any, **more: Any) -> Any:
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await asyncio.to_thread(read, *asked, **more)
        except (TimeoutError, StoreError) as error:
            log.warning("flows: nothing is known from before: %s", error or "the database is too slow")
            return None
