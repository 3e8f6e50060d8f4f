"""Messages that we send: a queue on the disk for each line, part by part, one at a time.

A part is "sending" on the disk before the modem gets it. What becomes of it then is either known, or it is
"unsure", and a person decides whether it is sent again: nothing goes out twice by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from appliance.line_events import MessageQueued, PartChanged
from appliance.lines.limits import Limits
from appliance.lines.line import Books, Line, LineRefused, new_id, short
from appliance.lines.matching import about
from appliance.store.line_reads import message_story, open_messages
from appliance.store.messages import (
    PART_MOVES,
    Direction,
    MessageRow,
    MessageState,
    PartState,
    moved,
    queued,
)
from drivers.messages import Fate, StatusReport
from drivers.port import DriverError, MessageRefused, PortRefused, PortState
from drivers.sms import encode

log = logging.getLogger(__name__)

RETRY_SECONDS = (10.0, 60.0, 300.0, 1800.0)  # after the first, second... refusal that may pass; then no more
NOT_NOW_SECONDS = 5.0  # the modem is busy with something else
LINE_LOOK_SECONDS = 60.0  # how often a line that is down is looked at
MOST_AGE_SECONDS = 24 * 3600.0  # a message that old is not sent any more
REPORT_SECONDS = 3 * 24 * 3600.0  # a report is waited for so long; networks try for one to three days
LOOK_SECONDS = 3600.0
KEEP_SECONDS = 5.0  # for the disk to take a new message
OVER = frozenset({MessageState.SENT, MessageState.DELIVERED, MessageState.FAILED, MessageState.UNSURE})


@dataclass
class Tries:
    """What the network refused so far of one part, since the box runs; `not_before` monotonic seconds."""

    refused: int = 0
    not_before: float = 0.0


class Outbox:
    """Everything that is still to be sent, or whose report may come. `start` once, `serve` for each line."""

    def __init__(self, books: Books, lines: Mapping[str, Line], limits: Limits) -> None:
        self._books = books
        self._lines = lines
        self._limits = limits
        self._open: dict[str, MessageRow] = {}
        self._queues: dict[str, dict[str, None]] = {}  # by line: open messages with queued parts, in order
        self._born: dict[str, float] = {}  # monotonic seconds; the wall clock may be set at any time
        self._tries: dict[tuple[str, int], Tries] = {}
        self._early: dict[str, list[StatusReport]] = {}  # by line that sends: they may overtake its answer
        self._changed = asyncio.Event()  # anything, for those who wait for an end
        self._queued: dict[str, asyncio.Event] = {}  # by line: something is to be sent

    async def start(self) -> None:
        """Take up the queue; what was being sent when the box died is unsure."""
        since_ms = self._books.wall_ms() - round(REPORT_SECONDS * 1000)
        rows: list[MessageRow] = await self._books.look_up(open_messages, since_ms)
        for row in rows:
            self._hold(row)
            for number in _parts_in(row, PartState.SENDING):
                why = "the box was restarted while it was being sent"
                self._move(row.message, number, PartState.UNSURE, why=why)
                log.warning("line %s: message %s is unsure: %s", row.line, row.message, why)
            if row.line not in self._lines or self._lines[row.line].port.messages is None:
                self._fail(row.message, f"there is no line {row.line} for messages any more")

    # --- for whoever asks -----------------------------------------------------------------------------

    async def send(self, line: Line, number: str, text: str, *, report: bool, flash: bool) -> MessageRow:
        """Queue a message; it is on the disk when this returns.

        Raises LineRefused for what cannot be sent, or goes over a limit of the SIM.
        """
        line.messages()
        message = new_id(self._books.clock.wall())
        try:
            parts = encode(number, text, report=report, flash=flash, reference=int(message[-2:], 16))
        except MessageRefused as error:
            raise LineRefused(str(error)) from error
        waiting = sum(len(_parts_in(row, PartState.QUEUED)) for row in self._waiting(line))
        await self._limits.allow_messages(line, waiting + len(parts))
        event = MessageQueued(
            message=message,
            line=line.name,
            sim=line.sim,
            number=number,
            text=text,
            tpdus=[part.tpdu for part in parts],
            report=report,
            flash=flash,
        )
        at_ms = round(self._books.note(event).wall_s * 1000)
        self._hold(queued(event, at_ms))
        log.info("line %s: message %s to %s, %d parts", line.name, message, short(number), len(parts))
        await self._on_disk(message)
        return self._open.get(message) or queued(event, at_ms)

    async def retry(self, id_prefix: str) -> MessageRow:
        """Send again what failed or is unsure of a message. Raises LineRefused, or StoreError."""
        await self._books.journal.written()
        stored: MessageRow = (await self._books.look_up(message_story, id_prefix))[0]
        row = self._open.get(stored.message, stored)
        again = [*_parts_in(row, PartState.FAILED), *_parts_in(row, PartState.UNSURE)]
        if row.direction is not Direction.OUT or not again:
            raise LineRefused(
                f"message {row.message} is {row.state.value}; only what failed or is unsure is sent again"
            )
        line = self._lines.get(row.line)
        if line is None:
            raise LineRefused(f"there is no line {row.line} any more. Send the message over another one")
        line.messages()
        await self._limits.allow_messages(line, len(again))
        self._hold(row)
        for number in sorted(again):
            self._tries.pop((row.message, number), None)
            self._move(row.message, number, PartState.QUEUED, why="asked for again")
        await self._on_disk(row.message)
        return self._open.get(row.message, row)

    async def settled(self, row: MessageRow, seconds: float) -> MessageRow:
        """The message when it is known what became of it, or as it is after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    row = self._open.get(row.message) or await self._stored(row)
                    if not row.is_open and row.state in OVER:
                        break
                    await self._changed.wait()
        return row

    def reported(self, line: Line, report: StatusReport) -> str:
        """Note what a status report says; gives the id of its message, "" when it fits none (yet)."""
        found = about(report, self._open.values(), line)
        if found is None:
            if line.name in self._early:
                self._early[line.name].append(report)
            return ""
        row, number = found
        state = {Fate.DELIVERED: PartState.DELIVERED, Fate.FAILED: PartState.FAILED}.get(report.fate)
        if state is None:
            why = f"the network goes on trying (status 0x{report.status:02X})"
            self._move(row.message, number, PartState.SENT, why=why)
        elif state is PartState.FAILED:
            why = f"the network gave it up (status 0x{report.status:02X})"
            self._move(row.message, number, state, why=why)
        else:
            self._move(row.message, number, state)
        return row.message

    async def watch(self) -> None:
        """Let go, now and then, of messages whose reports do not come."""
        while True:
            old = self._books.clock.mono() - REPORT_SECONDS
            for row in [row for row in self._open.values() if self._born[row.message] < old]:
                if not _parts_in(row, PartState.QUEUED) and not _parts_in(row, PartState.SENDING):
                    self._let_go(row)
            await asyncio.sleep(LOOK_SECONDS)

    # --- sending --------------------------------------------------------------------------------------

    async def serve(self, line: Line) -> None:
        """Send what is queued for the line, for ever."""
        while True:
            row, number, seconds = self._next(line)
            if row is None:
                await self._until_queued(line, seconds)
            elif self._books.clock.mono() - self._born[row.message] > MOST_AGE_SECONDS:
                hours = round(MOST_AGE_SECONDS / 3600)
                self._fail(row.message, f"it could not be sent within {hours} hours")
            elif not line.is_up:
                await _until_up(line, LINE_LOOK_SECONDS)
            else:
                await self._send(line, row, number)

    async def _send(self, line: Line, row: MessageRow, number: int) -> None:
        try:
            await self._limits.allow_messages(line, 1)
        except LineRefused as error:
            self._fail(row.message, str(error))
            return
        part = row.out_parts[number - 1]
        attempt = part.attempt + 1
        self._move(row.message, number, PartState.SENDING, attempt=attempt)
        if not await self._books.journal.written():
            self._later(row.message, number, NOT_NOW_SECONDS, "the journal could not keep that it is sent")
            return
        self._early[line.name] = []
        try:
            reference = await line.messages().send(part.tpdu)
        except MessageRefused as error:
            self._refused(row.message, number, error)
        except PortRefused as error:
            self._later(row.message, number, NOT_NOW_SECONDS, str(error))
        except DriverError as error:
            log.warning("line %s: message %s is unsure: %s", line.name, row.message, error)
            self._move(row.message, number, PartState.UNSURE, attempt=attempt, why=str(error))
            await self._limits.look(line)
        else:
            self._move(row.message, number, PartState.SENT, reference=reference, attempt=attempt)
            for report in self._early.pop(line.name):
                self.reported(line, report)
            await self._limits.look(line)
        finally:
            self._early.pop(line.name, None)

    def _refused(self, message: str, number: int, error: MessageRefused) -> None:
        tries = self._tries.setdefault((message, number), Tries())
        if not error.may_pass or tries.refused >= len(RETRY_SECONDS):
            self._move(message, number, PartState.FAILED, why=str(error))
            self._fail(message, f"part {number} failed")
            return
        tries.refused += 1
        self._later(message, number, RETRY_SECONDS[tries.refused - 1], str(error))

    def _later(self, message: str, number: int, seconds: float, why: str) -> None:
        tries = self._tries.setdefault((message, number), Tries())
        tries.not_before = self._books.clock.mono() + seconds
        line = self._open[message].line
        log.info(
            "line %s: message %s: part %d is tried again in %.0f s: %s", line, message, number, seconds, why
        )
        self._move(message, number, PartState.QUEUED, why=why)

    def _fail(self, message: str, why: str) -> None:
        """Give up what is not sent of it: a message with a hole is of no use."""
        row = self._open.get(message)
        for number in _parts_in(row, PartState.QUEUED) if row else ():
            self._move(message, number, PartState.FAILED, why=why)

    def _next(self, line: Line) -> tuple[MessageRow | None, int, float]:
        """The next part to be sent, or in how many seconds there may be one."""
        now, soonest = self._books.clock.mono(), LINE_LOOK_SECONDS
        for row in self._waiting(line):
            for number in _parts_in(row, PartState.QUEUED)[:1]:
                seconds = self._tries.get((row.message, number), Tries()).not_before - now
                if seconds <= 0:
                    return row, number, 0.0
                soonest = min(soonest, seconds)
        return None, 0, soonest

    # --- bookkeeping ----------------------------------------------------------------------------------

    def _move(
        self,
        message: str,
        number: int,
        state: PartState,
        *,
        reference: int = -1,
        attempt: int = 0,
        why: str = "",
    ) -> None:
        """The one way a part changes its state; a move the table forbids is dropped."""
        row = self._open[message]
        was = row.out_parts[number - 1].state
        if state is not was and state not in PART_MOVES[was]:
            log.warning(
                "line %s: message %s: %s -> %s is no move, dropped", row.line, message, was.value, state.value
            )
            return
        log.info("line %s: message %s: part %d is %s", row.line, message, number, state.value)
        event = PartChanged(
            message=message,
            part=number,
            line=row.line,
            sim=self._lines[row.line].sim if row.line in self._lines else row.sim,
            state=state.value,
            reference=reference,
            attempt=attempt,
            why=why,
        )
        row = moved(row, event, round(self._books.note(event).wall_s * 1000))
        self._hold(row)
        if not row.is_open and row.state is not MessageState.UNSURE:
            self._let_go(row)

    def _let_go(self, row: MessageRow) -> None:
        del self._open[row.message], self._born[row.message]
        for number in range(1, row.parts + 1):
            self._tries.pop((row.message, number), None)

    def _hold(self, row: MessageRow) -> None:
        """The message as it is now; whoever waits for it, or for something to send, is told."""
        self._open[row.message] = row
        self._born.setdefault(row.message, self._books.born(row.at_ms))
        queue = self._queues.setdefault(row.line, {})
        if _parts_in(row, PartState.QUEUED):
            queue.setdefault(row.message)
        else:
            queue.pop(row.message, None)
        self._changed.set()
        self._changed = asyncio.Event()
        self._queued.setdefault(row.line, asyncio.Event()).set()

    def _waiting(self, line: Line) -> list[MessageRow]:
        """What has parts to be sent, oldest first."""
        return [self._open[message] for message in self._queues.get(line.name, ())]

    async def _stored(self, row: MessageRow) -> MessageRow:
        await self._books.journal.written()
        stored: MessageRow = (await self._books.look_up(message_story, row.message))[0]
        return stored

    async def _on_disk(self, message: str) -> None:
        try:
            async with asyncio.timeout(KEEP_SECONDS):
                if await self._books.journal.written():
                    return
        except TimeoutError:
            pass
        raise LineRefused(
            f"message {message} waits in memory only: the disk does not take it. It is sent when the disk "
            "does. Make room, or look at its health"
        )

    async def _until_queued(self, line: Line, seconds: float) -> None:
        """Wait for something to send on the line; not longer than that."""
        changed = self._queued[line.name] = asyncio.Event()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await changed.wait()


async def _until_up(line: Line, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await line.port.until_state(PortState.IDLE, PortState.BUSY)


def _parts_in(row: MessageRow, state: PartState) -> list[int]:
    return [number for number, part in enumerate(row.out_parts, 1) if part.state is state]
