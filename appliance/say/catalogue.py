"""Every prompt that the box needs by itself, with its text in each language: catalogue/*.toml.

`[sentences]` stand alone and are the same in all languages; `[pieces]` are what the language's grammar puts
numbers, times and amounts together from. A prompt's whole name is "en/goodbye", "ru/minute-few".
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

FOLDER = Path(__file__).parent / "catalogue"


def texts(folder: Path = FOLDER) -> dict[str, str]:
    """Every prompt's whole name and what is said; reads the files, one a language."""
    files = sorted(folder.glob("*.toml"))
    parts = [(file.stem, part) for file in files for part in _parts(file).values()]
    return {f"{language}/{name}": text for language, part in parts for name, text in part.items()}


def sentences(language: str = "en", folder: Path = FOLDER) -> dict[str, str]:
    """The plain names and texts of what stands alone, in one language."""
    return _parts(folder / f"{language}.toml")["sentences"]


def _parts(file: Path) -> dict[Literal["sentences", "pieces"], dict[str, str]]:
    return tomllib.loads(file.read_text(encoding="utf-8"))  # type: ignore[return-value]  # as a test checks
