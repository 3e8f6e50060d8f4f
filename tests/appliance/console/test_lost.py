"""`callbox calls lost`, and how call-backs stand in the lists."""

from __future__ import annotations

import json
from datetime import datetime

from appliance.console.calls import calls_table, words
from appliance.console.lost import lost_json, lost_table
from appliance.events import CallArrived
from appliance.store.derive import CallRow
from appliance.store.lost import LostCaller

NOON_MS = round(datetime(2026, 11, 22, 12, 0).timestamp() * 1000)
ANNA = LostCaller("+491711111111", 3, NOON_MS, "c1", "sales", "abandoned", NOON_MS + 600_000, "ben", None)


def test_one_line_tells_how_often_the_last_time_and_what_happened_since() -> None:
    withheld = LostCaller("", 1, NOON_MS, "c2", "sales", "blocked", served_ms=NOON_MS + 60_000)
    heading, first, second = lost_table([ANNA, withheld]).splitlines()
    assert heading.split() == ["LAST", "NUMBER", "TIMES", "QUEUE", "LAST", "TIME", "SINCE", "THEN", "CALL"]
    assert "11-22 12:00  +491711111111  3" in first
    assert "called back 11-22 12:10 by ben" in first
    assert "withheld" in second
    assert "served 11-22 12:01" in second
    assert lost_table([]) == "nobody was lost"


def test_json_has_every_field() -> None:
    (told,) = json.loads(lost_json([ANNA]))
    assert (told["count"], told["called_back_by"], told["served_ms"]) == (3, "ben", None)


def test_a_call_back_is_told_from_a_caller() -> None:
    row = CallRow("c3", caller="+491711111111", direction="back", outcome="answered", arrived_ms=NOON_MS)
    assert "> +491711111111" in calls_table([row])
    arrived = CallArrived(call_id="c3", line="", leg_id="", caller="+491711111111", direction="back")
    assert words(arrived) == "+491711111111 is to be called back"
