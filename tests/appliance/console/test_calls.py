"""The list of calls and the story of one, as people and as scripts read them."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC

import pytest

from appliance.console.calls import (
    WORDS,
    calls_csv,
    calls_json,
    calls_table,
    printable,
    story,
    story_json,
    words,
)
from appliance.events import KINDS, AgentOffered, CallArrived
from appliance.store.derive import CallRow, derive
from tests.appliance.store.visits import abandoned_call, answered_call, at

CALL = "20261121-214501-7f3a12"


def answered() -> CallRow:
    return derive(CALL, answered_call(CALL)).row


def test_the_list_has_a_line_a_call_with_full_numbers() -> None:
    lines = calls_table([answered(), derive("b", abandoned_call("b")).row]).splitlines()
    assert lines[0].split() == ["CALL", "CALLER", "QUEUE", "AGENT", "WAIT", "TALK", "OUTCOME"]
    assert lines[1].split() == [CALL, "+491711234567", "sales", "ana", "6", "s", "1:20", "answered"]
    assert lines[2].split() == ["b", "unknown", "sales", "30", "s", "abandoned"]


def test_the_list_fits_eighty_columns_by_cutting_names_never_numbers() -> None:
    row = replace(
        answered(), caller="+123456789012345", queue="a-queue-with-a-long-name", agent="bartholomew-the-2nd"
    )
    text = calls_table([row, replace(row, outcome="abandoned", talk_ms=7_384_000)])
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "+123456789012345" in text
    assert "…" in text


def test_a_call_in_progress_shows_where_it_is() -> None:
    row = derive(CALL, answered_call(CALL)[:5]).row
    assert calls_table([row]).splitlines()[1].endswith("(waiting)")


def test_no_calls_are_said_to_be_none() -> None:
    assert calls_table([]) == "none"
    assert json.loads(calls_json([])) == []
    assert calls_csv([]).startswith("call_id,line,")


def test_control_characters_of_a_caller_do_not_reach_the_terminal() -> None:
    row = replace(answered(), caller="\x1b[2Jboo\n")
    assert "\x1b" not in calls_table([row]) + story(row, answered_call(CALL))
    assert printable("\x1b[31mAnna Müller\r") == "?[31mAnna Müller?"


def test_json_has_every_column() -> None:
    (found,) = json.loads(calls_json([answered()]))
    assert found["talk_ms"] == 80_000
    assert found["recordings"][0]["seconds"] == 12.5
    assert set(found) == set(CallRow.__dataclass_fields__)


def test_csv_reads_back_with_every_column() -> None:
    row = replace(answered(), recordings=({"path": "a.wav"}, {"path": "b,c.wav"}))
    (found,) = csv.DictReader(io.StringIO(calls_csv([row])))
    assert (found["call_id"], found["caller"], found["talk_ms"]) == (CALL, "+491711234567", "80000")
    assert found["recordings"] == "a.wav;b,c.wav"
    assert found["stage"] == "over"


@pytest.mark.parametrize(
    ("caller", "cell"),
    [("=1+1", "'=1+1"), ("@x", "'@x"), ("+49-1|x", "'+49-1|x"), ("-5", "-5"), ("+4930", "+4930"), ("", "")],
)
def test_csv_holds_no_formula_for_a_spreadsheet_to_run(caller: str, cell: str) -> None:
    (found,) = csv.DictReader(io.StringIO(calls_csv([replace(answered(), caller=caller)])))
    assert found["caller"] == cell


def test_the_story_tells_each_event_in_words_with_its_time_since_the_first() -> None:
    text = story(answered(), answered_call(CALL), UTC)
    assert text.startswith(
        f"call {CALL}\n"
        "2026-11-18 11:06:40  +491711234567 at line gsm-1 (dialled 0301234)\n"
        "answered, ended by caller\n"
        "wait 6.000 s, ring 2.000 s, talk 80.000 s, hold 20.000 s, wrap-up 10.000 s\n\n"
    ), text
    for line in (
        "    +0.000  rings at line gsm-1 from +491711234567",
        "    +4.000  presses 1 in menu main, goes to queue:sales",
        "    +8.000  agent ana is rung for queue sales: longest idle of 2 ready agents",
        "   +10.000  talks with ana",
        "   +40.000  ana puts the caller on hold",
        "  +110.000  the call ends, answered, by the caller",
        "  +120.000  ana has written it up (ended by the timer)",
    ):
        assert line in text.splitlines(), text


def test_the_story_of_a_call_in_progress_says_so() -> None:
    events = answered_call(CALL)[:5]
    text = story(derive(CALL, events).row, events)
    assert "in progress: waiting" in text


def test_a_long_reason_goes_on_under_itself_within_eighty_columns() -> None:
    why = "longest idle of nine ready agents: ana 812 s, before bob 340 s, cyd 222 s and six more"
    event = at(0, AgentOffered(call_id=CALL, queue="sales", agent="ana", why=why))
    lines = story(answered(), [event]).splitlines()[5:]
    assert len(lines) == 2
    assert all(len(line) <= 80 for line in lines)
    assert lines[1].startswith(" " * 14)


def test_the_story_as_json_has_the_row_and_each_event_with_its_fields() -> None:
    found = json.loads(story_json(answered(), answered_call(CALL)))
    assert found["talk_ms"] == 80_000
    offered = next(each for each in found["events"] if each["kind"] == "AgentOffered")
    assert (offered["at_ms"], offered["agent"], offered["why"]) == (
        8000,
        "ana",
        "longest idle of 2 ready agents",
    )
    assert offered["words"].startswith("agent ana is rung")


def test_a_call_without_readable_events_still_has_a_story() -> None:
    assert json.loads(story_json(CallRow(CALL), []))["events"] == []
    assert story(CallRow(CALL), []).startswith(f"call {CALL}")


def test_there_are_words_for_every_kind_of_event() -> None:
    assert set(WORDS) == set(KINDS.values())


def test_an_unknown_caller_is_called_so() -> None:
    assert (
        words(CallArrived(line="gsm-1", leg_id="", caller="")) == "rings at line gsm-1 from an unknown number"
    )
