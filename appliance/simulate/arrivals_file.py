"""A file of callers: CSV with the columns time and queue and, where wanted, the others of COLUMNS.

Everything that is wrong is told at once, with its line, and then nothing of the file is used.
"""

from __future__ import annotations

import csv
import io
import math
import random
import re
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from appliance.config.problem import ConfigError, Problem, closest, names
from appliance.simulate.arrivals import Arrival, Lengths, Skills, Traffic

MOST_BYTES = 64_000_000  # a million callers with everything said of them
MOST_ROWS = 1_000_000
MOST_PROBLEMS = 100
LONGEST_S = 31 * 86_400.0  # the latest arrival
NEEDED = ("time", "queue")
COLUMNS = (*NEEDED, "handle_s", "patience_s", "skills", "priority", "customer")
CLOCK = re.compile(r"^(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?$")
SKILL = re.compile(r"^([a-z0-9][a-z0-9_-]{0,31})=([1-5])$")


@dataclass(frozen=True)
class Listed:
    """A row; None where it leaves the length to `Lengths`."""

    at_s: float
    queue: str
    handle_s: float | None
    patience_s: float | None
    skills: Skills
    priority: float
    customer: str


def read_arrivals(path: Path, queues: Collection[str], lengths: Lengths) -> Traffic:
    """The callers of the file, in order of time; what it does not say is drawn for each day.

    Raises config ConfigError with every problem found.
    """
    listed = Reader(str(path), queues).read(_text(path))

    def made(seed: int) -> Sequence[Arrival]:
        dice = random.Random(seed)
        return [
            Arrival(
                row.at_s,
                row.queue,
                lengths.handle(dice) if row.handle_s is None else row.handle_s,
                lengths.patience(dice) if row.patience_s is None else row.patience_s,
                row.skills,
                row.priority,
                row.customer,
            )
            for row in listed
        ]

    return made


def _text(path: Path) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigError([Problem(file=str(path), wrong="is not a file, give the name of a CSV file")])
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError([Problem(file=str(path), wrong=f"cannot be read: {reason}")]) from error
    if len(raw) > MOST_BYTES:
        wrong = f"is larger than {MOST_BYTES} bytes; split it by day"
        raise ConfigError([Problem(file=str(path), wrong=wrong)])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        wrong = f"byte 0x{raw[error.start]:02x} is not UTF-8, save the file as UTF-8"
        raise ConfigError([Problem(file=str(path), line=line, wrong=wrong)]) from error


class Reader:
    """One reading of one file; collects problems as it goes."""

    def __init__(self, file: str, queues: Collection[str]) -> None:
        self._file = file
        self._queues = queues
        self._problems: list[Problem] = []
        self._line = 0
        self._midnight: datetime | None = None  # of the first row that has a date

    def read(self, text: str) -> list[Listed]:
        """The rows by time. Raises ConfigError."""
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        found: list[Listed] = []
        try:
            columns = self._columns(next(rows, []))
            for fields in rows if columns else ():
                self._line = rows.line_num
                if any(field.strip() for field in fields):
                    found += self._row(columns, fields)
                if len(found) > MOST_ROWS or len(self._problems) >= MOST_PROBLEMS:
                    self._wrong(f"nothing is read beyond {MOST_PROBLEMS} problems or {MOST_ROWS} callers")
                    break
        except csv.Error as error:
            self._line = rows.line_num
            self._wrong(f"is not CSV: {error}")
        if not found and not self._problems:
            self._wrong("has no callers")
        if self._problems:
            raise ConfigError(self._problems)
        return sorted(found, key=lambda row: row.at_s)

    def _columns(self, heading: Sequence[str]) -> list[str]:
        self._line = 1
        columns = [name.strip().lower() for name in heading]
        for name in columns:
            if name not in COLUMNS:
                self._wrong("is no column", name, allowed=", ".join(COLUMNS), near=closest(name, COLUMNS))
            elif columns.count(name) > 1:
                self._wrong("is there twice", name)
        for name in NEEDED:
            if name not in columns:
                self._wrong(f"the first line must name a column {name}", allowed=", ".join(COLUMNS))
        return [] if self._problems else columns

    def _row(self, columns: Sequence[str], fields: Sequence[str]) -> Iterator[Listed]:
        before = len(self._problems)
        if len(fields) != len(columns):
            self._wrong(f"has {len(fields)} fields where the first line has {len(columns)}")
            return
        row = {name: field.strip() for name, field in zip(columns, fields, strict=True)}
        listed = Listed(
            self._time(row["time"]),
            self._queue(row["queue"]),
            self._number(row, "handle_s", 0.1, 86_400),
            self._number(row, "patience_s", 0, 86_400),
            self._skills(row.get("skills", "")),
            self._number(row, "priority", 0.1, 10) or 1.0,
            row.get("customer", ""),
        )
        if len(self._problems) == before:
            yield listed

    def _time(self, text: str) -> float:
        """Seconds since the day began: given so, as a time of day, or with a date (the first one counts)."""
        at_s = math.nan
        if clock := CLOCK.match(text):
            hours, minutes, seconds = int(clock[1]), int(clock[2]), float(clock[3] or 0)
            if hours < 24 and minutes < 60 and seconds < 60:
                at_s = hours * 3600 + minutes * 60 + seconds
        elif "-" in text[1:]:
            at_s = self._dated(text)
        else:
            at_s = _number(text)
        if not 0 <= at_s <= LONGEST_S:
            self._wrong(
                "is no time",
                text,
                'seconds, "09:30:00" or "2026-11-22 09:30:00", 31 days at most',
                name="time",
            )
        return at_s

    def _dated(self, text: str) -> float:
        try:
            moment = datetime.fromisoformat(text).replace(tzinfo=None)
        except ValueError:
            return math.nan
        if self._midnight is None:
            self._midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        return (moment - self._midnight).total_seconds()

    def _queue(self, text: str) -> str:
        if text not in self._queues:
            near = closest(text, self._queues)
            self._wrong("is no queue", text, names(self._queues), near, name="queue")
        return text

    def _number(self, row: Mapping[str, str], name: str, least: float, most: float) -> float | None:
        text = row.get(name, "")
        if not text:
            return None
        value = _number(text)
        if not least <= value <= most:
            self._wrong(
                "is out of range", text, f"a number from {least:g} to {most:g}, or nothing", name=name
            )
        return value

    def _skills(self, text: str) -> Skills:
        skills = {}
        for each in text.replace(";", " ").split():
            found = SKILL.match(each)
            if found is None:
                self._wrong("is no skill", each, 'as "english=3;billing=1", levels 1 to 5', name="skills")
            else:
                skills[found[1]] = int(found[2])
        return skills

    def _wrong(
        self, wrong: str, value: str | None = None, allowed: str = "", near: str = "", name: str = "column"
    ) -> None:
        problem = Problem(file=self._file, line=self._line, wrong=wrong, allowed=allowed, closest=near)
        self._problems.append(problem if value is None else replace(problem, path=(name,), value=value))


def _number(text: str) -> float:
    """NaN for what is none; "1_000" and "nan" are none."""
    try:
        return float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan
