"""From a TOML file to a checked `Config`, or to every problem in it at once, each with its line."""

from __future__ import annotations

import copy
import re
import stat
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from appliance.config.check import check
from appliance.config.check_prompts import prompt_file
from appliance.config.explain import explain
from appliance.config.holidays_file import BadHolidays
from appliance.config.positions import positions
from appliance.config.problem import ConfigError, Keys, Problem, format_problems
from appliance.config.schema import Config

__all__ = ["ConfigError", "Loaded", "Problem", "format_problems", "load", "load_text"]

MOST_BYTES = 1_000_000  # a site of 1,000 agents needs 100 kB; stops a wrong file name early
MOST_DOTS = 64  # in one key; tomllib takes quadratic time over the parts of a key
BETWEEN = re.compile(r"[=,]")  # what keys and values lie between
PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")  # the end of tomllib's messages


@dataclass(frozen=True)
class Loaded:
    """A configuration that passed every check; `folder` is where its relative files are."""

    config: Config
    path: Path
    folder: Path

    def prompt(self, name: str) -> Path:
        """The WAV file of an entry of [prompts]."""
        return prompt_file(self.folder, self.config.prompts[name])


def load(path: Path) -> Loaded:
    """Read and check the file. Raises ConfigError with all problems found."""
    return load_text(_text(path), path)


def load_text(text: str, path: Path) -> Loaded:
    """As `load`, for text that stands, or will stand, in `path`."""
    text = text.replace("\r\n", "\n")
    folder = path.absolute().parent
    try:
        data, lines = _parse(text, str(path))
        found, config = _validate(data, folder)
    except RecursionError as error:
        raise ConfigError([Problem(file=str(path), wrong="is nested too deeply")]) from error
    if found or config is None:
        raise ConfigError(_placed(found, lines, str(path)))
    try:
        calendars = {name: calendar.with_file(folder) for name, calendar in config.calendars.items()}
    except (BadHolidays, OSError) as error:  # it went away since it was checked
        raise ConfigError([Problem(file=str(path), wrong=f"holidays_file: {error}")]) from error
    return Loaded(config.model_copy(update={"calendars": calendars}), path, folder)


def _text(path: Path) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe or a device could be read for ever
            raise ConfigError([Problem(file=str(path), wrong="is not a file, give the name of a TOML file")])
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError([Problem(file=str(path), wrong=f"cannot be read: {reason}")]) from error
    if len(raw) > MOST_BYTES:
        wrong = f"is larger than {MOST_BYTES} bytes, that is no configuration"
        raise ConfigError([Problem(file=str(path), wrong=wrong)])
    return _decoded(raw, str(path))


def _decoded(raw: bytes, file: str) -> str:
    try:
        return raw.decode("utf-8-sig")  # editors of Windows put a mark in front
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        wrong = f"byte 0x{raw[error.start]:02x} is not UTF-8, save the file as UTF-8"
        raise ConfigError([Problem(file=file, line=line, column=column, wrong=wrong)]) from error


def _parse(text: str, file: str) -> tuple[dict[str, Any], dict[Keys, int]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > MOST_DOTS and any(piece.count(".") > MOST_DOTS for piece in BETWEEN.split(line)):
            raise ConfigError([Problem(file=file, line=number, wrong="is nested too deeply")])
    try:
        return tomllib.loads(text), positions(text)
    except ValueError as error:  # TOMLDecodeError, or Python's own limit on the digits of a number
        raise ConfigError([_syntax(str(error), text, file)]) from error


def _syntax(message: str, text: str, file: str) -> Problem:
    place = PLACE.search(message)
    words = PLACE.sub("", message).replace(" (at end of document)", "")
    if place is None:
        line = text.rstrip("\n").count("\n") + 1 if "end of document" in message else 0
        return Problem(file=file, line=line, wrong=f"not TOML: {words}")
    return Problem(file=file, line=int(place[1]), column=int(place[2]), wrong=f"not TOML: {words}")


def _validate(data: dict[str, Any], folder: Path) -> tuple[list[Problem], Config | None]:
    """All problems of schema and checks together, and the configuration as far as it could be read.

    Where the schema finds something, the checks still run over the rest: first without the wrong
    options, then without the entries that cannot do without them.
    """
    found: list[Problem] = []
    rest, broken = copy.deepcopy(data), set[Keys]()
    for depth in (None, 2, 1):
        try:
            config = Config.model_validate(rest, strict=True)
        except ValidationError as error:
            problems = explain(error, rest)
            found += problems if not found else []
            for problem in problems:
                broken.add(problem.path[:2])
                _remove(rest, problem.path[:depth])
        else:
            return found + _news(check(config, folder, broken=broken), found), config
    return found, None


def _remove(data: dict[str, Any], path: Keys) -> None:
    """Take out what stands at `path`; a list goes as a whole, so that its other places keep their numbers."""
    keys = [key for key in path if isinstance(key, str)]
    here: Any = data
    for key in keys[:-1]:
        here = here.get(key) if isinstance(here, dict) else None
    if isinstance(here, dict) and keys:
        here.pop(keys[-1], None)


def _news(checked: Iterable[Problem], found: list[Problem]) -> list[Problem]:
    """What the checks found, without what follows from an option that was left out."""
    told = {problem.path for problem in found}
    return [problem for problem in checked if problem.path not in told]


def _placed(problems: Iterable[Problem], lines: dict[Keys, int], file: str) -> list[Problem]:
    return [replace(problem, file=file, line=_line(problem.path, lines)) for problem in problems]


def _line(path: Keys, lines: dict[Keys, int]) -> int:
    """The line of the path, or of the nearest table around it that the file has; 0 where it has none."""
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), 0)
