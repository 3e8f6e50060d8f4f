"""Questions about lines: messages, what was used of a SIM, how a line was, what alarms stand.

Like `read.py`: each over a read-only connection of its own, nothing found where there is no file yet,
opening.StoreError for a file that cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peewee import SqliteDatabase, fn

from appliance.events import Event, LineChanged, Stamped
from appliance.line_events import AlarmCleared, AlarmRaised, BalanceTold, LineSampled, PartArrived
from appliance.store import models, opening
from appliance.store.message_tables import MessageTable, PartTable, message_row, part_event
from appliance.store.messages import Direction, MessageRow, MessageState, PartKind, PartState
from appliance.store.models import EventTable
from appliance.store.opening import StoreError

SHOWN_MATCHES = 5  # messages named when the beginning of an id fits several


class NoSuchMessage(StoreError):
    """No message, or more than one, has an id that begins so."""


@dataclass(frozen=True)
class KeptPart:
    """An arrival that we have, when it came (wall clock), and whether the modem still has it too."""

    event: PartArrived
    arrived_ms: int
    forgotten: bool


@dataclass(frozen=True)
class Used:
    """What went out over a SIM since some moment; `seconds` each rounded up to the step that was asked."""

    line: str
    sim: str
    calls: int = 0
    seconds: int = 0
    messages: int = 0


# --- messages -----------------------------------------------------------------------------------------


def messages(path: Path, limit: int = 50, direction: Direction | None = None) -> list[MessageRow]:
    """The newest `limit` messages, newest first."""
    query = MessageTable.select()
    if direction is not None:
        query = query.where(MessageTable.direction == direction.value)
    query = query.order_by(MessageTable.at_ms.desc(), MessageTable.message.desc()).limit(limit).dicts()
    with opening.reading(path) as db:
        return [] if db is None else [message_row(row) for row in query.execute(db)]


def message_story(path: Path, id_prefix: str) -> tuple[MessageRow, list[KeptPart]]:
    """The message whose id begins so, and what came in of it or about it. Raises NoSuchMessage."""
    last = id_prefix + "\U0010ffff"
    query = MessageTable.select().where(MessageTable.message.between(id_prefix, last))
    query = query.order_by(MessageTable.message).limit(SHOWN_MATCHES + 1).dicts()
    with opening.reading(path) as db:
        rows = [] if db is None else [message_row(row) for row in query.execute(db)]
        if not rows:
            raise NoSuchMessage(
                f'no message has an id that begins with "{id_prefix}". List them with: callbox sms list'
            )
        if len(rows) > 1 and rows[0].message != id_prefix:
            ids = ", ".join(row.message for row in rows[:SHOWN_MATCHES])
            raise NoSuchMessage(f'more than one message begins with "{id_prefix}": {ids}. Give more of it.')
        return rows[0], _parts(db, PartTable.message == rows[0].message)


def open_messages(path: Path, since_ms: int) -> list[MessageRow]:
    """Ours that are not sent yet, and those since `since_ms` whose report may come; oldest first."""
    unsent = (MessageState.QUEUED.value, MessageState.SENDING.value)
    fits = (MessageTable.is_open & (MessageTable.at_ms >= since_ms)) | MessageTable.state.in_(unsent)
    unsure = (MessageTable.state == MessageState.UNSURE.value) & (MessageTable.at_ms >= since_ms)
    query = MessageTable.select().where((MessageTable.direction == Direction.OUT.value) & (fits | unsure))
    with opening.reading(path) as db:
        rows = (
            [] if db is None else query.order_by(MessageTable.at_ms, MessageTable.message).dicts().execute(db)
        )
        return [message_row(row) for row in rows]


def open_parts(path: Path) -> list[KeptPart]:
    """What the modems may still have, and texts that wait for their other parts; oldest first."""
    alone = (PartTable.kind == PartKind.TEXT.value) & (PartTable.message == "")
    with opening.reading(path) as db:
        return _parts(db, (PartTable.forgotten == False) | alone)  # noqa: E712 - peewee's way to say it


def unreadable_parts(path: Path, limit: int = 50) -> list[KeptPart]:
    """What came in and nobody could read, newest first."""
    with opening.reading(path) as db:
        return _parts(db, PartTable.kind == PartKind.UNREADABLE.value)[::-1][:limit]


def _parts(db: SqliteDatabase | None, fits: Any) -> list[KeptPart]:
    if db is None:
        return []
    query = PartTable.select().where(fits).order_by(PartTable.arrived_ms, PartTable.arrival).dicts()
    return [KeptPart(part_event(row), row["arrived_ms"], row["forgotten"]) for row in query.execute(db)]


# --- limits -------------------------------------------------------------------------------------------


def used(path: Path, since_s: float, *, step_seconds: int = 60) -> list[Used]:
    """What went out since `since_s` (wall clock), by line and SIM; each call rounded up to whole steps.

    A message counts by its parts, as operators do, once for each time it was or may have been sent.
    """
    line, sim, state = _field("line"), _field("sim"), _field("state")
    steps = _field("seconds") / float(step_seconds)
    whole = steps.cast("INTEGER")
    rounded_up = fn.SUM(whole + (steps > whole))
    sent = (EventTable.kind == "PartChanged") & state.in_((PartState.SENT.value, PartState.UNSURE.value))
    fits = sent & (_field("attempt") > 0)
    fits = fits | EventTable.kind.in_(("LineDialled", "LineDialEnded"))
    query = EventTable.select(line, sim, EventTable.kind, fn.COUNT(EventTable.id), rounded_up)
    kinds = EventTable.kind.in_(("PartChanged", "LineDialled", "LineDialEnded"))
    query = query.where(kinds & (EventTable.wall_ms >= round(since_s * 1000)) & fits)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    with opening.reading(path) as db:
        rows = [] if db is None else query.group_by(line, sim, EventTable.kind).tuples().execute(db)
        for on_line, on_sim, kind, count, steps in rows:
            found.setdefault((on_line, on_sim), {})[kind] = (count, steps or 0)
    return [
        Used(
            line=on_line,
            sim=on_sim,
            calls=counts.get("LineDialled", (0, 0))[0],
            seconds=int(counts.get("LineDialEnded", (0, 0))[1]) * step_seconds,
            messages=counts.get("PartChanged", (0, 0))[0],
        )
        for (on_line, on_sim), counts in found.items()
    ]


# --- history and alarms -------------------------------------------------------------------------------


def line_history(path: Path, line: str, since_s: float, limit: int = 1000) -> list[Stamped]:
    """The newest `limit` samples, faults, balances and alarms of the line since then, oldest first."""
    kinds = (LineSampled, BalanceTold, AlarmRaised, AlarmCleared)
    named = fn.COALESCE(
        fn.json_extract(EventTable.body, "$.line"), fn.json_extract(EventTable.body, "$.object")
    )
    fault = (EventTable.kind == LineChanged.__name__) & (_field("state") == "fault")
    fits = fault | EventTable.kind.in_([kind.__name__ for kind in kinds])
    some = EventTable.kind.in_([kind.__name__ for kind in (*kinds, LineChanged)])  # by the index
    query = EventTable.select().where(some & (EventTable.wall_ms >= round(since_s * 1000)))
    query = query.where(fits & (named == line))
    with opening.reading(path) as db:
        rows = [] if db is None else query.order_by(EventTable.id.desc()).limit(limit).dicts().execute(db)
        return list(models.readable(rows))[::-1]


def alarms_standing(path: Path) -> dict[tuple[str, str], Stamped]:
    """The alarms that were raised and not cleared, by name and object."""
    standing: dict[tuple[str, str], Stamped] = {}
    with opening.reading(path) as db:
        query = _of_kinds((AlarmRaised, AlarmCleared)).order_by(EventTable.id)
        for stamped in [] if db is None else models.readable(query.dicts().execute(db)):
            event = stamped.event
            if isinstance(event, AlarmRaised):
                standing[event.name, event.object] = stamped
            elif isinstance(event, AlarmCleared):
                standing.pop((event.name, event.object), None)
    return standing


def last_balances(path: Path) -> dict[str, Stamped]:
    """The last answer to the balance code, by line."""
    with opening.reading(path) as db:
        query = _of_kinds((BalanceTold,)).order_by(EventTable.id)
        told: Iterable[Stamped] = [] if db is None else models.readable(query.dicts().execute(db))
        return {each.event.line: each for each in told if isinstance(each.event, BalanceTold)}


def _of_kinds(kinds: Sequence[type[Event]]) -> Any:
    return EventTable.select().where(EventTable.kind.in_([kind.__name__ for kind in kinds]))


def _field(name: str) -> Any:
    """A field of an event, in SQL."""
    return fn.json_extract(EventTable.body, f"$.{name}")
