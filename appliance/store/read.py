"""Questions to the database, each over a read-only connection of its own: for screens, lists and restarts.

They work while the brain writes and while it is down. All raise opening.StoreError when the file cannot be
read, and find nothing where there is no file yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.events import Stamped
from appliance.store import models, opening
from appliance.store.derive import CallRow
from appliance.store.models import AgentTable, CallTable, Values
from appliance.store.opening import StoreError

SHOWN_MATCHES = 5  # calls named when the beginning of an id fits several


class NoSuchCall(StoreError):
    """No call, or more than one, has an id that begins so."""


@dataclass(frozen=True)
class AgentLast:
    """What an agent was last: an AgentState value, the reason of a pause, and since when by both clocks.

    `hindered`: the pause was not the agent's wish.
    """

    state: str
    reason: str
    wall_s: float
    mono_s: float
    boot: str
    hindered: bool = False


def open_calls(path: Path) -> list[tuple[str, list[Stamped]]]:
    """Id and events of every call that has not ended or is still written up, the oldest call first."""
    with opening.reading(path) as db:
        if db is None:
            return []
        query = CallTable.select(CallTable.call_id).where(CallTable.is_open).order_by(CallTable.call_id)
        ids = [call_id for (call_id,) in query.tuples().execute(db)]
        return [(call_id, models.events_of_call(db, call_id)) for call_id in ids]


def agents_last(path: Path) -> dict[str, AgentLast]:
    """The last state of each agent, by name."""
    with opening.reading(path) as db:
        rows = [] if db is None else AgentTable.select().dicts().execute(db)
        return {row["agent"]: _agent_last(row) for row in rows}


def _agent_last(row: Values) -> AgentLast:
    return AgentLast(
        row["state"],
        row["reason"],
        row["wall_ms"] / 1000,
        row["mono_ms"] / 1000,
        row["boot"],
        bool(row["hindered"]),
    )


def calls(
    path: Path,
    limit: int = 20,
    since_s: float | None = None,
    *,
    line: str = "",
    queue: str = "",
    agent: str = "",
    outcome: str = "",
) -> list[CallRow]:
    """The newest `limit` calls, newest first, that fit and arrived at `since_s` (wall clock) or later."""
    wanted = ((CallTable.line, line), (CallTable.queue, queue), (CallTable.agent, agent))
    query = CallTable.select()
    for column, value in (*wanted, (CallTable.outcome, outcome)):
        query = query.where(column == value) if value else query
    if since_s is not None:
        query = query.where(CallTable.arrived_ms >= round(since_s * 1000))
    query = query.order_by(CallTable.call_id.desc()).limit(limit).dicts()
    with opening.reading(path) as db:
        return [] if db is None else [models.call_row(row) for row in query.execute(db)]


def call_story(path: Path, id_prefix: str) -> tuple[CallRow, list[Stamped]]:
    """The call whose id begins so, and its events, oldest first. Raises NoSuchCall unless one fits."""
    with opening.reading(path) as db:
        rows = [] if db is None else _beginning_with(db, id_prefix)
        if not rows:
            raise NoSuchCall(
                f'no call has an id that begins with "{id_prefix}". List them with: callbox calls'
            )
        exact = [row for row in rows if row.call_id == id_prefix]
        if len(rows) > 1 and not exact:
            ids = ", ".join(row.call_id for row in rows[:SHOWN_MATCHES])
            raise NoSuchCall(f'more than one call begins with "{id_prefix}": {ids}. Give more of the id.')
        row = (exact or rows)[0]
        return row, [] if db is None else models.events_of_call(db, row.call_id)


def _beginning_with(db: Any, id_prefix: str) -> list[CallRow]:
    last = id_prefix + "\U0010ffff"  # a range uses the index, LIKE does not
    query = CallTable.select().where(CallTable.call_id.between(id_prefix, last)).order_by(CallTable.call_id)
    return [models.call_row(row) for row in query.limit(SHOWN_MATCHES + 1).dicts().execute(db)]


def day_calls(path: Path, since_s: float) -> Sequence[CallRow]:
    """Every call that entered its first queue, or arrived where it entered none, at `since_s` or later."""
    from_ms = round(since_s * 1000)
    entered = (CallTable.queued_ms >= from_ms) | (
        CallTable.queued_ms.is_null() & (CallTable.arrived_ms >= from_ms)
    )
    with opening.reading(path) as db:
        rows = [] if db is None else CallTable.select().where(entered).dicts().execute(db)
        return [models.call_row(row) for row in rows]
