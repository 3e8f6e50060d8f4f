"""Messages on a screen, in a spreadsheet, for a script; nothing from outside steers a terminal."""

from __future__ import annotations

import csv
import io
import json

import pytest

from appliance.console import messages as view
from appliance.console.line_history import history_json, history_text
from appliance.line_events import AlarmRaised, LineSampled, PartArrived
from appliance.store.line_reads import KeptPart
from appliance.store.messages import Direction, MessageRow, MessageState, OutPart, PartState
from tests.appliance.store.visits import at

AT_MS = 1_795_000_000_000
IN = MessageRow(
    message="20261120-120000-00000001",
    direction=Direction.IN,
    line="gsm-1",
    sim="26201",
    number="MyBank",
    text="=HYPERLINK()\x1b[2J and\na second line that is long enough to be cut in a list",
    at_ms=AT_MS,
    parts=1,
    state=MessageState.RECEIVED,
    sent_at="2026-11-20T11:59:58+00:00",
)
OUT = MessageRow(
    message="20261120-120100-00000002",
    direction=Direction.OUT,
    line="gsm-1",
    sim="26201",
    number="+4915550123",
    text="hello",
    at_ms=AT_MS,
    parts=2,
    state=MessageState.UNSURE,
    report=True,
    out_parts=(
        OutPart("00", PartState.SENT, 12, 1, "", AT_MS),
        OutPart("01", PartState.UNSURE, -1, 2, "no answer", AT_MS),
    ),
)
ARRIVED = PartArrived(arrival="a1", line="gsm-1", sim="", slot="SM:1", pdu="00AA", kind="text")


def test_the_list_has_a_line_each_and_cuts_the_text() -> None:
    heading, one, two = view.messages_table([IN, OUT]).splitlines()
    assert heading.split() == ["WHEN", "LINE", "NUMBER", "STATE", "MESSAGE", "TEXT"]
    assert "<-  gsm-1  MyBank" in one
    assert one.endswith("…")
    assert "\x1b" not in one
    assert "->  gsm-1  +4915550123  unsure" in two
    assert view.messages_table([]) == "none"


def test_json_and_csv_have_every_column() -> None:
    [row, _] = json.loads(view.messages_json([IN, OUT]))
    assert (row["text"], row["state"], row["direction"]) == (IN.text, "received", "in")
    rows = list(csv.DictReader(io.StringIO(view.messages_csv([IN, OUT]))))
    assert rows[0]["text"].startswith("'=HYPERLINK")
    assert rows[1]["number"] == "+4915550123"
    assert rows[1]["why"] == "no answer"


def test_one_message_is_told_part_by_part() -> None:
    told = view.story(OUT, [])
    assert "unsure: no answer" in told
    assert "part 1 of 2: sent, reference 12 (" in told
    assert "part 2 of 2: unsure, attempt 2: no answer (" in told
    told = view.story(IN, [KeptPart(ARRIVED, AT_MS, True)])
    assert "sent 2026-11-20T11:59:58+00:00 by the network's clock" in told
    assert "part 1 of 1, from slot SM:1" in told
    assert "\x1b" not in told
    assert json.loads(view.story_json(IN, [KeptPart(ARRIVED, AT_MS, True)]))["arrivals"][0]["pdu"] == "00AA"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("unsure", "callbox sms retry 20261120-120100-00000002"),
        ("failed", "callbox sms retry"),
        ("queued", "callbox sms show"),
        ("sending", "callbox sms show"),
        ("sent", "No report of its delivery came yet"),
        ("delivered", "reference 12"),
    ],
)
def test_what_became_of_it_says_what_to_do(state: str, words: str) -> None:
    parts = [{"reference": 12}, {"reference": -1}]
    message = {**view.plain(OUT), "state": state, "out_parts": parts}
    assert words in view.became(message)


def test_every_state_has_something_to_do() -> None:
    mine = {state.value for state in MessageState} - {"received", "incomplete"}
    assert set(view.NEXT) == mine


def test_what_cannot_be_read_is_listed_with_its_pdu() -> None:
    told = view.unreadable_table([KeptPart(ARRIVED, AT_MS, False)])
    assert "00AA" in told
    assert json.loads(view.unreadable_json([KeptPart(ARRIVED, AT_MS, False)]))[0]["slot"] == "SM:1"


def test_history_has_a_line_a_change() -> None:
    sample = LineSampled(
        line="gsm-1",
        sim="26201",
        state="idle",
        signal_dbm=-71,
        registration="home",
        operator="Example",
        technology="LTE",
        temperature_c=41.0,
        rung="reset by command",
        restarts=2,
        heals=1,
    )
    events = [at(0.0, sample), at(60.0, AlarmRaised(name="sim", object="gsm-1", text="no SIM"))]
    one, two = history_text(events).splitlines()
    assert one.endswith(
        "line gsm-1: idle, signal -71 dBm, network Example LTE home, temperature 41 °C, restarts 2, "
        "healing reset by command"
    )
    assert two.endswith("alarm at gsm-1: sim: no SIM")
    assert json.loads(history_json(events))[0]["signal_dbm"] == -71
    assert history_text([]) == "nothing is known of it in that time"
