"""Everything that the box does with its lines beside calls, built and kept running; asked by the faces."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from appliance.config.schema import Config, Tariff
from appliance.lines.alarms import Alarms
from appliance.lines.balance import Balance
from appliance.lines.history import History
from appliance.lines.inbox import Inbox
from appliance.lines.limits import LimitReached, Limits
from appliance.lines.line import Books, Line, LineRefused
from appliance.lines.outbox import Outbox
from appliance.lines.ussd import Ussd
from appliance.store.opening import StoreError
from drivers.port import Port

log = logging.getLogger(__name__)

AGAIN_SECONDS = 10.0  # after a fault of ours in one of the tasks


class LineDesk:
    """`run` never returns; `outbox`, `ussd`, `balance` and `limits` may be asked from `ready` on."""

    def __init__(
        self, config: Config, ports: Mapping[str, Port], books: Books, *, others: Iterable[str] = ()
    ) -> None:
        """`others` are what alarms may be about beside lines."""
        self._others = list(others)
        self.lines = {name: _line(name, port, config) for name, port in ports.items()}
        self.ready = asyncio.Event()  # what was before is taken up; nobody may ask earlier
        self.alarms = Alarms(books)
        self.limits = Limits(books, self.alarms)
        self.ussd = Ussd()
        self.balance = Balance(books, self.ussd, self.alarms)
        self.outbox = Outbox(books, self.lines, self.limits)
        self._inbox = Inbox(books, reported=self.outbox.reported)
        self._history = History(books, config.health, self.alarms)

    async def run(self) -> None:
        """Take up what was before, then serve every line."""
        for begin in (self._start_alarms, self.outbox.start, self._inbox.start, self.balance.start):
            try:
                await begin()
            except StoreError as error:
                log.error(
                    "the journal cannot be read, so nothing of lines is taken up from before: %s", error
                )
        self.ready.set()
        lines = list(self.lines.values())
        async with asyncio.TaskGroup() as tasks:
            for line in lines:
                if line.port.messages is not None:
                    tasks.create_task(_keep(f"inbox of {line.name}", self._inbox.serve, line))
                    tasks.create_task(_keep(f"outbox of {line.name}", self.outbox.serve, line))
                    tasks.create_task(_keep(f"balance of {line.name}", self.balance.serve, line))
            tasks.create_task(_keep("late parts", self._inbox.watch))
            tasks.create_task(_keep("late reports", self.outbox.watch))
            tasks.create_task(_keep("limits", self.limits.watch, lines))
            tasks.create_task(_keep("history", self._history.watch, lines))
            tasks.create_task(_keep("alarms", self._history.watch_alarms, lines))
            tasks.create_task(_keep("old samples", self._history.clean))

    def line(self, name: str) -> Line:
        """The line of that name; "" is the only one with messages. Raises LineRefused."""
        if name:
            if name not in self.lines:
                raise LineRefused(f"there is no line {name!r}. Lines: {', '.join(self.lines) or 'none'}")
            return self.lines[name]
        able = [line for line in self.lines.values() if line.port.messages is not None]
        if len(able) != 1:
            names = ", ".join(line.name for line in able) or "none, so no message can be sent"
            raise LineRefused(f"name the line with --line. Lines with messages: {names}")
        return able[0]

    async def send_text(self, line: str, number: str, text: str) -> str:
        """Why the line's outbox could not take it, "" when it has it on the disk; line "" as in `line`."""
        await self.ready.wait()
        try:
            await self.outbox.send(self.line(line), number, text, report=False, flash=False)
        except (LineRefused, StoreError) as error:
            return str(error)
        return ""

    def status(self, name: str) -> Mapping[str, Any]:
        """What a screen shows of a line beside its calls."""
        told = self.balance.told.get(name)
        return {
            "alarms": self.alarms.names(name),
            "balance": told.amount if told is not None else None,
            "messages": self.lines[name].port.messages is not None,
        }

    async def why_no_call(self, name: str) -> str:
        """Why no call may go out over the line now, "" when it may."""
        if name not in self.lines:
            return f"line {name} is not there"
        try:
            await self.limits.allow_call(self.lines[name])
        except LimitReached as reached:
            return str(reached)
        return ""

    async def look(self, name: str) -> None:
        """Something went out over the line: see whether a limit is near, and tell."""
        if name in self.lines:
            await self.limits.look(self.lines[name])

    def sim(self, name: str) -> str:
        """The IMSI of the card in the line, "" for none."""
        return self.lines[name].sim if name in self.lines else ""

    async def _start_alarms(self) -> None:
        await self.alarms.start([*self.lines, *self._others])


def _line(name: str, port: Port, config: Config) -> Line:
    tariff = config.lines[name].tariff
    return Line(name, port, config.tariffs[tariff] if tariff else Tariff())


async def _keep(name: str, serve: Callable[..., Coroutine[Any, Any, None]], *arguments: Any) -> None:
    """Run it until it is done; a fault of ours in it is logged, and it begins again."""
    while True:
        task = asyncio.create_task(serve(*arguments), name=name)
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
        error = task.exception()
        if error is None:
            return
        log.error("%s went wrong and begins again in %.0f s", name, AGAIN_SECONDS, exc_info=error)
        await asyncio.sleep(AGAIN_SECONDS)
