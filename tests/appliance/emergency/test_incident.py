"""Incidents are what their events say: state, whom to call next, and the log."""

from __future__ import annotations

from appliance.emergency.incident import Emergencies, Incident, logs, next_called, words
from appliance.emergency_events import (
    AlertCalled,
    AlertTexted,
    CallDiverted,
    EmergencyBegun,
    EmergencyEnded,
    EmergencyNoted,
)
from appliance.event import Event, Stamped

ACKNOWLEDGED = {"result": "acknowledged"}


def stamped(*events: Event) -> list[Stamped]:
    return [Stamped(event, 1000.0 + number, float(number), "boot") for number, event in enumerate(events)]


def folded(*events: Event) -> Emergencies:
    emergencies = Emergencies()
    for each in stamped(*events):
        emergencies.apply(each)
    return emergencies


def test_one_switch_begins_and_ends_it() -> None:
    begun = folded(EmergencyBegun(by="ana", reason="fire"))
    assert begun.diverts
    assert begun.now is not None
    assert begun.now.title == "EMERGENCY MODE, switched on by ana: fire"
    over = folded(EmergencyBegun(by="ana"), EmergencyEnded(by="ben"))
    assert (over.now, over.diverts) == (None, False)


def test_a_drill_diverts_nobody_and_says_so() -> None:
    drill = folded(EmergencyBegun(by="ana", drill=True))
    assert not drill.diverts
    assert drill.now is not None
    assert "DRILL" in drill.now.title


def test_the_list_is_gone_through_in_order_and_again() -> None:
    numbers, incident = ["+1", "+2", "+2"], Incident(0.0, "ana", "", False)
    seen = []
    for _ in range(5):
        number, anew = next_called(incident, numbers, 2)
        seen.append((number, anew))
        called = {**incident.called, number: incident.called.get(number, 0) + 1}
        incident = Incident(0.0, "ana", "", False, called=called)
    assert seen == [("+1", False), ("+2", False), ("+1", True), ("+2", False), ("", False)]


def test_who_has_acknowledged_is_called_no_more() -> None:
    emergencies = folded(EmergencyBegun(by="ana"), AlertCalled(number="+1", call="c", result="acknowledged"))
    assert emergencies.now is not None
    assert next_called(emergencies.now, ["+1", "+2"], 3) == ("+2", False)
    assert emergencies.now.acknowledged == ("+1",)


def test_the_log_tells_every_incident_with_all_that_was_done() -> None:
    events = [
        AlertTexted(number="+1"),  # of no incident
        EmergencyBegun(by="ana", reason="fire"),
        AlertTexted(number="+1", why="no signal"),
        AlertTexted(number="+1"),
        AlertCalled(number="+2", call="c1", result="not reached", why="busy"),
        CallDiverted(call_id="c2", to="play:closed"),
        EmergencyNoted(by="ben", text="all are out"),
        EmergencyEnded(by="ana"),
        EmergencyBegun(by="eva", drill=True),
    ]
    [(fire, entries), (drill, _)] = logs(stamped(*events))
    assert (fire.begun_s, fire.ended_s, fire.diverted, drill.ended_s) == (1001.0, 1007.0, 1, 0.0)
    assert [words(entry.event) for entry in entries] == [
        "emergency begun by ana: fire",
        "text to +1: no signal",
        "text to +1: on its way",
        "call to +2: not reached, busy",
        "call c2 goes to play:closed",
        "note of ben: all are out",
        "ended by ana",
    ]
