"""Prompts that a configuration names: recorded, or among what the box says itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.appliance.config.sites import changed, told


@pytest.mark.parametrize("name", ["goodbye", "en/goodbye", "ru/goodbye", "zh/7"])
def test_what_the_box_says_itself_needs_no_recording(tmp_path: Path, name: str) -> None:
    assert told(tmp_path, changed('prompt = "welcome"', f'prompt = "{name}"')) == []


def test_a_recording_for_one_language_is_known_by_its_plain_name_where_that_is_the_box_s(
    tmp_path: Path,
) -> None:
    site = changed('prompt = "welcome"', 'prompt = "hello"') + '"ru/hello" = "welcome.wav"\n'
    assert told(tmp_path, site + '[box]\nlanguage = "ru"\n') == []
    assert told(tmp_path, site) == [
        'box.toml:8: menus.main.prompt = "hello": there is no prompt hello. Allowed: ru/hello, welcome. '
        'Did you mean "ru/hello"?'
    ]


def test_a_prompt_that_is_neither_recorded_nor_ours_is_found_with_what_was_meant(tmp_path: Path) -> None:
    assert told(tmp_path, changed('prompt = "welcome"', 'prompt = "godbye"')) == [
        'box.toml:8: menus.main.prompt = "godbye": there is no prompt godbye. Allowed: welcome. '
        'Did you mean "goodbye"?'
    ]
