"""`callbox flow try`, `draw`, `figures` and `callbox surveys`, as a person uses them."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from appliance.__main__ import main
from appliance.events import CallArrived, CallEnded, Stamped
from appliance.flow_events import FlowEntered, FlowLeft, SurveyAnswered
from appliance.store.journal import Journal
from tests.appliance.config.sites import GOOD, write_site
from tests.appliance.config.test_check_flows import FLOW

PIN = """
[flows.bank]
start = "pin"
[flows.bank.nodes.pin]
do = "pin"
prompt = "welcome"
fact = "secret.pin"
next = "queue:sales"
[flows.bank.nodes.unused]
do = "set"
facts = { x = "1" }
next = "pin"
"""
ANSWERS = """
[lookups.crm]
customer = "gold"
[history]
calls = 2
[facts]
"secret.pin" = "2468"
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_site(tmp_path, GOOD + FLOW)


def run(site: Path, *arguments: str) -> int:
    return main(["flow", *arguments, "--config", str(site), "--state", str(site.parent / "state")])


def test_want_a_flow_is_walked_by_a_script_of_keys(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = site.parent / "answers.toml"
    answers.write_text(ANSWERS)
    assert run(site, "try", "main", "--keys", "7,2", "--answers", str(answers)) == 0
    assert capsys.readouterr().out.splitlines() == [
        "main/hello",
        '    says "welcome" (welcome.wav)',
        "    leaves by next to flow:main/ask",
        "main/ask",
        '    says "welcome" (welcome.wav), waits for a key',
        "    pressed: 7",
        '    says "welcome" (welcome.wav), waits for a key',
        "    pressed: 2",
        "    leaves by 2 to flow:main/known",
        "main/known",
        "    lookup crm answers",
        "    customer is gold",
        "    leaves by next to flow:main/hours",
        "main/hours",
        "    leaves by case 1 to queue:sales",
        "-> queue:sales",
    ]


def test_a_script_that_ends_hangs_up_and_json_says_where_it_went(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(site, "try", "main", "--keys", "", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["to"], told["lines"][-1]) == (None, "the caller hangs up")
    assert run(site, "try", "main", "--keys", "1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["to"] == "queue:sales"


def test_what_the_box_says_itself_is_shown_in_its_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flow = FLOW.replace('prompt = "welcome"\nnext = "hangup"', 'prompt = "goodbye"\nnext = "hangup"')
    site = write_site(tmp_path, GOOD + flow)
    assert run(site, "try", "other") == 0
    assert '"goodbye" (Thank you for calling. Goodbye.)' in capsys.readouterr().out


def test_a_flow_is_walked_at_the_keyboard(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n2\n\nsilver\n"))
    assert run(site, "try", "main") == 0
    told = capsys.readouterr()
    assert "nothing is pressed" in told.out
    assert "customer is silver" in told.out
    assert told.out.splitlines()[-1] == "-> hangup"
    assert "lookup crm: Enter answers, f fails> " in told.err
    monkeypatch.setattr("sys.stdin", io.StringIO("2\nf\n"))
    assert run(site, "try", "main") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "-> queue:sales"


def test_a_pin_is_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = GOOD + PIN.replace('next = "queue:sales"', 'next = "unused"').replace(
        'next = "pin"', 'next = "hangup"'
    )
    text = text.replace('facts = { x = "1" }', 'facts = { "secret.pin" = "0" }')
    site = write_site(tmp_path, text)
    (tmp_path / "answers.toml").write_text(ANSWERS)
    assert run(site, "try", "bank", "--keys", "2468#", "--answers", str(tmp_path / "answers.toml")) == 0
    told = capsys.readouterr().out
    assert "pressed: ****" in told
    assert "2468" not in told
    assert "secret.pin is (secret)" in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("try", "mian"), 'there is no flow "mian". Flows: main, other. Did you mean "main"?'),
        (("try", "main", "--at", "noon"), "noon: no time"),
        (("try", "main", "--answers", "/nowhere.toml"), "/nowhere.toml: cannot be read"),
        (("draw", "mian"), 'there is no flow "mian"'),
        (("draw", "main", "--out", "/nowhere/x.svg"), "cannot be written"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(
    site: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    assert run(site, *arguments) == 1
    assert words in capsys.readouterr().err


def test_flows_are_drawn_each_into_its_file(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = site.parent / "pictures"
    assert run(site, "draw", "--out", str(out)) == 0
    assert sorted(path.name for path in out.iterdir()) == ["main.svg", "other.svg"]
    capsys.readouterr()
    assert run(site, "draw", "main") == 0
    assert ET.fromstring(capsys.readouterr().out).tag.endswith("svg")


def test_want_containment_and_surveys_are_counted_from_the_journal(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = Journal(site.parent / "state" / "callbox.db")
    for number, score in enumerate((10, 9, 3), 1):
        call = {"call_id": f"20261122-1200{number:02}-aaaaaa"}
        for event in (
            CallArrived(**call, line="gsm-1", leg_id="l", caller="+1"),
            FlowEntered(**call, flow="main", node="hello"),
            FlowLeft(**call, flow="main", node="hello", by="next", to="flow:main/ask"),
            FlowEntered(**call, flow="main", node="ask", goal=number == 1),
            SurveyAnswered(**call, metric="nps", question="again", answer=score),
            CallEnded(**call, outcome="menu", by="caller"),
        ):
            journal.append(Stamped(event, 1.7e9 + number, float(number), "b"))
    assert journal.close()
    assert run(site, "figures", "--json") == 0
    main_flow = json.loads(capsys.readouterr().out)["main"]
    assert (main_flow["visits"], main_flow["contained"], main_flow["containment"]) == (3, 1, 0.3333)
    assert main_flow["nodes"]["hello"]["left"] == {"next": 3}
    assert main_flow["nodes"]["ask"]["abandoned"] == 2
    assert run(site, "figures") == 0
    assert "main: 3 visits, 1 ended by a goal (33.3 %), 2 without" in capsys.readouterr().out
    assert main(["surveys", "--json", "--state", str(site.parent / "state")]) == 0
    [survey] = json.loads(capsys.readouterr().out)["surveys"]
    assert (survey["n"], survey["score"], survey["answers"]) == (3, 33.33, {"3": 1, "9": 1, "10": 1})
    assert main(["surveys", "--since", "2099-01-01", "--state", str(site.parent / "state")]) == 0
    assert capsys.readouterr().out.strip() == "none"
