"""The texts that the box speaks: each sentence in each language."""

from __future__ import annotations

import re
import tomllib
from typing import get_args

import pytest

from appliance.config.section import Language
from appliance.say.catalogue import FOLDER, texts
from appliance.say.phrases import GRAMMARS

LANGUAGES = get_args(Language)
LETTERS = {"en": r"[A-Za-z]", "ru": r"[А-Яа-яё]", "zh": r"[\u4e00-\u9fff]"}


def test_every_sentence_is_there_in_every_language() -> None:
    sentences = {
        language: tomllib.loads((FOLDER / f"{language}.toml").read_text())["sentences"]
        for language in LANGUAGES
    }
    assert set(sentences["en"]) == set(sentences["ru"]) == set(sentences["zh"])


@pytest.mark.parametrize("name", texts())
def test_a_text_is_in_its_own_language(name: str) -> None:
    language, _, plain = name.partition("/")
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", plain)
    assert re.search(LETTERS[language], texts()[name]) or plain == "pause"


def test_a_language_that_can_be_chosen_has_its_texts_and_its_grammar() -> None:
    assert set(LANGUAGES) == {file.stem for file in FOLDER.glob("*.toml")} == set(GRAMMARS)
