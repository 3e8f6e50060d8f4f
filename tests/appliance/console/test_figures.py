"""`callbox figures` prints what the store has, each figure under its formula."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from appliance.__main__ import main
from appliance.events import AgentChanged
from appliance.store.journal import Journal
from appliance.store.service import FORMULAS
from tests.appliance.store.visits import abandoned_call, answered_call, at

SINCE = ("--since", "2026-11-01", "--until", "2026-12-01")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    journal = Journal(tmp_path / "callbox.db")
    events = [*answered_call("20261121-000001-aaaa"), *abandoned_call("20261121-000002-bbbb", 900.0)]
    events.append(at(0.0, AgentChanged(agent="ana", was="offline", now="ready")))
    for event in sorted(events, key=lambda each: each.mono_s):
        journal.append(event)
    assert journal.close()
    return tmp_path


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["figures", *words]) == 0
    return capsys.readouterr().out


def test_every_figure_is_printed_with_its_formula(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "--state", str(state), *SINCE)
    for name, formula in FORMULAS.items():
        assert name in text
        assert formula in text
    assert "T = 20 s" in text


def test_json_names_the_formulas_the_target_and_the_attribution(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = json.loads(
        shown(capsys, "--state", str(state), *SINCE, "--json", "--target", "5", "--by", "ended")
    )
    (row,) = told["rows"]
    assert (row["offered"], row["answered"], row["abandoned"], row["sl3"]) == (2, 1, 1, 0.0)
    assert (told["by"], told["target_s"], told["formulas"]["sl3"]) == ("ended", 5.0, "A<=T / (A + B)")
    assert row["asa_s"] == 6.0


def test_csv_has_a_row_for_every_interval(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "--state", str(state), *SINCE, "--csv", "--interval", "15")
    formulas, *rows = csv.DictReader(io.StringIO(text))
    assert formulas["sl1"] == "A<=T / A"
    told = [row for row in rows if row["offered"] == "1"]
    assert [(row["answered"], row["abandoned"]) for row in told] == [("1", "0"), ("0", "1")]


def test_an_interval_fits_a_terminal(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "--state", str(state), *SINCE, "--interval", "30", "--queue", "sales")
    assert max(map(len, text.splitlines())) <= 80
    assert len(text.splitlines()) in (2, 3)


@pytest.mark.parametrize(
    "words", [("--since", "yesterday"), ("--target", "-3"), ("--interval", "20"), ("--by", "luck")]
)
def test_what_cannot_be_meant_is_refused(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["figures", *words])
    assert refused.value.code == 2


def test_a_year_of_quarter_hours_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["figures", "--since", "2025-01-01", "--until", "2026-01-01", "--interval", "15"]
    assert main([*words, "--state", str(tmp_path)]) == 1
    assert "a month at most" in capsys.readouterr().err


def test_a_box_without_calls_has_figures_of_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert json.loads(shown(capsys, "--state", str(tmp_path), "--json"))["rows"][0]["offered"] == 0
