"""`callbox simulate` and `callbox erlang`: what they print, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance.__main__ import main
from appliance.simulate.experiment import ALL_FORMULAS


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "centre.toml"
    file.write_text('[agents.ana]\n[queues.sales]\nagents = ["ana"]\n[queues.help]\nagents = ["ana"]\n')
    return file


def run(config: Path, *words: str) -> int:
    return main(["simulate", "--config", str(config), "--repeat", "2", "--hours", "1", *words])


def test_every_figure_is_printed_with_its_formula(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config, "--arrivals", "sales=10,help=5/h", "--agents", "2", "--patience", "60") == 0
    text = capsys.readouterr().out
    assert all(name in text and formula in text for name, formula in ALL_FORMULAS.items())


def test_a_number_alone_is_shared_by_all_queues(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config, "--arrivals", "30", "--agents", "4", "--json", "--repeat", "5") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["figures"][0]["offered"]["mean"] == pytest.approx(30, abs=12)


def test_a_file_of_callers_is_served_whole(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "callers.csv"
    file.write_text("time,queue,handle_s\n09:00,sales,60\n09:00:10,help,60\n")
    assert run(config, "--arrivals", str(file), "--json") == 0
    figures = json.loads(capsys.readouterr().out)["figures"][0]
    assert (figures["answered"], figures["asa_s"]) == (
        {"mean": 2.0, "half_95": 0.0},
        {"mean": 25.0, "half_95": 0.0},
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--arrivals", "nowhere.csv"), "cannot be read"),
        (("--arrivals", "slaes=10"), 'no queue "slaes"'),
        (("--arrivals", "0"), "out of range"),
        (("--arrivals", "900000", "--hours", "700"), "more than 1000000 callers"),
    ],
)
def test_what_cannot_be_simulated_says_why(
    config: Path, words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(config, *words) == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--arrivals", "10", "--replay", "2026-11-20"),
        ("--arrivals", "10", "--agents", "0"),
        ("--arrivals", "10", "--handle", "nan"),
        ("--arrivals", "10", "--handle-cv", "-1"),
        ("--arrivals", "10", "--hours", "1e9"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(config: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as refused:
        run(config, *words)
    assert refused.value.code == 2


def test_erlang_says_how_many_agents_a_load_needs(capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "erlang",
        "--rate",
        "200",
        "--handle",
        "180",
        "--shrinkage",
        "30",
        "--patience",
        "180",
        "--lines",
        "10",
    ]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["load_erlangs"], told["agents_needed"], told["agents_paid"]) == (10.0, 14, 20)
    assert told["c_service_level"] == pytest.approx(0.8883500192)
    assert told["b_load_at_1_percent"] == pytest.approx(4.4612, abs=5e-5)
    assert main(words) == 0
    assert "a_abandoned" in capsys.readouterr().out


def test_erlang_says_what_too_few_agents_give(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["erlang", "--rate", "200", "--handle", "180", "--agents", "9", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["c_delayed"], told["c_wait_s"]) == (1.0, None)
    assert main(["erlang", "--rate", "1000000", "--handle", "86400"]) == 1
    assert "check rate and length" in capsys.readouterr().err
