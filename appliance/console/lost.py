"""`callbox calls lost`: who gave up waiting or was not let in, and whether somebody spoke to them since."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from appliance.console.calls import printable
from appliance.console.table import table
from appliance.store.lost import LostCaller

COLUMNS = {
    "last": "LAST",
    "number": "NUMBER",
    "count": "TIMES",
    "queue": "QUEUE",
    "outcome": "LAST TIME",
    "since": "SINCE THEN",
    "call_id": "CALL",
}


def lost_table(callers: Sequence[LostCaller]) -> str:
    """One line a caller."""
    rows = [
        {
            **asdict(caller),
            "number": printable(caller.number) or "withheld",
            "last": _time(caller.last_ms),
            "since": _since(caller),
        }
        for caller in callers
    ]
    return table(rows, COLUMNS) if rows else "nobody was lost"


def lost_json(callers: Sequence[LostCaller]) -> str:
    """A list of objects."""
    return json.dumps([asdict(caller) for caller in callers], indent=2)


def _since(caller: LostCaller) -> str:
    told = []
    if caller.called_back_ms is not None:
        by = f" by {caller.called_back_by}" if caller.called_back_by else ""
        told.append(f"called back {_time(caller.called_back_ms)}{by}")
    if caller.served_ms is not None:
        told.append(f"served {_time(caller.served_ms)}")
    return ", ".join(told)


def _time(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000):%m-%d %H:%M}"
