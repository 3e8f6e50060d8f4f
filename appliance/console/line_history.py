"""`callbox line NAME history`: how a line was, a line a change. Only formats; asks nobody."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from appliance.console.calls import words
from appliance.events import Stamped, to_plain


def history_text(events: Sequence[Stamped]) -> str:
    """One line an event, oldest first."""
    if not events:
        return "nothing is known of it in that time"
    return "\n".join(
        f"{datetime.fromtimestamp(each.wall_s):%Y-%m-%d %H:%M:%S}  {words(each.event)}" for each in events
    )


def history_json(events: Sequence[Stamped]) -> str:
    """A list of objects: `wall_s`, `kind`, and the event's own fields."""
    return json.dumps(
        [
            {"wall_s": each.wall_s, "kind": type(each.event).__name__, **to_plain(each.event)}
            for each in events
        ],
        indent=2,
    )
