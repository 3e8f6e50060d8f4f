"""`callbox why`: every caller who waits is told with the reason, live."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from appliance.acd.caller import Caller
from appliance.acd.choice import longest_idle
from appliance.acd.needs import Step
from appliance.acd.rules import Rules
from appliance.api.why_requests import WhyRequests
from appliance.console import why as console
from drivers import wire
from tests.appliance.acd.test_distributor import Floor


def floor() -> Floor:
    """Ben is ready and speaks too little German for the first; nobody serves the second."""
    made = Floor()
    rules = Rules(relax=(Step(60, levels=-1), Step(90, any_agent=True)))
    made.acd.add_queue("sales", ("ana", "ben"), longest_idle, rules)
    made.acd.add_queue("night", ("cem",), longest_idle)
    made.acd.set_agent("ben", skills={"german": 2})
    for name in ("ana", "ben"):
        made.acd.log_in(name)
    made.acd.pause("ana", "lunch")
    made.acd.join(Caller("c1", 0.0, needs={"german": 3}), "sales")
    made.acd.join("c2", "night", 0.0)
    made.now = 30.0
    return made


async def asked(what: str = "") -> wire.Message:
    here = floor()
    answer, _ = await WhyRequests(here.acd, lambda: here.now).answer({"op": "why", "what": what})
    return answer


async def test_every_caller_is_explained() -> None:
    told = await asked()
    assert told["waiting"] == 2
    assert [(row["call"], row["waited_seconds"], row["why"]) for row in told["callers"]] == [
        (
            "c1",
            30.0,
            "place 1 of 1 after 30 s; needs german 3; ready but not for this caller: ben (german 2); "
            "1 paused: ana (lunch); in 30 s: levels -1",
        ),
        ("c2", 30.0, "place 1 of 1 after 30 s; nobody ready; 1 offline"),
    ]


@pytest.mark.parametrize(("what", "calls"), [("c1", ["c1"]), ("night", ["c2"]), ("c", ["c1", "c2"])])
async def test_one_call_or_one_queue(what: str, calls: list[str]) -> None:
    assert [row["call"] for row in (await asked(what))["callers"]] == calls


async def test_a_call_that_waits_nowhere_is_refused_with_what_to_do() -> None:
    with pytest.raises(wire.WireError, match="List them: callbox why"):
        await asked("c9")


async def test_of_ten_thousand_some_are_told() -> None:
    here = floor()
    for number in range(500):
        here.acd.queues["night"].add(here.acd.queues["night"].ticket(Caller(f"n{number}", 1.0)))
    told, _ = await WhyRequests(here.acd, lambda: here.now).answer({"op": "why"})
    assert (told["waiting"], len(told["callers"])) == (502, 100)


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_shows_them(
    as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"call": "c1", "queue": "sales", "waited_seconds": 30.0, "why": "nobody ready"}]
    monkeypatch.setattr(console, "ask", lambda socket, op, **fields: {"waiting": 7, "callers": rows})
    assert console.why(argparse.Namespace(what="", state=Path("/x"), json=as_json)) == 0
    said = capsys.readouterr().out
    if as_json:
        assert json.loads(said)["callers"] == rows
    else:
        assert "c1" in said
        assert "nobody ready" in said
        assert said.endswith("and 6 more; name a queue or a call to see them: callbox why QUEUE\n")
