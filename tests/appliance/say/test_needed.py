"""Options whose words nobody recorded or spoke are told, before a caller finds out."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config.schema import Config
from appliance.say.catalogue import texts
from appliance.say.needed import unsaid
from appliance.say.spoken import SpokenPrompts


def lacking(tmp_path: Path, names: set[str], **queue: object) -> list[str]:
    """What is said of a queue on a box where all but these prompts were spoken."""
    for name in set(texts()) - names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.wav").touch()
    config = Config.model_validate({"queues": {"sales": {"agents": ["ana"], **queue}}})
    return list(unsaid(config, SpokenPrompts(tmp_path, {})))


HINT = "neither recorded nor spoken here. What to do: callbox prompts missing"


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("tell_position", "ru/20-th"),
        ("tell_position", "ru/you-are"),
        ("tell_wait", "ru/3-gen"),
        ("tell_wait", "ru/wait-less"),
        ("tell_wait", "ru/minute-few"),
    ],
)
def test_a_piece_that_is_missing_is_told_with_its_option(tmp_path: Path, option: str, name: str) -> None:
    told = lacking(tmp_path, {name}, language="ru", **{option: True})
    assert told == [f"queues.sales.{option} says nothing in ru: {name} is {HINT}"]


def test_only_options_that_are_on_need_anything(tmp_path: Path) -> None:
    assert lacking(tmp_path, set(texts())) == []


def test_nothing_is_told_where_everything_was_spoken(tmp_path: Path) -> None:
    keys = {"1": "call-back"}
    for language in ("en", "ru", "zh"):
        assert (
            lacking(tmp_path, set(), language=language, tell_position=True, tell_wait=True, keys=keys) == []
        )


def test_a_box_without_voices_has_one_line_for_each_option(tmp_path: Path) -> None:
    told = lacking(tmp_path, set(texts()), tell_position=True, keys={"1": "call-back"})
    assert [line.partition(" ")[0] for line in told] == ["queues.sales.tell_position", "queues.sales.keys"]
    assert told[1].startswith("queues.sales.keys says nothing in en: en/call-back-offer and ")
