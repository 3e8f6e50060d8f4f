"""One thing that is wrong with a configuration, how people are told, and the error that carries them all."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Keys = tuple[str | int, ...]  # where in the file's tree: ("queues", "sales", "agents", 0)

SHOWN = 60  # most characters of a value that a message repeats
SHOWN_REASON = 400  # and of a reason, which may name a long path
BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


class _Nothing:
    """The value of a key that is not there (None would be a value)."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING = _Nothing()


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong, where, what was expected and the closest thing that would have been right.

    `line` and `column` count from 1; 0 means the file as a whole. `wrong` says what and why in words,
    `allowed` what may stand there, `closest` the nearest known name or value ("" for none).
    """

    file: str = ""
    line: int = 0
    column: int = 0
    path: Keys = ()
    value: Any = NOTHING
    wrong: str
    allowed: str = ""
    closest: str = ""

    def __str__(self) -> str:
        where = ":".join([self.file or "configuration", *(str(n) for n in (self.line, self.column) if n)])
        name = dotted(self.path)
        if name and self.value is not NOTHING:
            name += f" = {shown(self.value)}"
        text = ": ".join(part for part in (where, name, self.wrong[:SHOWN_REASON]) if part)
        text = text if text.endswith((".", "?")) else text + "."
        if self.allowed:
            text += f" Allowed: {self.allowed.removesuffix('.')}."
        if self.closest:
            text += f" Did you mean {shown(self.closest)}?"
        return "".join(
            each if each.isprintable() else "?" for each in text
        )  # a file cannot steer the terminal

    def plain(self) -> dict[str, Any]:
        """The same as values for JSON; `value` is the text a message would show, None where there is none."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": dotted(self.path),
            "value": None if self.value is NOTHING else shown(self.value),
            "wrong": self.wrong,
            "allowed": self.allowed,
            "closest": self.closest,
        }


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds everything found, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.line, problem.column))
        super().__init__(format_problems(self.problems))


def format_problems(problems: Iterable[Problem]) -> str:
    """One line a problem."""
    return "\n".join(str(problem) for problem in problems)


def closest(wanted: object, known: Iterable[str]) -> str:
    """The known name most like `wanted`, or "" when none is near."""
    if not isinstance(wanted, str):
        return ""
    folded = {name.lower(): name for name in known}
    near = difflib.get_close_matches(wanted[:SHOWN].lower(), folded, n=1)
    return folded[near[0]] if near else ""


def names(known: Iterable[str]) -> str:
    """The names as a list for `allowed`, cut when there are many."""
    listed = sorted(known)
    return ", ".join(listed[:12]) + (f" and {len(listed) - 12} more" if len(listed) > 12 else "")


def dotted(path: Keys) -> str:
    """The path as TOML writes it: `queues.sales.agents[0]`, odd keys in quotes."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            text += ("." if text else "") + (key if _is_bare(key) else shown(key))
    return text


def _is_bare(key: str) -> bool:
    return 0 < len(key) <= SHOWN and BARE.issuperset(key)


def shown(value: object) -> str:
    """The value as the file would write it, on one line and never long, whatever it is."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value if len(value) <= SHOWN else value[:SHOWN] + "…", ensure_ascii=False)
    if isinstance(value, dict):
        return "{}" if not value else "{ … }"
    if isinstance(value, list):
        return "[]" if not value else f"[ {len(value)} values ]"
    if isinstance(value, int) and value.bit_length() > 64:
        return "(a number of more than 64 bits)"
    return str(value)
