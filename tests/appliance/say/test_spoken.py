"""From the name of a prompt to its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.say.spoken import SpokenPrompts

MINE = Path("/mine.wav")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("en/1", "en/2", "en/goodbye", "ru/goodbye"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.wav").write_bytes(b"")
    return tmp_path


def test_names_become_files_in_their_order(folder: Path) -> None:
    assert SpokenPrompts(folder, {}).paths(["en/2", "en/1", "en/2"]) == [
        folder / "en/2.wav",
        folder / "en/1.wav",
        folder / "en/2.wav",
    ]


def test_a_recording_replaces_the_spoken_one_of_its_name(folder: Path) -> None:
    assert SpokenPrompts(folder, {"en/2": MINE}).paths(["en/2", "en/1"]) == [MINE, folder / "en/1.wav"]


def test_a_sentence_with_a_piece_missing_is_not_said_at_all(folder: Path) -> None:
    assert SpokenPrompts(folder, {}).paths(["en/1", "en/3"]) == []


@pytest.mark.parametrize(
    ("recorded", "language", "file"),
    [
        ([], "", "en/goodbye.wav"),
        ([], "ru", "ru/goodbye.wav"),
        (["goodbye"], "", "MINE"),
        (["goodbye"], "en", "MINE"),
        (["goodbye"], "ru", "ru/goodbye.wav"),  # a plain recording is in the box's language
        (["goodbye"], "zh", "MINE"),  # better than nothing
        (["ru/goodbye"], "ru", "MINE"),
        (["ru/goodbye"], "", "en/goodbye.wav"),
    ],
)
def test_a_plain_name_is_looked_for_in_the_language_asked(
    folder: Path, recorded: list[str], language: str, file: str
) -> None:
    prompts = SpokenPrompts(folder, dict.fromkeys(recorded, MINE))
    assert prompts.named("goodbye", language) == [MINE if file == "MINE" else folder / file]


def test_a_name_with_its_language_is_that_one(folder: Path) -> None:
    assert SpokenPrompts(folder, {}).named("ru/goodbye", "en") == [folder / "ru/goodbye.wav"]
    assert SpokenPrompts(folder, {}).named("") == SpokenPrompts(folder, {}).named("nothing") == []


def test_a_box_where_nothing_was_spoken_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    prompts = SpokenPrompts(tmp_path, {"music": MINE})
    assert prompts.named("music") == [MINE]
    assert prompts.named("goodbye") == prompts.paths(["en/1"]) == []
    assert len(caplog.records) == 1
