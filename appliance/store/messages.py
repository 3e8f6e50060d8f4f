"""Text messages as rows, from their events: pure, no database. Replaying the events gives the same rows.

The outbox keeps its open messages as these rows too, and changes them by `moved` alone.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace

from appliance.line_events import MessageQueued, MessageReceived, PartChanged


class PartKind(enum.Enum):
    """What came out of a modem."""

    TEXT = "text"
    REPORT = "report"
    UNREADABLE = "unreadable"


class PartState(enum.Enum):
    """Where a part that we send stands."""

    QUEUED = "queued"
    SENDING = "sending"  # the modem has it, and has not answered
    SENT = "sent"  # the network has it
    DELIVERED = "delivered"  # the recipient has it, by a status report
    FAILED = "failed"
    UNSURE = "unsure"  # nobody knows whether it was sent; not sent again unless somebody asks


PART_MOVES: dict[PartState, frozenset[PartState]] = {
    PartState.QUEUED: frozenset({PartState.SENDING, PartState.FAILED}),
    PartState.SENDING: frozenset({PartState.QUEUED, PartState.SENT, PartState.FAILED, PartState.UNSURE}),
    PartState.SENT: frozenset({PartState.DELIVERED, PartState.FAILED}),
    PartState.DELIVERED: frozenset(),
    PartState.FAILED: frozenset({PartState.QUEUED, PartState.DELIVERED}),
    PartState.UNSURE: frozenset({PartState.QUEUED, PartState.SENT, PartState.DELIVERED, PartState.FAILED}),
}


class Direction(enum.Enum):
    """Whose message it is."""

    IN = "in"
    OUT = "out"


class MessageState(enum.Enum):
    """Where a message stands; one of ours stands where its least advanced part does."""

    RECEIVED = "received"
    INCOMPLETE = "incomplete"  # received, and parts of it never came
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNSURE = "unsure"


@dataclass(frozen=True)
class OutPart:
    """A part that we send. `reference` is the network's, -1 for none; `changed_ms` wall clock."""

    tpdu: str
    state: PartState = PartState.QUEUED
    reference: int = -1
    attempt: int = 0
    why: str = ""
    changed_ms: int = 0


@dataclass(frozen=True)
class MessageRow:
    """One message as lists show it.

    `number` is the sender of one that came in, the recipient of one of ours; `at_ms` when it was whole here,
    or queued (wall clock); `sent_at` the network's time in ISO 8601, "" for ours; `message_class` -1 for
    none. `parts` is how many there should be, `out_parts` ours.
    """

    message: str
    direction: Direction
    line: str
    sim: str
    number: str
    text: str
    at_ms: int
    parts: int
    state: MessageState
    sent_at: str = ""
    message_class: int = -1
    report: bool = False
    out_parts: tuple[OutPart, ...] = ()

    @property
    def why(self) -> str:
        """Why it is not where it should be, "" when all is well."""
        return next((part.why for part in self.out_parts if part.why and part.state in TELLING), "")

    @property
    def is_open(self) -> bool:
        """Something is still to be done, or a report still to come."""
        wanted = {PartState.QUEUED, PartState.SENDING} | ({PartState.SENT} if self.report else set())
        return any(part.state in wanted for part in self.out_parts)


TELLING = frozenset({PartState.QUEUED, PartState.FAILED, PartState.UNSURE, PartState.SENT})
#: A message is in the first of these in which one of its parts is.
RANKS: Sequence[tuple[PartState, MessageState]] = (
    (PartState.FAILED, MessageState.FAILED),
    (PartState.SENDING, MessageState.SENDING),
    (PartState.QUEUED, MessageState.QUEUED),
    (PartState.UNSURE, MessageState.UNSURE),
    (PartState.SENT, MessageState.SENT),
    (PartState.DELIVERED, MessageState.DELIVERED),
)


def queued(event: MessageQueued, at_ms: int) -> MessageRow:
    """A message of ours at its beginning."""
    return MessageRow(
        message=event.message,
        direction=Direction.OUT,
        line=event.line,
        sim=event.sim,
        number=event.number,
        text=event.text,
        at_ms=at_ms,
        parts=len(event.tpdus),
        state=MessageState.QUEUED,
        message_class=0 if event.flash else -1,
        report=event.report,
        out_parts=tuple(OutPart(tpdu, changed_ms=at_ms) for tpdu in event.tpdus),
    )


def moved(row: MessageRow, event: PartChanged, at_ms: int) -> MessageRow:
    """The message after one of its parts changed; a part that it does not have changes nothing."""
    parts = list(row.out_parts)
    if not 1 <= event.part <= len(parts):
        return row
    was = parts[event.part - 1]
    parts[event.part - 1] = replace(
        was,
        state=PartState(event.state),
        reference=event.reference if event.reference >= 0 else was.reference,
        attempt=event.attempt or was.attempt,
        why=event.why,
        changed_ms=at_ms,
    )
    states = {part.state for part in parts}
    state = next(state for part_state, state in RANKS if part_state in states)
    return replace(row, out_parts=tuple(parts), state=state)


def received(event: MessageReceived, at_ms: int) -> MessageRow:
    """A message that came in."""
    return MessageRow(
        message=event.message,
        direction=Direction.IN,
        line=event.line,
        sim=event.sim,
        number=event.sender,
        text=event.text,
        at_ms=at_ms,
        parts=event.parts,
        state=MessageState.RECEIVED if event.complete else MessageState.INCOMPLETE,
        sent_at=event.sent_at,
        message_class=event.message_class,
    )
