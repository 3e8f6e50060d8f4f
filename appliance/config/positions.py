"""In which line of a TOML file each key and list element stands; `tomllib` reads values but not places.

It is only run on text that `tomllib` has accepted, so nothing here checks grammar (TOML 1.0).
"""

from __future__ import annotations

import bisect
import re
import tomllib
from itertools import accumulate

from appliance.config.problem import Keys

SPACE = re.compile(r"[ \t]*")
BLANK = re.compile(r"(?:[ \t\n]+|#[^\n]*)*")  # what may stand between the values of an array
TO_LINE_END = re.compile(r"[^\n]*\n?")
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'  # up to two quotes more belong to the text
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)
SCALAR = re.compile(r"[^,\]}#\n]*")  # numbers, dates, true, false


def positions(text: str) -> dict[Keys, int]:
    """Line (from 1) of every table header, key and list element in valid TOML `text` with "\\n" ends.

    Raises RecursionError when arrays or tables are nested deeper than Python's stack.
    """
    return _Scan(text).document()


class _Scan:
    """One pass over the text; `at` is the next character, `found` what was seen so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Keys, int] = {}
        self.tables: dict[Keys, int] = {}  # arrays of tables: index of the last one
        self.starts = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))

    def document(self) -> dict[Keys, int]:
        table: Keys = ()
        while True:
            self._skip(BLANK)
            if self.at >= len(self.text):
                return self.found
            if self.text[self.at] == "[":
                table = self._header()
                self._skip(TO_LINE_END)
            else:
                self._pair(table)

    def _header(self) -> Keys:
        many = self.text.startswith("[[", self.at)
        line = self._line()
        self.at += 2 if many else 1
        keys = self._key()
        path: Keys = ()
        for key in keys[:-1]:
            path = self._inside((*path, key), line)
        path = (*path, keys[-1])
        self.found.setdefault(path, line)
        if not many:
            return path
        self.tables[path] = self.tables.get(path, -1) + 1
        return self._inside(path, line)

    def _inside(self, path: Keys, line: int) -> Keys:
        """The path itself, or that of the newest table where it is an array of tables."""
        self.found.setdefault(path, line)
        if path in self.tables:
            path = (*path, self.tables[path])
            self.found.setdefault(path, line)
        return path

    def _pair(self, table: Keys) -> None:
        line = self._line()
        path = table
        for key in self._key():
            path = (*path, key)
            self.found.setdefault(path, line)
        self.at += 1  # "="
        self._skip(SPACE)
        self._value(path)

    def _key(self) -> list[str]:
        """A key's parts, ending at what follows it: "=" or "]"."""
        parts: list[str] = []
        while True:
            self._skip(SPACE)
            parts.append(self._key_part())
            self._skip(SPACE)
            if self.text[self.at] != ".":
                return parts
            self.at += 1

    def _key_part(self) -> str:
        if self.text[self.at] not in "\"'":
            return self._skip(BARE_KEY)
        quoted = self._skip(STRING)
        return str(tomllib.loads(f"key = {quoted}")["key"])

    def _value(self, path: Keys) -> None:
        first = self.text[self.at]
        if first in "\"'":
            self._skip(STRING)
        elif first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        else:
            self._skip(SCALAR)

    def _array(self, path: Keys) -> None:
        self.at += 1
        index = 0
        self._skip(BLANK)
        while self.text[self.at] != "]":
            self.found[(*path, index)] = self._line()
            self._value((*path, index))
            self._comma()
            index += 1
        self.at += 1

    def _inline_table(self, path: Keys) -> None:
        self.at += 1
        self._skip(BLANK)
        while self.text[self.at] != "}":
            self._pair(path)
            self._comma()
        self.at += 1

    def _comma(self) -> None:
        self._skip(BLANK)
        if self.text[self.at] == ",":
            self.at += 1
        self._skip(BLANK)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise AssertionError(f"line {self._line()}: tomllib accepted what positions.py cannot read")
        self.at = match.end()
        return match[0]

    def _line(self) -> int:
        return bisect.bisect_right(self.starts, self.at)
