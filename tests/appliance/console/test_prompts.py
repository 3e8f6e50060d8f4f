"""`callbox prompts`: what can be said, what is missing, and the list for a studio."""

from __future__ import annotations

import csv
import json
import tomllib
from functools import partial
from pathlib import Path

import pytest

from appliance.__main__ import main
from appliance.console import prompts
from appliance.say.catalogue import sentences, texts
from appliance.say.spoken import recorded_prompts
from tests.appliance.config.sites import GOOD, write_site


@pytest.fixture(autouse=True)
def voice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where everything but ru/goodbye was spoken."""
    folder = tmp_path / "spoken"
    for name in texts():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.wav").touch()
    (folder / "ru/goodbye.wav").unlink()
    monkeypatch.setattr(prompts, "recorded_prompts", partial(recorded_prompts, spoken=folder))
    return folder


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["prompts", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def rows(capsys: pytest.CaptureFixture[str], folder: Path, text: str, verb: str = "list") -> dict[str, str]:
    """Each prompt and where it is from."""
    _, out, _ = said(capsys, verb, "--config", str(write_site(folder, text)), "--json")
    return {row["prompt"]: row["source"] for row in json.loads(out)}


def test_the_list_has_the_box_s_own_prompts_and_the_recordings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = rows(capsys, tmp_path, GOOD + 'goodbye = "welcome.wav"\n"en/7" = "welcome.wav"\n')
    assert found["welcome"] == found["en/goodbye"] == found["en/7"] == "recorded"
    assert found["en/8"] == found["en/apology"] == "spoken"
    assert "goodbye" not in found
    assert not any(name.startswith(("ru/", "zh/")) for name in found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[lines.gsm-1]", '[box]\nlanguage = "ru"\n[lines.gsm-1]'),
        ("[queues.sales]", '[queues.sales]\nlanguage = "ru"'),
        ("[agents.ana]", '[agents.ana]\nlanguage = "ru"'),
    ],
)
def test_what_is_missing_in_a_language_that_is_used_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str
) -> None:
    site = GOOD.replace(old, new)
    assert rows(capsys, tmp_path, site, "missing") == {"ru/goodbye": "missing"}
    code, out, _ = said(capsys, "missing", "--config", str(write_site(tmp_path, site)))
    assert code == 1
    assert "ru/goodbye" in out
    assert "make run" in out
    recorded = site + '"ru/goodbye" = "welcome.wav"\n'
    assert said(capsys, "missing", "--config", str(write_site(tmp_path, recorded)))[:2] == (
        0,
        "no prompt is missing\n",
    )


def test_a_language_that_the_box_does_not_speak_has_its_sentences_to_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = said(capsys, "missing", "--language", "it", "--config", str(write_site(tmp_path)), "--json")
    assert {row["prompt"]: row["text"] for row in json.loads(out)} == {
        f"it/{name}": text for name, text in sentences().items()
    }


def test_the_export_is_a_table_and_the_lines_that_name_what_was_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site, studio = str(write_site(tmp_path)), tmp_path / "studio"
    assert said(capsys, "export", str(studio), "--language", "zh", "--config", site)[0] == 0
    with (studio / "prompts.csv").open(encoding="utf-8-sig", newline="") as file:
        table = {row["prompt"]: row for row in csv.DictReader(file)}
    assert table["zh/goodbye"]["text"] == texts()["zh/goodbye"]
    assert table["zh/goodbye"]["source"] == "spoken"
    named = tomllib.loads((studio / "prompts.toml").read_text(encoding="utf-8"))["prompts"]
    assert named == {name: row["record_as"] for name, row in table.items()}


def test_an_export_never_overwrites_a_list_that_somebody_works_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = str(write_site(tmp_path))
    (tmp_path / "prompts.csv").write_text("notes")
    code, _, err = said(capsys, "export", str(tmp_path), "--config", site)
    assert (code, err) == (
        1,
        f"callbox: {tmp_path}/prompts.csv: is there already, name another folder\n",
    )
    assert (tmp_path / "prompts.csv").read_text() == "notes"
    assert said(capsys, "export", "--config", site)[0] == 2


def test_the_check_warns_of_options_that_would_be_silent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = write_site(tmp_path, GOOD.replace("[queues.sales]", "[queues.sales]\ntell_position = true"))
    nothing = partial(recorded_prompts, spoken=tmp_path / "nothing")
    monkeypatch.setattr("appliance.__main__.recorded_prompts", nothing)
    assert main(["check", str(site)]) == 0
    assert capsys.readouterr().err.startswith(
        "warning: queues.sales.tell_position says nothing in en: en/you-are-number and "
    )
