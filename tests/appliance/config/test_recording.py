"""The options of recordings: old words, and what contradicts itself."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from appliance.config.check_recording import recording_problems
from appliance.config.schema import Config, Queue

RECIPIENT = "age12su52zcqgtclwqhuzksqgd92ums5ej3ve6pnhnayp28zv6ld4qxqupvh8j"


def problems(**recording: Any) -> list[str]:
    config = Config.model_validate({"recording": recording})
    return [problem.wrong for problem in recording_problems(config)]


@pytest.mark.parametrize(
    ("written", "meant"), [(True, "always"), (False, "never"), ("on-demand", "on-demand"), ("", "")]
)
def test_true_and_false_of_old_files_still_mean_always_and_never(written: Any, meant: str) -> None:
    assert Queue.model_validate({"agents": ["ana"], "record": written}).record == meant
    assert Config.model_validate({"outbound": {"record": written}}).outbound.record == meant


def test_a_queue_that_says_nothing_leaves_it_to_the_line() -> None:
    assert Queue.model_validate({"agents": ["ana"]}).record == ""


@pytest.mark.parametrize("folder", ["", "/srv", "../away", "a\0b"])
def test_a_folder_outside_the_state_folder_is_refused(folder: str) -> None:
    assert problems(folder=folder) == ["not a usable folder"]


def test_an_announcement_that_nobody_would_hear_is_refused() -> None:
    assert problems(announce_calls_out="told") == ["no call that an agent makes is recorded"]
    config = {"recording": {"announce_calls_out": "told"}, "outbound": {"record": "on-demand"}}
    assert list(recording_problems(Config.model_validate(config))) == []


def test_a_mistyped_recipient_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert problems(encrypt_to=[RECIPIENT]) == []
    assert "mistyped" in problems(encrypt_to=[RECIPIENT[:-1] + "k"])[0]
    assert "mistyped" in problems(encrypt_to=[RECIPIENT.replace("su52", "su25")])[0]


def test_encryption_without_its_program_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "apt-get install age" in problems(encrypt_to=[RECIPIENT])[0]


def test_the_examples_of_keys_are_not_secret() -> None:
    """Only a recipient stands in this file."""
    assert "AGE-SECRET" + "-KEY" not in Path(__file__).read_text()
