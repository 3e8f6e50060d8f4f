"""What the journal knows of agents beside their state, read when the box starts."""

from __future__ import annotations

from pathlib import Path

from appliance.agent_events import STANDING
from appliance.events import AgentChanged, Stamped, TalkEnded
from appliance.store import models, opening
from appliance.store.models import EventTable

LOOK_BACK_SECONDS = 36 * 3600.0  # for the state in which an agent came into the day


def agent_events(path: Path, midnight_s: float) -> list[Stamped]:
    """All that stands however old it is, and what agents did since the evening before, oldest first.

    Raises StoreError.
    """
    standing = EventTable.kind.in_([kind.__name__ for kind in STANDING])
    since_ms = round((midnight_s - LOOK_BACK_SECONDS) * 1000)
    done = EventTable.kind.in_([AgentChanged.__name__, TalkEnded.__name__]) & (EventTable.wall_ms >= since_ms)
    with opening.reading(path) as db:
        query = EventTable.select().where(standing | done).order_by(EventTable.id).dicts()
        return [] if db is None else list(models.readable(query.execute(db)))
