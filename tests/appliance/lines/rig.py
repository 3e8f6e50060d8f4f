"""A box's line desk on a real database, with scripted modems and a journal that can lose power."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from appliance.bus import Bus
from appliance.clock import Clock
from appliance.config.schema import Tariff
from appliance.events import Event, Stamped
from appliance.lines.alarms import Alarms
from appliance.lines.inbox import Inbox
from appliance.lines.limits import Limits
from appliance.lines.line import Books, Line
from appliance.lines.outbox import Outbox
from appliance.store import opening
from appliance.store.journal import _Writer
from drivers.messages import Fate, StatusReport, TextPart
from drivers.virtual import VirtualPort
from drivers.virtual_messages import VirtualMessages

WALL_S = datetime(2026, 11, 20, 12, 0).timestamp()  # a Friday noon, local time
SENT_AT = datetime(2026, 11, 20, 11, 59, 58, tzinfo=UTC)


class Ledger:
    """A journal whose thread is ours: `written` commits what waits, `power_fails` only its beginning."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.waiting: list[Stamped] = []
        opening.prepare(path)
        self._writer = _Writer(path, prepared=True)

    async def written(self) -> bool:
        self.commit()
        return True

    def commit(self) -> None:
        self._writer.write(self.waiting)
        self.waiting = []

    def power_fails(self, committed: int) -> None:
        """Only so many of the waiting events reached the disk."""
        self.waiting = self.waiting[:committed]
        self.commit()
        self._writer.close()


async def here(question: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """A question to the database, put on the loop's own thread: its time jumps, threads do not."""
    return question(*arguments, **named)


class SimPort(VirtualPort):
    """A virtual port with a SIM in it."""

    sim = "262011234567890"

    def status(self) -> dict[str, object]:
        return {**super().status(), "imsi": self.sim}


def make_port(name: str, messages: VirtualMessages | None = None) -> SimPort:
    port = SimPort(name)
    port.messages = messages or VirtualMessages()
    return port


class Rig:
    """Everything of one life of the box; a second one on the same `path` is what comes after a restart."""

    def __init__(
        self,
        path: Path,
        ports: dict[str, SimPort],
        *,
        tariff: Tariff | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.jump_s = 0.0  # somebody sets the wall clock
        self.clock = Clock(mono=loop.time, wall=lambda: WALL_S + self.jump_s + loop.time() - 1000.0, boot="b")
        self.bus = Bus(self.clock)
        self.ledger = ledger or Ledger(path)
        self.stamped: list[Stamped] = []
        self.bus.subscribe(self.stamped.append)
        self.bus.subscribe(lambda stamped: self.ledger.waiting.append(stamped))
        self.books = Books(self.bus, self.clock, self.ledger, here)
        self.lines = {name: Line(name, port, tariff or Tariff()) for name, port in ports.items()}
        self.alarms = Alarms(self.books)
        self.limits = Limits(self.books, self.alarms)
        self.outbox = Outbox(self.books, self.lines, self.limits)
        self.inbox = Inbox(self.books, reported=self.outbox.reported)
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Rig:
        for line in self.lines.values():
            if line.port.state.value == "down":
                await line.port.open()
        await self.alarms.start(self.lines)
        await self.outbox.start()
        await self.inbox.start()
        for line in self.lines.values():
            if line.port.messages is not None:
                self.also(self.inbox.serve(line))
                self.also(self.outbox.serve(line))
        self.also(self.inbox.watch())
        return self

    def also(self, work: Coroutine[Any, Any, None]) -> None:
        """Something more that runs until the end."""
        self._tasks.append(asyncio.create_task(work))

    async def dies(self) -> None:
        """Nothing more is done; what was published and not written is still in `ledger.waiting`."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aexit__(self, *error: object) -> None:
        await self.dies()
        failed = [task.exception() for task in self._tasks if not task.cancelled()]
        assert failed == []
        self.ledger.commit()

    def line(self, name: str = "gsm-1") -> Line:
        return self.lines[name]

    def events(self, *kinds: type[Event]) -> list[Any]:
        return [stamped.event for stamped in self.stamped if isinstance(stamped.event, kinds)]


def text(
    body: str,
    *,
    slot: str = "SM:1",
    part: int = 1,
    parts: int = 1,
    reference: int = 0,
    pdu: str = "",
    **more: Any,
) -> TextPart:
    """A part of a message as a driver gives it; its PDU is made up."""
    return TextPart(
        slot=slot,
        pdu=pdu or f"{body}/{part}/{parts}/{reference}".encode().hex(),
        sender=more.pop("sender", "+4915550199"),
        sent_at=more.pop("sent_at", SENT_AT),
        text=body,
        reference=reference,
        parts=parts,
        part=part,
        **more,
    )


def report(reference: int, fate: Fate = Fate.DELIVERED, recipient: str = "+15550123456") -> StatusReport:
    """A status report as a driver gives it."""
    status = {Fate.DELIVERED: 0x00, Fate.TRYING: 0x20, Fate.FAILED: 0x46}[fate]
    return StatusReport(
        f"SR:{reference}", f"report-{reference}-{fate.value}", recipient, reference, fate, status, SENT_AT
    )
