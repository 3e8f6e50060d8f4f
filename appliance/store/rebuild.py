"""Make the derived rows again from the events: after a change of how they are derived, or in doubt."""

from __future__ import annotations

from pathlib import Path

import peewee

from appliance.store import opening
from appliance.store.derived_rows import rebuild_rows
from appliance.store.opening import StoreError
from appliance.store.salvage import open_or_salvage


def rebuild(path: Path) -> int:
    """Derive every row anew in one transaction; how many calls. Safe while the box runs (its events wait).

    Raises StoreError when there is no database, or it cannot be written.
    """
    if not path.exists():
        raise StoreError(f"there is no database {path}. Is --state right?")
    try:
        open_or_salvage(path)
        with opening.writing(path) as db, db.atomic("IMMEDIATE"):
            return rebuild_rows(db)
    except (peewee.PeeweeException, OSError) as error:
        raise StoreError(f"{path} was left as it was: {error}") from error
