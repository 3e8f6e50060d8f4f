"""The callers we lost: everybody who gave up waiting or was not let in, once each, and what became of them.

These are the legs B and X of section 4.1 of the definitions, all of them; a caller is the number he called
from, and all who withheld theirs are one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.events import Direction, Outcome
from appliance.outbound_events import OutboundBegun
from appliance.store import models, opening
from appliance.store.derive import CallRow
from appliance.store.legs import LegOutcome
from appliance.store.models import CallTable, EventTable, LegTable

SAME_DIGITS = 9  # so many at the end make the same number: with and without country code, 0 or 00
LOST = (Outcome.ABANDONED.value, Outcome.BLOCKED.value)


@dataclass(frozen=True)
class LostCaller:
    """One number, "" for withheld ones; times are ms since 1970.

    `last_ms`, `call_id`, `queue` and `outcome` are of the last call that was lost. `called_back_ms` is when
    somebody here (`called_back_by`) reached the number after it, `served_ms` when the caller reached us.
    """

    number: str
    count: int
    last_ms: int
    call_id: str
    queue: str
    outcome: str
    called_back_ms: int | None = None
    called_back_by: str = ""
    served_ms: int | None = None


def read_lost(path: Path, since_s: float) -> list[LostCaller]:
    """Those who were lost at `since_s` (wall clock) or later, the last lost first. Raises StoreError."""
    since_ms = round(since_s * 1000)
    legs = LegTable.select(LegTable.call_id).where(
        (LegTable.entered_ms >= since_ms) & LegTable.outcome.in_([LegOutcome.ABANDONED, LegOutcome.BLOCKED])
    )
    begun = EventTable.select(EventTable.call_id, EventTable.body).where(
        (EventTable.kind == OutboundBegun.__name__) & (EventTable.wall_ms >= since_ms)
    )
    recent = CallTable.select().where(CallTable.arrived_ms >= since_ms).order_by(CallTable.call_id).dicts()
    with opening.reading(path) as db:
        if db is None:
            return []
        rows = [models.call_row(row) for row in recent.execute(db)]
        lost = {call_id for (call_id,) in legs.tuples().execute(db)}
        dialled = {call_id: json.loads(body)["number"] for call_id, body in begun.tuples().execute(db)}
    return lost_callers(rows, lost, dialled)


def lost_callers(
    rows: Iterable[CallRow], lost: Collection[str], dialled: Mapping[str, str]
) -> list[LostCaller]:
    """From the calls of a time, oldest first; `lost` are ids of calls with such a leg, `dialled` the number
    of each call that went out.
    """
    callers: dict[str, LostCaller] = {}
    for row in rows:
        comes_in = row.direction == Direction.IN.value
        key = _key(row.caller if comes_in else dialled.get(row.call_id, row.caller))
        if comes_in and (row.call_id in lost or row.outcome in LOST):
            before = callers.pop(key, None)
            callers[key] = _lost(row, 1 + (before.count if before else 0))
        if key in callers and row.connected_ms is not None and key:
            callers[key] = _reached(callers[key], row, comes_in)
    return sorted(callers.values(), key=lambda caller: caller.last_ms, reverse=True)


def _lost(row: CallRow, count: int) -> LostCaller:
    return LostCaller(row.caller, count, row.arrived_ms or 0, row.call_id, row.queue, row.outcome)


def _reached(caller: LostCaller, row: CallRow, comes_in: bool) -> LostCaller:
    """The first time after it."""
    if row.outcome not in ("", Outcome.ANSWERED.value):
        return caller
    fields = dict(vars(caller))
    if comes_in and caller.served_ms is None:
        fields["served_ms"] = row.connected_ms
    elif not comes_in and caller.called_back_ms is None:
        fields.update(called_back_ms=row.connected_ms, called_back_by=row.agent)
    return LostCaller(**fields)


def _key(number: str) -> str:
    return re.sub(r"[^0-9]", "", number)[-SAME_DIGITS:]
