"""The index of recordings, a row a file, and what each event changes in it; derived: it can be made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from peewee import BigIntegerField, BooleanField, CharField, FloatField, IntegerField, Model, SqliteDatabase

from appliance.events import Event, RecordingEnded, RecordingStarted, Stamped
from appliance.recording_events import RecordingFound, RecordingRemoved, RecordingsKept
from appliance.store.mark import mark
from appliance.store.models import Values, put_rows, writable


class RecordingTable(Model):
    """`Segment` as a row."""

    path = CharField(primary_key=True)
    call_id = CharField(max_length=64, index=True)
    n = IntegerField()
    began_ms = BigIntegerField(index=True)
    seconds = FloatField(null=True)
    dropped_frames = IntegerField()
    left = CharField()
    right = CharField()
    queue = CharField()
    agent = CharField()
    why = CharField()
    ended_why = CharField()
    kept = BooleanField()
    removed = CharField(max_length=16)

    class Meta:
        table_name = "recording"


@dataclass(frozen=True)
class Segment:
    """One file of one contact; times in wall-clock milliseconds, `seconds` None while it is written.

    `path` is the name without what encryption adds; `removed` says why the file is gone, "" while it is
    there.
    """

    path: str
    call_id: str
    n: int = 0
    began_ms: int = 0
    seconds: float | None = None
    dropped_frames: int = 0
    left: str = ""
    right: str = ""
    queue: str = ""
    agent: str = ""
    why: str = ""
    ended_why: str = ""
    kept: bool = False
    removed: str = ""

    @property
    def ended_ms(self) -> int | None:
        """When it ended, None while it is written."""
        return None if self.seconds is None else self.began_ms + round(self.seconds * 1000)


TABLES: tuple[type[Model], ...] = (RecordingTable,)


def put(db: SqliteDatabase, events: Iterable[Stamped]) -> None:
    """Change the rows as the events say, in their order; events about other things change nothing."""
    for stamped in events:
        change = CHANGES.get(type(stamped.event))
        if change is not None:
            change(db, stamped.event, mark(stamped).wall_ms)


def segment(values: Values) -> Segment:
    """The row again."""
    return Segment(**values)


def _started(db: SqliteDatabase, event: RecordingStarted, at_ms: int) -> None:
    call_id = writable(event.call_id)
    kept = RecordingTable.select().where(
        (RecordingTable.call_id == call_id) & RecordingTable.kept  # the call is, so what it adds is too
    )
    fields = {name: getattr(event, name) for name in ("path", "n", "left", "right", "queue", "agent", "why")}
    row = Segment(call_id=call_id, began_ms=at_ms, kept=kept.exists(db), **fields)
    _put(db, row)


def _ended(db: SqliteDatabase, event: RecordingEnded, at_ms: int) -> None:
    mine = RecordingTable.path == writable(event.path)
    told: Values = {"seconds": event.seconds, "dropped_frames": event.dropped_frames}
    told["ended_why"] = writable(event.why)
    if not RecordingTable.update(**told).where(mine).execute(db):  # a journal that lost its beginning
        began_ms = at_ms - round(event.seconds * 1000)
        _put(db, Segment(event.path, event.call_id, began_ms=began_ms, **told))


def _found(db: SqliteDatabase, event: RecordingFound, at_ms: int) -> None:
    names = ("path", "seconds", "began_ms", "n", "left", "right", "queue", "agent", "why")
    _put(db, Segment(call_id=event.contact, **{name: getattr(event, name) for name in names}))


def _removed(db: SqliteDatabase, event: RecordingRemoved, at_ms: int) -> None:
    RecordingTable.update(removed=event.why).where(RecordingTable.path == writable(event.path)).execute(db)


def _kept(db: SqliteDatabase, event: RecordingsKept, at_ms: int) -> None:
    RecordingTable.update(kept=event.on).where(RecordingTable.call_id == event.call_id).execute(db)


def _put(db: SqliteDatabase, row: Segment) -> None:
    values = asdict(row)
    values |= {name: writable(value) for name, value in values.items() if isinstance(value, str)}
    put_rows(db, RecordingTable, "path", [values])


Change = Callable[[SqliteDatabase, Any, int], None]
CHANGES: Mapping[type[Event], Change] = {
    RecordingStarted: _started,
    RecordingEnded: _ended,
    RecordingFound: _found,
    RecordingRemoved: _removed,
    RecordingsKept: _kept,
}
