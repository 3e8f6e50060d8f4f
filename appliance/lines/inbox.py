"""Messages that come in: kept on the disk first, then forgotten by the modem, told once when they are whole.

Whatever moment the box dies in, what the modem still has is given again, and known by its slot and PDU.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from appliance.line_events import MessageReceived, PartArrived, PartForgotten
from appliance.lines.joining import Gathering, Joining
from appliance.lines.line import Books, Line, new_id, short
from appliance.store.line_reads import KeptPart, open_parts
from appliance.store.messages import PartKind
from drivers.messages import Arrival, StatusReport, TextPart, Unreadable
from drivers.sms import join

log = logging.getLogger(__name__)

INCOMPLETE_SECONDS = 24 * 3600.0  # then a long message is told with what came of it
LOOK_SECONDS = 600.0

#: Told of a status report; gives the id of our message that it is about, "" when it fits none.
Reported = Callable[[Line, StatusReport], str]


class Inbox:
    """Everything that modems hand over. `start` once, then `serve` for each line and `watch`."""

    def __init__(self, books: Books, *, reported: Reported) -> None:
        self._books = books
        self._reported = reported
        self._kept: dict[tuple[str, str], list[PartArrived]] = {}  # the modem may still have them
        self._joining = Joining()

    async def start(self) -> None:
        """Take up what was here before: parts that wait for others, and what modems may give again."""
        parts: list[KeptPart] = await self._books.look_up(open_parts)
        for part in parts:
            if not part.forgotten:
                self._kept.setdefault((part.event.slot, part.event.pdu), []).append(part.event)
            if part.event.kind == PartKind.TEXT.value and not part.event.message:
                self._gather(part.event, self._books.born(part.arrived_ms))

    async def serve(self, line: Line) -> None:
        """Take what the line's modem has, for ever."""
        messages = line.messages()
        while True:
            arrival = await messages.next_arrival()
            part = self._known(line, arrival)
            if part is None:
                part = self._keep(line, arrival)
            elif isinstance(arrival, StatusReport) and not part.message:
                self._reported(line, arrival)  # its message may have been found since
            if not await self._books.journal.written():
                log.error("line %s: a message stays in the modem, the journal lost events", line.name)
                self._drop(part)
            elif await messages.forget(arrival):
                self._books.note(PartForgotten(arrival=part.arrival))
                self._drop(part)

    async def watch(self) -> None:
        """Tell, now and then, of long messages whose other parts do not come."""
        while True:
            for gathering in self._joining.overdue(self._books.clock.mono() - INCOMPLETE_SECONDS):
                self._tell(gathering)
            await asyncio.sleep(LOOK_SECONDS)

    def _known(self, line: Line, arrival: Arrival) -> PartArrived | None:
        """The same from the same modem, or from the same SIM in another one."""
        for part in self._kept.get((arrival.slot, arrival.pdu), ()):
            if part.line == line.name or (part.sim and part.sim == line.sim):
                log.info("line %s: a message that is kept already is given again", line.name)
                return part
        return None

    def _keep(self, line: Line, arrival: Arrival) -> PartArrived:
        part = self._part(line, arrival)
        self._books.note(part)
        self._kept.setdefault((part.slot, part.pdu), []).append(part)
        if isinstance(arrival, TextPart):
            self._gather(part, self._books.clock.mono())
        return part

    def _part(self, line: Line, arrival: Arrival) -> PartArrived:
        def event(kind: PartKind, **fields: str | int) -> PartArrived:
            return PartArrived(
                arrival=new_id(self._books.clock.wall()),
                line=line.name,
                sim=line.sim,
                slot=arrival.slot,
                pdu=arrival.pdu,
                kind=kind.value,
                **fields,  # type: ignore[arg-type] # each of its own type
            )

        match arrival:
            case TextPart():
                return event(
                    PartKind.TEXT,
                    sender=arrival.sender,
                    sent_at=arrival.sent_at.isoformat(),
                    text=arrival.text,
                    reference=arrival.reference,
                    parts=arrival.parts,
                    part=arrival.part,
                    message_class=-1 if arrival.message_class is None else arrival.message_class,
                )
            case StatusReport():
                return event(
                    PartKind.REPORT,
                    sender=arrival.recipient,
                    sent_at=arrival.done_at.isoformat(),
                    reference=arrival.reference,
                    message=self._reported(line, arrival),
                    why=f"{arrival.fate.value} (status 0x{arrival.status:02X})",
                )
        why = arrival.why if isinstance(arrival, Unreadable) else "of a kind that is not known here"
        log.warning("line %s: a message that cannot be read is kept as it is: %s", line.name, why)
        return event(PartKind.UNREADABLE, why=why)

    def _drop(self, part: PartArrived) -> None:
        kept = self._kept[part.slot, part.pdu]
        kept.remove(part)
        if not kept:
            del self._kept[part.slot, part.pdu]

    def _gather(self, part: PartArrived, arrived: float) -> None:
        gathering = self._joining.add(part, arrived)
        if gathering is not None:
            self._tell(gathering)

    def _tell(self, gathering: Gathering) -> None:
        parts = [gathering.parts[number] for number in sorted(gathering.parts)]
        first = parts[0]
        event = MessageReceived(
            message=new_id(self._books.clock.wall()),
            line=first.line,
            sim=first.sim,
            sender=first.sender,
            text=_text(parts),
            parts=first.parts,
            complete=gathering.is_complete,
            message_class=first.message_class,
            sent_at=first.sent_at,
            arrivals=gathering.arrivals(),
        )
        self._books.note(event)
        missing = "" if event.complete else f", {first.parts - len(parts)} of {first.parts} parts never came"
        log.info("line %s: message %s from %s%s", first.line, event.message, short(first.sender), missing)


def _text(parts: list[PartArrived]) -> str:
    """Their text together, from the PDUs: a character may be cut in two between parts."""
    if len(parts) == parts[0].parts == 1:
        return parts[0].text
    return join([_text_part(part) for part in parts])


def _text_part(part: PartArrived) -> TextPart:
    return TextPart(
        slot=part.slot,
        pdu=part.pdu,
        sender=part.sender,
        sent_at=datetime.fromisoformat(part.sent_at),
        text=part.text,
        reference=part.reference,
        parts=part.parts,
        part=part.part,
    )
