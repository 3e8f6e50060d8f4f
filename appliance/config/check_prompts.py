"""Which prompts a configuration may name, and whether its recordings can be played: called by `check.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from appliance.config.problem import Problem
from appliance.config.schema import Config
from appliance.say.catalogue import texts
from dsp.wav import WavError, read_mono


def known_prompts(config: Config) -> set[str]:
    """Names that an option may hold: recordings, and what the box speaks itself, with a language or plain."""
    recorded, own = set(config.prompts), set(texts())
    language = f"{config.box.language}/"
    return (
        recorded | own | {name.removeprefix(language) for name in recorded | own if name.startswith(language)}
    )


def prompt_file(folder: Path, written: str) -> Path:
    """The file that an entry of [prompts] means."""
    return folder / written


def prompt_problems(config: Config, folder: Path) -> Iterator[Problem]:
    """Recordings that are not there or cannot be played."""
    for name, written in config.prompts.items():
        wrong = _why_unplayable(folder, written)
        if wrong:
            allowed = "a WAV file with speech or music, 8 kHz, mono, 16 bit"
            yield Problem(path=("prompts", name), value=written, wrong=wrong, allowed=allowed)


def _why_unplayable(folder: Path, written: str) -> str:
    if not written or "\0" in written:
        return "no name of a file"
    path = prompt_file(folder, written)
    try:
        if not path.is_file():  # asked first: opening a named pipe would wait for ever
            return f"there is no file {path}"
        read_mono(path)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except WavError as error:
        return f"cannot be played: {error}"
    return ""
