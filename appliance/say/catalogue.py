"""Every prompt that the box needs by itself, with its text in each language: catalogue/*.toml.

`[sentences]` stand alone and are the same in all languages; `[pieces]` are what the language's grammar puts
numbers, times and amounts together from. A prompt's whole name is "en/goodbye", "ru/minute-few".
"""

from __future__ import annotations

import tomllib
from pathlib import Path

FOLDER = Path(__file__).parent / "catalogue"


def texts(folder: Path = FOLDER) -> dict[str, str]:
    """Every prompt's whole name and what is said; reads the files, one a language."""
    found: dict[str, str] = {}
    for file in sorted(folder.glob("*.toml")):
        parts = tomllib.loads(file.read_text(encoding="utf-8"))
        found |= {f"{file.stem}/{name}": text for part in parts.values() for name, text in part.items()}
    return found
