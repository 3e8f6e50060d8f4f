"""Every prompt that the box needs by itself, with its text in each language: catalogue/*.toml.

`[sentences]` stand alone and are the same in all languages; `[pieces]` are what the language's grammar puts
numbers, times and amounts together from. A prompt's whole name is "en/goodbye", "ru/minutes-few".
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import get_args

from appliance.config.section import Language

FOLDER = Path(__file__).parent / "catalogue"
LANGUAGES: tuple[Language, ...] = get_args(Language)


def texts(folder: Path = FOLDER) -> dict[str, str]:
    """Every prompt's whole name and what is said; reads three files."""
    found: dict[str, str] = {}
    for language in LANGUAGES:
        parts = tomllib.loads((folder / f"{language}.toml").read_text(encoding="utf-8"))
        found |= {f"{language}/{name}": text for part in parts.values() for name, text in part.items()}
    return found
