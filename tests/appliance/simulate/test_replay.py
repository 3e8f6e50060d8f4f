"""A past day served once more: the same rules give the same waits, others what they would have given."""

from __future__ import annotations

import json
import math
import random
from datetime import datetime
from pathlib import Path

import pytest

from appliance.__main__ import main
from appliance.events import AgentChanged, CallConnected, CallEnded, CallQueued, Stamped, TalkEnded
from appliance.simulate.arrivals import Lengths
from appliance.simulate.day import Day, Setting, Staffed
from appliance.simulate.patience import Patience
from appliance.simulate.replay import replay
from appliance.store.journal import Journal
from tests.appliance.simulate.centres import centre, told

MIDNIGHT_S = datetime(2026, 11, 20).timestamp()


def stamped(at_s: float, event: object) -> Stamped:
    return Stamped(event, MIDNIGHT_S + at_s, at_s, "boot")  # type: ignore[arg-type]


def call(
    id: str, queued: float, connected: float | None, ended: float, queue: str = "sales"
) -> list[Stamped]:
    events = [stamped(queued, CallQueued(call_id=id, queue=queue, position=1, place=queued))]
    if connected is not None:
        events.append(stamped(connected, CallConnected(call_id=id, queue=queue, agent="a1")))
        events.append(stamped(ended, TalkEnded(call_id=id, agent="a1", by="caller")))
    outcome = "abandoned" if connected is None else "answered"
    return [*events, stamped(ended, CallEnded(call_id=id, outcome=outcome, by="caller"))]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """One agent from 09:00 to 12:00, three callers; one gave up."""
    changes = [
        (32_400, "offline", "ready"),
        (32_460, "ready", "talking"),
        (32_760, "talking", "ready"),
        (43_200, "ready", "offline"),
    ]
    events = [stamped(at, AgentChanged(agent="a1", was=was, now=now)) for at, was, now in changes]
    events += call("c1", 32_460, 32_460, 32_560)
    events += call("c2", 32_500, None, 32_530)
    events += call("c3", 32_510, 32_560, 32_760)
    events += call("c4", 32_600, None, 32_700, queue="closed-down")
    journal = Journal(tmp_path / "callbox.db")
    for event in sorted(events, key=lambda each: each.mono_s):
        journal.append(event)
    assert journal.close()
    return tmp_path


def test_the_same_rules_give_the_same_waits(state: Path) -> None:
    past = replay(state / "callbox.db", MIDNIGHT_S, MIDNIGHT_S + 86_400, {"sales"}, Lengths())
    assert past.staff == [Staffed(32_400, "a1", here=True), Staffed(43_200, "a1", here=False)]
    assert past.ring_s == 0
    assert past.left_out == "1 callers are left out, for their queue is not in every configuration."
    result = Day(Setting(centre(), staff=past.staff), past.traffic(1)).run()
    assert told(result) == [("sales", "A", 0), ("sales", "B", 30), ("sales", "A", 50)]


def test_what_if_prints_both_and_the_difference(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    one.write_text('[agents.a1]\n[queues.sales]\nagents = ["a1"]\nwrap_up_seconds = 0\n')
    two.write_text(one.read_text() + "max_callers = 1\n")
    words = ["simulate", "--config", str(one), "--what-if", str(two), "--state", str(state), "--repeat", "2"]
    assert main([*words, "--replay", "2026-11-20", "--json"]) == 0
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert told["figures"][0]["blocked"]["mean"] == 0
    assert told["figures"][1]["blocked"]["mean"] == 1
    assert told["difference"]["blocked"] == {"mean": 1.0, "half_95": 0.0}
    assert "1 callers are left out" in captured.err


def test_a_day_on_which_nobody_came_says_so(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "one.toml"
    config.write_text('[agents.a1]\n[queues.sales]\nagents = ["a1"]\n')
    words = ["simulate", "--config", str(config), "--state", str(state)]
    assert main([*words, "--replay", "2020-01-01"]) == 1
    assert "nobody came" in capsys.readouterr().err
    assert main([*words, "--replay", "yesterday"]) == 1
    assert "write it as 2026-11-21" in capsys.readouterr().err


def test_patience_of_those_who_were_answered_is_only_known_to_be_more() -> None:
    patience = Patience([(10, True), (20, False), (30, True), (40, True)])
    assert [patience.staying(at) for at in (5, 10, 25, 30, 99)] == pytest.approx([1, 0.75, 0.75, 0.375, 0])
    dice = random.Random(1)
    assert {patience.more_than(20, dice) for _ in range(100)} == {30, 40}


def test_patience_beyond_all_that_was_seen_is_endless() -> None:
    assert Patience([(10, False)]).more_than(10, random.Random(1)) == math.inf


def test_the_patience_of_many_callers_is_found_again() -> None:
    dice = random.Random(4)
    callers = [(dice.expovariate(1 / 120), dice.expovariate(1 / 60)) for _ in range(4000)]
    patience = Patience((min(stays, served), stays < served) for stays, served in callers)
    assert patience.staying(120) == pytest.approx(math.exp(-1), abs=0.03)
