"""What may go out over a SIM in a day and in a month, by the calendar of the box's own time zone.

What went out is asked of the journal each time, so it survives whatever the box survives. What comes in is
never refused.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from appliance.lines.alarms import Alarms
from appliance.lines.line import Books, Line, LineRefused
from appliance.store.line_reads import Used, used
from appliance.store.opening import StoreError

log = logging.getLogger(__name__)

JOURNAL_SECONDS = 2.0  # for the journal to have written what is counted; then its last state has to do
LOOK_SECONDS = 600.0
MINUTE = 60
NEAR, REACHED = "limit near", "limit reached"  # alarms, before the limit's name


class LimitReached(LineRefused):
    """Something does not go out, because the SIM's limit of it is reached."""


class Period(enum.Enum):
    """What a limit is for."""

    DAY = "day"
    MONTH = "month"

    def begins(self, now: datetime) -> datetime:
        """Its beginning, in local time."""
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight if self is Period.DAY else midnight.replace(day=1)

    def ends(self, now: datetime) -> datetime:
        """The beginning of the next one, in local time."""
        begins = self.begins(now)
        if self is Period.DAY:
            return begins + timedelta(days=1)
        return (begins + timedelta(days=31)).replace(day=1)


class Counted(enum.Enum):
    """What a limit is of."""

    CALLS = "calls"
    MINUTES = "minutes"
    MESSAGES = "messages"


@dataclass(frozen=True)
class Limit:
    """One limit of a line, and how much of it is used. `minutes` have fractions where the tariff has."""

    line: str
    counted: Counted
    period: Period
    used: float
    most: int
    ends: datetime

    @property
    def name(self) -> str:
        """As alarms and messages call it."""
        return f"{self.counted.value} a {self.period.value}"

    def __str__(self) -> str:
        return f"{self.used:g} of {self.most} {self.name} are used, until {self.ends:%Y-%m-%d %H:%M}"

    def plain(self) -> Mapping[str, Any]:
        """As values for a screen."""
        return {
            "line": self.line,
            "limit": self.name,
            "used": self.used,
            "most": self.most,
            "ends": self.ends.isoformat(sep=" ", timespec="minutes"),
        }


class Limits:
    """Asked before anything goes out, and told after; raises alarms at the tariff's share and at the end."""

    def __init__(self, books: Books, alarms: Alarms) -> None:
        self._books = books
        self._alarms = alarms

    async def allow_call(self, line: Line) -> None:
        """Raises LimitReached when no call may go out now."""
        await self._allow(line, {Counted.CALLS: 1, Counted.MINUTES: 1})

    async def allow_messages(self, line: Line, parts: int) -> None:
        """Raises LimitReached when so many parts would be too many."""
        await self._allow(line, {Counted.MESSAGES: parts})

    async def look(self, line: Line) -> None:
        """Raise or clear the line's alarms; to be called after something went out, and at midnight."""
        try:
            standing = await self.of(line)
        except StoreError as error:
            log.error("line %s: its limits cannot be looked at: %s", line.name, error)
            return
        self._forget_others(line, standing)
        for limit in standing:
            share = 100 * limit.used / limit.most
            reached, near = share >= 100, line.tariff.alarm_percent <= share < 100
            self._alarms.set(f"{REACHED}: {limit.name}", line.name, str(limit) if reached else "")
            self._alarms.set(f"{NEAR}: {limit.name}", line.name, str(limit) if near else "")

    def _forget_others(self, line: Line, standing: Iterable[Limit]) -> None:
        """Clear the alarms of limits that the tariff has no more."""
        there = {limit.name for limit in standing}
        for name in self._alarms.names(line.name):
            kind, _, limit = name.partition(": ")
            if kind in (NEAR, REACHED) and limit not in there:
                self._alarms.clear(name, line.name)

    async def watch(self, lines: Collection[Line]) -> None:
        """Look at all lines now and then, and when a day begins."""
        while True:
            for line in lines:
                await self.look(line)
            left = (Period.DAY.ends(self._now()) - self._now()).total_seconds()
            await asyncio.sleep(min(LOOK_SECONDS, left + 1))  # a clock may be set, so never till midnight

    async def of(self, line: Line) -> list[Limit]:
        """Every limit of the line, with what is used. Raises StoreError."""
        wanted = list(_limits(line))
        if not wanted:
            return []
        try:
            async with asyncio.timeout(JOURNAL_SECONDS):
                await self._books.journal.written()
        except TimeoutError:
            log.warning("line %s: the journal is late, its limits are counted without the newest", line.name)
        now = self._now()
        counts = {period: await self._used(line, period.begins(now)) for period in {p for _, p, _ in wanted}}
        return [
            Limit(line.name, counted, period, counts[period][counted], most, period.ends(now))
            for counted, period, most in wanted
        ]

    async def _allow(self, line: Line, more: Mapping[Counted, int]) -> None:
        try:
            limits = await self.of(line)
        except StoreError as error:
            log.error("line %s: goes out uncounted, the journal cannot be read: %s", line.name, error)
            return
        for limit in limits:
            if limit.counted in more and limit.used + more[limit.counted] > limit.most:
                raise LimitReached(
                    f"line {line.name}: its limit of {limit.name} does not allow it: {limit}. "
                    "Take another line, or wait"
                )

    async def _used(self, line: Line, since: datetime) -> dict[Counted, float]:
        step = line.tariff.billing_seconds
        rows: list[Used] = await self._books.look_up(used, since.timestamp(), step_seconds=step)
        ours = [row for row in rows if _is_of(row, line)]
        return {
            Counted.CALLS: sum(row.calls for row in ours),
            Counted.MINUTES: sum(row.seconds for row in ours) / MINUTE,
            Counted.MESSAGES: sum(row.messages for row in ours),
        }

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._books.clock.wall())


def _is_of(row: Used, line: Line) -> bool:
    """Counted by the SIM where it is known, by the line where it is not."""
    if line.sim and row.sim:
        return row.sim == line.sim
    return row.line == line.name


def _limits(line: Line) -> Iterator[tuple[Counted, Period, int]]:
    tariff = line.tariff
    yield from (
        (counted, period, most)
        for counted, period, most in (
            (Counted.CALLS, Period.DAY, tariff.calls_a_day),
            (Counted.CALLS, Period.MONTH, tariff.calls_a_month),
            (Counted.MINUTES, Period.DAY, tariff.minutes_a_day),
            (Counted.MINUTES, Period.MONTH, tariff.minutes_a_month),
            (Counted.MESSAGES, Period.DAY, tariff.messages_a_day),
            (Counted.MESSAGES, Period.MONTH, tariff.messages_a_month),
        )
        if most
    )
