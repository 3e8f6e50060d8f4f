"""What the figures are made from: queue legs and agents' changes of a time, over a read-only connection."""

from __future__ import annotations

from pathlib import Path

from appliance.events import Stamped
from appliance.store import models, opening
from appliance.store.legs import QueueLeg
from appliance.store.models import EventTable, LegTable

KINDS = ("AgentChanged", "BoxStopped", "BoxStarted")
BEFORE_MS = 7 * 86_400_000  # an agent's last change before the beginning is looked for so far back


def legs_between(path: Path, since_ms: int, until_ms: int, *, by: str, queue: str = "") -> list[QueueLeg]:
    """The queue legs that entered (or, `by` "ended", were over) in [since, until), ms since 1970.

    Raises opening.StoreError when the file cannot be read.
    """
    column = LegTable.ended_ms if by == "ended" else LegTable.entered_ms
    query = LegTable.select().where((column >= since_ms) & (column < until_ms))
    query = query.order_by(LegTable.call_id, LegTable.number)
    query = query.where(LegTable.queue == queue) if queue else query
    with opening.reading(path) as db:
        return [] if db is None else [models.leg_row(row) for row in query.dicts().execute(db)]


def agent_changes(path: Path, since_ms: int, until_ms: int) -> list[Stamped]:
    """What `agent_time.spans` wants to know before `until`, from a week before `since` on.

    Every AgentChanged, BoxStopped and BoxStarted, and the event before each of the last. Raises as
    `legs_between`.
    """
    within = EventTable.wall_ms.between(since_ms - BEFORE_MS, until_ms - 1)
    before_start = EventTable.select(EventTable.id - 1).where(within & (EventTable.kind == "BoxStarted"))
    wanted = EventTable.kind.in_(KINDS) | EventTable.id.in_(before_start)
    query = EventTable.select().where(within & wanted).order_by(EventTable.id).dicts()
    with opening.reading(path) as db:
        return [] if db is None else list(models.readable(query.execute(db)))
